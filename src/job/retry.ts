/** What a retry policy makes of an attempt that has ended: whether there is another one, and when. */
import type { Outcome } from "./evidence.ts"
import { type Attempt, type Job, currentAttempt } from "./job.ts"
import type { RetryPolicy } from "./spec.ts"

/** Whether the policy wants another attempt after this one, which ended so. */
export function wantsAnother(policy: RetryPolicy, attempt: Attempt, outcome: Outcome): boolean {
  if (outcome.state !== "failed" || attempt.number >= policy.maxAttempts) return false
  return policy.on.some((one) =>
    typeof one === "string"
      ? one === outcome.cause
      : outcome.exitCode !== null && one.exitCode.includes(outcome.exitCode),
  )
}

/** An end that is recorded so far in the future was written by a clock that has been set back since. */
const aheadMsMax = 10_000

/**
 * When a new job may be tried again, ms since 1970; null: at once. It follows from what is recorded, so that a
 * controller that was started again waits no longer and no shorter. An attempt that a person asked for, beyond the
 * policy, does not wait; nor does one that would wait for a clock that was set back to catch up.
 */
export function nextTryAt({ state, spec, attempts }: Job, now: number): number | null {
  const last = attempts.at(-1)
  const { backoff } = spec.retry
  if (state !== "new" || backoff === undefined || last === undefined) return null
  if (last.outcome === null || last.endedAt === null || !wantsAnother(spec.retry, last, last.outcome)) return null
  if (last.endedAt > now + aheadMsMax) return null
  return last.endedAt + Math.min(backoff.maxMs, Math.ceil(backoff.firstMs * backoff.factor ** (last.number - 1)))
}

/** For people: `Attempt 1 of 3 failed (timeout); the next one starts at 2031-05-01T18:00:00.000Z.` */
export function nextTryText(job: Job, at: number): string {
  const last = currentAttempt(job)
  const cause = last?.outcome?.cause ?? "failed"
  return `Attempt ${last?.number} of ${job.spec.retry.maxAttempts} failed (${cause}); it goes on at ${new Date(at).toISOString()}.`
}
