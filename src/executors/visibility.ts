/** Visibility: whether a guard that one side takes has been shown to stop the other. Until then none is relied on. (PROTOCOL 8) */
import { type AnyEventBody, type Job, currentAttempt, isFinal, isHeldBack } from "../job/index.ts"
import type { JobStore } from "../persist/store.ts"
import type { Findings } from "./ask.ts"
import type { Desk } from "./desk.ts"
import { appendAll } from "./each.ts"
import type { Live } from "./link.ts"
import type { Watched } from "./watched.ts"

/** At the place that this executor was found at last. */
export function isShown({ managers }: Pick<JobStore, "managers">, executor: string): boolean {
  const record = managers.get(executor)
  const here = record?.contacted ?? null
  return here !== null && record?.visible.some(({ root, machine }) => isSame(here, { root, machine })) === true
}

function isSame(one: { readonly root: string; readonly machine: string }, other: typeof one): boolean {
  return one.root === other.root && one.machine === other.machine
}

/** A test job that has run at the place where the executor is now, and of which nothing was seen here; null: none has. */
function refutedBy(store: Pick<JobStore, "managers">, executor: string, tests: readonly Job[]): Job | null {
  const home = store.managers.get(executor)?.contacted?.root
  if (home === undefined || isShown(store, executor)) return null
  return testsAt(home, tests).findLast(({ state }) => state === "completed") ?? null
}

/** Those of this place: another root is another one. */
export function testsAt(home: string, tests: readonly Job[]): readonly Job[] {
  return tests.filter((job) => currentAttempt(job)?.directory.startsWith(`${home}/`) ?? true)
}

/** Why an attempt that vanished, or that is to be cancelled, is not fenced. */
function unshownText(executor: string, isRefuted: boolean): string {
  if (isRefuted)
    return `Nobody can see it, and a test job has shown that a guard taken on one side of ${executor} is not seen on the other: nothing would stop it if it turned up, so it is looked for and not submitted again. It goes on when "root:" leads to a file system that login and compute nodes share and a job has shown that; "hawser abandon" gives it up.`
  return `Nobody can see it, and it is not yet shown that a guard taken on one side of ${executor} is seen on the other: it is looked for and not submitted again. The first job that starts there shows it; where none is on its way, a test job does.`
}

/**
 * Those of the jobs that count for limits. Where it was found that a fence would stop nothing, what nobody can see waits for
 * nothing that is to come: others go on in its place.
 */
export function counted({ store, name, book }: Desk, jobs: readonly Job[]): readonly Job[] {
  if (!jobs.some(isHeldBack) || refutedBy(store, name, book.tests()) === null) return jobs
  return jobs.filter((job) => !isHeldBack(job))
}

/** Attempts that their manager shows as live may show it: as long as it is not shown, their records are read as well. */
export function witnesses(desk: Desk, watched: readonly Watched[]): readonly Watched[] {
  return isShown(desk.store, desk.name) ? [] : watched.slice(0, witnessesMax)
}

const witnessesMax = 100

/**
 * A native's guard is the proof: its wrapper had seen the token that was staged from here, and made a link there that is
 * seen here. Written down once for each place.
 */
export async function learnVisible(desk: Desk, live: Live, { records }: Findings): Promise<void> {
  if (isShown(desk.store, desk.name)) return
  const shownBy = [...records.values()].find(({ guards }) => guards.some(({ owner }) => owner.startsWith("native:")))
  if (shownBy === undefined) return
  const site = { root: live.place.home, machine: live.facts.machine }
  await desk.store.append([{ executor: desk.name, type: "visible", ...site, shownBy: shownBy.token }])
}

/** They wait, and whoever looks at them is told for what. */
export async function holdBack(desk: Desk, vanished: readonly Watched[]): Promise<void> {
  const reason = unshownText(desk.name, refutedBy(desk.store, desk.name, desk.book.tests()) !== null)
  await tellHeld(desk, vanished, true, reason)
}

/** What is seen again waits no longer. */
export async function letGo(desk: Desk, seen: readonly Watched[]): Promise<void> {
  await tellHeld(desk, seen, false, null)
}

async function tellHeld(desk: Desk, some: readonly Watched[], held: boolean, reason: string | null): Promise<void> {
  const groups = some.flatMap(({ job: { id }, attempt: { token } }): AnyEventBody[][] => {
    const job = desk.store.jobs.get(id)
    const current = job === undefined ? null : currentAttempt(job)
    if (job === undefined || current?.token !== token || current.outcome !== null || isFinal(job.state)) return []
    const isNews = isHeldBack(job) !== held || (held && job.waiting !== reason)
    return isNews ? [[{ job: id, type: "held-back", token, held, reason }]] : []
  })
  await appendAll(desk, groups)
}
