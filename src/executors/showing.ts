/** Showing: where attempts wait only for a job that shows what a fence does there, and none is on its way, there will be one. (PROTOCOL 8) */
import { type Job, currentAttempt, hasTombstone, isFinal, isHeldBack } from "../job/index.ts"
import type { Desk } from "./desk.ts"
import { createTest } from "./testJob.ts"
import { inTurn } from "./turns.ts"
import { isShown, testsAt } from "./visibility.ts"

/** After a test job that has shown nothing; twice as long after each further one. */
const againMsMin = 60_000
const againMsMax = 6 * 3_600_000

/** What has not shown it in so long may never do: it waits in a queue for days, or its node sees another file system. */
const hopeMsMax = 600_000

/** One test job at a time. That there was one stands in the store; only since when it is over is remembered here. */
export class Showing {
  private over: { readonly id: string; readonly since: number } | null = null

  /** Behind each sweep: what waits is known then. */
  async step(desk: Desk): Promise<void> {
    if (isShown(desk.store, desk.name)) return
    await giveUpVanished(desk)
    const waiting = heldBack(desk).filter(({ isTest }) => isTest !== true)
    if (waiting.length === 0 || isOnItsWay(desk) || (this.waitMs(desk) ?? 0) > 0) return
    // Where one can't go another may: each of them was taken there once.
    const like = waiting[testsHere(desk).length % waiting.length]
    if (like === undefined) return
    const key = await createTest(desk, like)
    desk.log.info({ executor: desk.name, key }, "a test job is to show whether a fence stops a native there")
  }

  /** Until another test job may follow the last one, ms; null: one is under way, or there was none. */
  waitMs(desk: Desk): number | null {
    const tests = testsHere(desk)
    const last = tests.at(-1)
    if (last === undefined || !isFinal(last.state)) return null
    const now = desk.clock.monotonic()
    if (this.over?.id !== last.id) this.over = { id: last.id, since: now }
    const delayMs = Math.min(againMsMax, againMsMin * 2 ** Math.min(tests.length - 1, 16))
    return Math.max(0, this.over.since + delayMs - now)
  }
}

/** Those that are of no use any more are removed. The newest that failed stays, so that one can see why. */
export async function forgetTests(desk: Desk): Promise<void> {
  const tests = desk.book.tests()
  const over = tests.filter((job) => isFinal(job.state) && job.pruned === null && !hasTombstone(job))
  const isDone = isShown(desk.store, desk.name)
  const due = over.filter((job) => isDone || job.state === "completed" || job !== tests.at(-1))
  if (due.length > 0) await desk.forget(due)
}

/** A test job that vanished shows nothing, and is not worth a place: another one follows, and its natives are ended. */
async function giveUpVanished(desk: Desk): Promise<void> {
  const { store } = desk
  const vanished = heldBack(desk).filter(({ isTest }) => isTest === true)
  if (vanished.length === 0) return
  const outcome = { state: "failed", cause: "abandoned", exitCode: null, signal: null } as const
  const reason = "It vanished before it had shown what a fence does there; another test job follows."
  await inTurn(store, async () => {
    const open = vanished.filter(({ id }) => !isFinal(store.jobs.get(id)?.state ?? "failed"))
    if (open.length > 0) await store.append(open.map(({ id: job }) => ({ job, type: "finished", outcome, reason })))
  })
  desk.bells.submit.ring()
}

function heldBack({ book }: Desk): Job[] {
  return book.in("staging", "queued", "held", "running", "suspended").filter(isHeldBack)
}

/** Nodes see its directory soon, or not at all; nobody knows when one that is held is released. */
function isOnItsWay(desk: Desk): boolean {
  if (desk.book.tests().some(({ state }) => !isFinal(state))) return true
  return desk.book.in("staging", "queued", "running", "suspended").some((job) => {
    const attempt = currentAttempt(job)
    if (attempt === null || isHeldBack(job) || job.cancelRequestedAt !== null) return false
    // Our clock may have been set back since: then nobody knows how long ago it was.
    return Math.abs(desk.clock.now() - (attempt.acceptedAt ?? attempt.createdAt)) < hopeMsMax
  })
}

/** Those of the place where the executor is now. */
function testsHere({ store, name, book }: Desk): readonly Job[] {
  const home = store.managers.get(name)?.contacted?.root
  return home === undefined ? [] : testsAt(home, book.tests())
}
