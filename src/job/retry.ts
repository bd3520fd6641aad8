/** What a retry policy makes of an attempt that has ended: whether there is another one, and when. */
import type { Outcome } from "./evidence.ts"
import { type Attempt, type Job, currentAttempt } from "./job.ts"
import { type Problem, bad } from "./problem.ts"
import type { JobSpec, RetryPolicy } from "./spec.ts"

/** Whether the policy wants another attempt after this one, which ended so. */
export function wantsAnother(policy: RetryPolicy, attempt: Attempt, outcome: Outcome): boolean {
  if (outcome.state !== "failed" || attempt.number >= policy.maxAttempts) return false
  return policy.on.some((one) =>
    typeof one === "string"
      ? one === outcome.cause
      : outcome.exitCode !== null && one.exitCode.includes(outcome.exitCode),
  )
}

/** Whether the job had been called over before: what late evidence says of it then starts nothing anew. */
export function wasOver({ endedAt }: Job): boolean {
  return endedAt !== null
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

/** How often the manager itself has started the attempt again, as far as is known. */
export function restartsOf({ lastSeen, evidence }: Pick<Attempt, "lastSeen" | "evidence">): number {
  return Math.max(0, lastSeen?.restarts ?? 0, ...evidence.map((seen) => seen.restarts ?? 0))
}

/** What would make each restart fail; to be asked when the executor's defaults are in. */
export function requeueProblems({ env, retry }: JobSpec): readonly Problem[] {
  if (retry.requeue !== true) return []
  const secret = Object.entries(env).find(([, value]) => typeof value !== "string")
  if (secret === undefined) return []
  const why = `can't be had with a secret (env.${secret[0]}): it is read and removed at the first start`
  return bad(why, "Leave requeue out, and say maxAttempts: each attempt gets its secrets anew.", ["retry", "requeue"])
    .problems
}

/** For people: `Attempt 1 of 3 failed (timeout); the next one starts at 2031-05-01T18:00:00.000Z.` */
export function nextTryText(job: Job, at: number): string {
  const last = currentAttempt(job)
  const cause = last?.outcome?.cause ?? "failed"
  return `Attempt ${last?.number} of ${job.spec.retry.maxAttempts} failed (${cause}); it goes on at ${new Date(at).toISOString()}.`
}
