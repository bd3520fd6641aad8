/** Loose ends: attempts that nobody waits for any more, and of which the manager may still have a native. */
import { type Attempt, type Job, currentAttempt } from "./job.ts"
import { isFinal } from "./state.ts"

/**
 * - `tombstone`: it was abandoned, and nobody has proven that nothing of it is left over there.
 * - `fenced`: it can never run the payload, but a native of it may wait in the queue: cancelled, given up, replaced.
 * - `lost`: it was called lost, or interrupted by the manager's word alone; it may turn up.
 */
export type LooseEnd = "tombstone" | "fenced" | "lost"

/** Null: it is under way as it should be, or over for certain. */
export function looseEndOf(job: Job, attempt: Attempt): LooseEnd | null {
  if ((attempt.settled ?? null) !== null || job.pruned !== null) return null
  const isFenced = attempt.fence === "won"
  if (isForsaken(job, attempt) && !(isFenced && attempt.submission !== "accepted")) return "tombstone"
  const isUnderWay = !isFinal(job.state) && attempt === currentAttempt(job) && attempt.outcome === null
  const mayBeOut = attempt.submission === "accepted" || attempt.submission === "in-doubt"
  if (isFenced && mayBeOut && !isUnderWay) return "fenced"
  return mayTurnUp(attempt) ? "lost" : null
}

/**
 * Of one that was interrupted the manager may have said so and started it again, while its list did not show it; the record of
 * the start that was interrupted says nothing of the next one.
 */
function mayTurnUp({ outcome, evidence }: Attempt): boolean {
  const cause = outcome?.cause ?? null
  if (cause === "lost") return true
  if (cause !== "node-failure" && cause !== "preempted") return false
  return !evidence.some(({ source }) => source === "record") || evidence.some(({ source }) => source === "accounting")
}

export function hasTombstone(job: Job): boolean {
  return job.attempts.some((attempt) => looseEndOf(job, attempt) === "tombstone")
}

/** It ended because somebody gave it up, and not for anything that is known of it. */
export function isAbandoned({ state, outcome }: Pick<Job, "state" | "outcome">): boolean {
  return state === "failed" && outcome?.cause === "abandoned"
}

/** When nobody waited for it any more, ms. */
export function forsakenAt(job: Job, attempt: Attempt): number {
  return (attempt.outcome?.cause === "abandoned" ? attempt.endedAt : job.endedAt) ?? job.changedAt
}

/** Without any proof of its end: one that has left its record is over, also where its job was abandoned. */
export function isForsaken(job: Job, attempt: Attempt): boolean {
  const cause = attempt.outcome?.cause ?? null
  if (cause === "abandoned") return true
  return isAbandoned(job) && attempt === currentAttempt(job) && (attempt.outcome === null || cause === "lost")
}
