/** Surplus: natives that carry a token of ours and must not run: its attempt is over or fenced, or another native serves it. */
import { type Attempt, type Evidence, currentAttempt, isFinal } from "../job/index.ts"
import { type Native, isSameNative } from "../schedulers/scheduler.ts"
import { type Findings, holderOf } from "./ask.ts"
import type { Desk } from "./desk.ts"
import type { Live } from "./link.ts"
import type { Watched } from "./watched.ts"

/** Live natives whose token is known in this state directory and whose attempt has no need of them. */
export function surplusOf(desk: Pick<Desk, "book">, findings: Findings): Native[] {
  const surplus: Native[] = []
  for (const [token, evidence] of findings.evidence) {
    const known = desk.book.byToken(token)
    if (known === undefined) continue
    const { nativeName, directory } = known.attempt
    for (const seen of evidence.filter(isLive)) {
      const isNeeded = isOver(known) ? isEnding(known.attempt, seen) : serves(known.attempt, findings, seen)
      if (!isNeeded) surplus.push({ token, nativeName, nativeId: seen.nativeId, directory })
    }
  }
  return surplus
}

function isOver({ job, attempt }: Watched): boolean {
  return (
    isFinal(job.state) ||
    attempt.outcome !== null ||
    attempt.fence === "won" ||
    currentAttempt(job)?.token !== attempt.token
  )
}

/** The native that holds the guard; where nobody is known to hold it, the one that was accepted. */
function serves(attempt: Attempt, findings: Findings, seen: Evidence): boolean {
  const ours = holderOf(findings, attempt.token) ?? attempt.nativeId
  return ours === null || isSameNative(seen.nativeId, ours)
}

/**
 * The one that has run the payload to its end, and that the manager still clears away (a long epilog). Queued, it would
 * be a start to come; and a cancel is not done before the native is gone.
 */
function isEnding({ outcome, evidence }: Attempt, seen: Evidence): boolean {
  const hasRecord = evidence.some(
    ({ source, nativeId }) => source === "record" && isSameNative(nativeId, seen.nativeId),
  )
  return hasRecord && seen.state === "running" && outcome?.state !== "cancelled"
}

export async function cancelSurplus(
  desk: Desk,
  live: Live,
  surplus: readonly Native[],
  signal: AbortSignal,
): Promise<void> {
  if (surplus.length === 0) return
  desk.log.warn({ natives: surplus.map((native) => native.nativeId) }, "natives that nobody needs are cancelled")
  await live.cancel(desk.scheduler, surplus, { force: false }, signal)
}

function isLive(seen: Evidence): boolean {
  return seen.state !== null && seen.state !== "ended"
}
