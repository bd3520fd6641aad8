/** How often a manager is asked: soon when something is near, seldom when all is pending. */
import { isHeldBack } from "../job/index.ts"
import type { Pace } from "./desk.ts"
import type { Watched } from "./watched.ts"

export const localPace: Pace = {
  sweepMsMin: 500,
  sweepMsMax: 5_000,
  hintMs: 200,
  askMsMin: 0,
  gatherMs: 5,
  killAfterMs: 10_000,
}
export const remotePace: Pace = {
  sweepMsMin: 2_000,
  sweepMsMax: 30_000,
  hintMs: 1_000,
  askMsMin: 0,
  gatherMs: 20,
  killAfterMs: 30_000,
}

/** `limits.minPollSeconds`: neither a sweep nor a look for hints comes sooner after another one. */
export function pacedBy(pace: Pace, minPollSeconds: number | null): Pace {
  if (minPollSeconds === null) return pace
  const askMsMin = minPollSeconds * 1000
  const sweepMsMax = Math.max(pace.sweepMsMax, askMsMin)
  return { ...pace, sweepMsMin: askMsMin, sweepMsMax, hintMs: Math.max(pace.hintMs, askMsMin), askMsMin }
}

/**
 * The same where nobody waits, but something may be left that has to be ended: soon at first, then seldom. `settlingMs`: from
 * the first sweep for it to the last. (Until now, it would grow while it is waited for.)
 */
export function nextLookMs(pace: Pace, settlingMs: number): number {
  return Math.min(pace.sweepMsMax, Math.max(pace.sweepMsMin, settlingMs / 4))
}

/**
 * Milliseconds from the last sweep to the next. A native is most likely to change soon after it was accepted or changed
 * last, so the wait is a quarter of the time since the newest change, within the pace's bounds. A cancel under way, or
 * an attempt that the manager no longer shows, is asked for at the shortest, unless no look can decide it.
 */
export function nextSweepMs(pace: Pace, watched: readonly Watched[], now: number): number {
  const isUrgent = watched.some(
    ({ job, attempt }) =>
      (job.cancelRequestedAt !== null || attempt.submission === "in-doubt" || (job.wish ?? null) !== null) &&
      !isHeldBack(job),
  )
  if (isUrgent) return pace.sweepMsMin
  const newest = Math.max(...watched.map(({ job }) => job.changedAt))
  return Math.min(pace.sweepMsMax, Math.max(pace.sweepMsMin, (now - newest) / 4))
}
