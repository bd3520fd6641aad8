/** The deadline of a job: from when on it does not start any more (`giveUpAfter`). */
import { type Job, currentAttempt } from "./job.ts"

/**
 * Ms since 1970 on our clock, from the job's creation; a later attempt counts from the end of the one before. Null: it may
 * wait for ever. It follows from what is recorded, so every controller has the same.
 */
export function giveUpAt(job: Job): number | null {
  const { giveUpAfterMs } = job.spec
  if (giveUpAfterMs === null) return null
  const number = job.state === "new" ? Number.POSITIVE_INFINITY : (currentAttempt(job)?.number ?? 0)
  const before = job.attempts.findLast((attempt) => attempt.number < number)
  return (before?.endedAt ?? job.createdAt) + giveUpAfterMs
}
