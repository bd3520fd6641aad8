/** Fulfil: carries out what people wish of attempts that the manager has: hold, release, suspend, resume, requeue. */
import type { AnyEventBody, Wish } from "../job/index.ts"
import { hasComeTrue, restartsOf } from "../job/index.ts"
import type { Command } from "../command.ts"
import type { Native, Scheduler } from "../schedulers/scheduler.ts"
import type { Desk } from "./desk.ts"
import { appendAll, forEach } from "./each.ts"
import type { Live } from "./link.ts"
import type { Watch } from "./watch.ts"
import { type Watched, nativeOf, watchedBy } from "./watched.ts"

/**
 * After the states of this sweep are known. A wish is asked for again until its state shows; it is given up, with a note,
 * when the manager refuses it or its time is over.
 */
export async function fulfilWishes(desk: Desk, watch: Watch, live: Live, signal: AbortSignal): Promise<void> {
  const wished = watchedBy(desk).flatMap((one): Wished[] => {
    const { wish = null, cancelRequestedAt } = one.job
    const isAccepted = one.attempt.submission === "accepted"
    return wish === null || cancelRequestedAt !== null || !isAccepted ? [] : [{ ...one, wish }]
  })
  if (wished.length === 0) return
  const events: AnyEventBody[] = []
  const due: Wished[] = []
  for (const one of wished) {
    const late = lateText(one)
    if (hasComeTrue(one.wish, one.job.state) || isRequeued(one)) events.push(over(one, null))
    else if (late !== null) events.push(over(one, late))
    else if (watch.wishDue(one.attempt.token, one.wish, desk.pace.killAfterMs)) due.push(one)
  }
  const failed = await forEach(due, async (one) => {
    const { wish, attempt, job } = one
    const commands = commandsOf[wish](desk.scheduler, nativeOf(one), live.place.owner, job.requeueFrom ?? 0)
    if (commands === null) return void events.push(over(one, cannot[wish](desk.scheduler.name)))
    await live.carryOut(commands, signal)
    watch.wishSent(attempt.token, wish)
  })
  for (const { item, error } of failed) {
    // What may have happened, or may happen yet, is asked for again.
    if (error.class !== "rejected") continue
    events.push(over(item, [`${item.wish}: ${error.summary}`, error.reason].filter(Boolean).join(" ")))
  }
  await appendAll(
    desk,
    events.map((event) => [event]),
  )
  const trouble = failed.find(({ error }) => error.class !== "rejected" && error.class !== "unknown-job")
  if (trouble !== undefined) throw trouble.error
}

interface Wished extends Watched {
  readonly wish: Wish
}

type Asked = (scheduler: Scheduler, native: Native, owner: number, restarts: number) => readonly Command<void>[] | null

const commandsOf: Readonly<Record<Wish, Asked>> = {
  hold: (scheduler, native) => scheduler.hold([native]),
  release: (scheduler, native) => scheduler.release([native]),
  suspend: (scheduler, native, owner) => scheduler.suspend([native], { owner }),
  resume: (scheduler, native, owner) => scheduler.resume([native], { owner }),
  requeue: (scheduler, native, _owner, restarts) => scheduler.requeue?.(native, restarts) ?? null,
}

/** Why a manager of that kind is not asked. */
export const cannot: Readonly<Record<Wish, (scheduler: string) => string>> = {
  hold: (scheduler) => `With "${scheduler}" nothing can be held that was submitted.`,
  release: (scheduler) => `With "${scheduler}" nothing can be released that was submitted.`,
  suspend: (scheduler) => `With "${scheduler}" a user can't suspend.`,
  resume: (scheduler) => `With "${scheduler}" a user can't resume.`,
  requeue: (scheduler) => `With "${scheduler}" it can't be asked for that a job starts again.`,
}

/** The manager has started it again since, or is about to: also where somebody else had wanted that. */
function isRequeued({ wish, job, attempt }: Wished): boolean {
  return wish === "requeue" && restartsOf(attempt) > (job.requeueFrom ?? 0)
}

/** Its state has gone past what was wished. */
function lateText({ wish, job }: Wished): string | null {
  const hasStarted = job.state === "running" || job.state === "suspended"
  return wish === "hold" && hasStarted ? "It had started before it could be held." : null
}

function over({ job }: Wished, reason: string | null): AnyEventBody {
  return { job: job.id, type: "wish", wish: null, reason }
}
