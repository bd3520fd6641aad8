/** What a store acknowledged is never undone: a job may only have gone on. */
import { type Attempt, type Cause, type Job, isFinal } from "../job/index.ts"

/** What of `before` is not there any more; null: all of it is. */
export function undone(before: Job, now: Job | undefined): string | null {
  if (now === undefined) return "the job is gone"
  if (before.key !== now.key || before.generation !== now.generation) return "it is another job"
  if (
    before.cancelRequestedAt !== null &&
    now.cancelRequestedAt === null &&
    now.attempts.length === before.attempts.length
  )
    return "the wish to cancel is gone"
  if (now.notes.length < before.notes.length) return "notes are gone"
  for (const [index, attempt] of before.attempts.entries()) {
    const what = undoneOf(attempt, now.attempts[index])
    if (what !== null) return `attempt ${attempt.token}: ${what}`
  }
  // Late evidence has corrected it, and its outputs are on their way.
  const isCorrected = now.state === "collecting" && isUnproven(before.outcome?.cause ?? null)
  if (isFinal(before.state) && now.attempts.length === before.attempts.length && !isFinal(now.state) && !isCorrected)
    return `it was ${before.state} and is ${now.state}`
  return null
}

function isUnproven(cause: Cause | null): boolean {
  return cause === "lost" || cause === "abandoned"
}

const far: Readonly<Record<Attempt["submission"], number>> = {
  intended: 0,
  "not-accepted": 1,
  "in-doubt": 2,
  accepted: 3,
}

function undoneOf(before: Attempt, now: Attempt | undefined): string | null {
  if (now === undefined) return "it is gone"
  if (now.token !== before.token) return `it is ${now.token}`
  if (now.refusedTries < before.refusedTries) return "a try is forgotten"
  if (before.submission === "accepted" && far[now.submission] < far.accepted) return `it is ${now.submission} again`
  if (before.nativeId !== null && now.nativeId === null) return "its native id is gone"
  if (before.fence !== null && now.fence === null) return "its fence is forgotten"
  if ((before.fence === "won" || before.fence === "lost") && now.fence === "intended")
    return "its fence is in doubt again"
  if (before.outcome !== null && now.outcome === null) return "its end is forgotten"
  return null
}
