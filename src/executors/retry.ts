/** Retry: what has ended in a way that its policy covers goes back to `new`. */
import { type AnyEventBody, type Attempt, currentAttempt, wantsAnother, wasOver } from "../job/index.ts"
import { intendToFence, takeGuard } from "./cancel.ts"
import type { Desk } from "./desk.ts"
import { type Watched, nativeOf } from "./watched.ts"

/**
 * What is lost may still run somewhere. Before it is tried again its guard is taken and its native cancelled by name, so
 * that the two overlap as little as can be. (PROTOCOL 21)
 */
export async function giveUpLost(desk: Desk, signal: AbortSignal): Promise<void> {
  const lost = retriesOf(desk).filter(({ job, attempt }) => job.outcome?.cause === "lost" && !isGivenUp(attempt))
  if (lost.length === 0) return
  const live = await desk.link.session(signal, "collect")
  await intendToFence(desk, lost)
  for (const one of lost) {
    const guard = await takeGuard(desk, live, one, signal)
    await live.cancel(desk.scheduler, [{ ...nativeOf(one), nativeId: null }], { force: false }, signal)
    const { kind, owner } = guard
    await desk.store.append([{ job: one.job.id, type: "fenced", token: one.attempt.token, won: kind === "won", owner }])
  }
}

function isGivenUp({ fence }: Attempt): boolean {
  return fence === "won" || fence === "lost"
}

/** Attempts that ended in a way that their policy covers go back to `new`; their outputs stay where they are. */
export async function retryThose(desk: Desk): Promise<void> {
  const events = retriesOf(desk).flatMap(({ job, attempt }): AnyEventBody[] =>
    job.outcome === null
      ? []
      : [{ job: job.id, type: "retrying", token: attempt.token, outcome: job.outcome, reason: job.reason }],
  )
  if (events.length === 0) return
  await desk.store.append(events)
}

/** Those that have ended, and that their policy wants another attempt of. */
function retriesOf(desk: Desk): Watched[] {
  return desk.book.in("collecting").flatMap((job): Watched[] => {
    const attempt = currentAttempt(job)
    if (attempt === null || job.outcome === null || job.cancelRequestedAt !== null || wasOver(job)) return []
    return wantsAnother(job.spec.retry, attempt, job.outcome) ? [{ job, attempt }] : []
  })
}
