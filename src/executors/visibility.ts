/** Visibility: whether a guard that one side takes has been shown to stop the other. Until then none is relied on. (PROTOCOL 8) */
import type { Job } from "../job/index.ts"
import type { JobStore } from "../persist/store.ts"
import type { Findings } from "./ask.ts"
import { type Desk, tellWaiting } from "./desk.ts"
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

/** Why an attempt that vanished, or that is to be cancelled, is not fenced. */
function unshownText(executor: string): string {
  return `Nobody can see it, and it is not yet shown that a guard taken on one side of ${executor} is seen on the other: it is looked for and not submitted again. The first job that starts there shows it; so does "hawser doctor ${executor}".`
}

export function isHeldBack({ waiting, executor }: Job): boolean {
  return waiting === unshownText(executor)
}

/**
 * Without one that nobody can see: as long as it takes a place, the job that would show what a fence does there may have to
 * wait behind it for ever. Only one, since they may turn up again.
 */
export function withoutUnseen(jobs: readonly Job[]): readonly Job[] {
  const unseen = jobs.find(isHeldBack)
  return unseen === undefined ? jobs : jobs.filter((job) => job !== unseen)
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
  await tellWaiting(desk, new Map(vanished.map(({ job }) => [job.id, unshownText(desk.name)])))
}

/** What is seen again waits no longer. */
export async function letGo(desk: Desk, seen: readonly Watched[]): Promise<void> {
  await tellWaiting(desk, new Map(seen.filter(({ job }) => isHeldBack(job)).map(({ job }) => [job.id, null])))
}
