/** Surplus: natives that carry a token of ours and must not run: its attempt is over, fenced, or another native holds it. */
import type { Evidence } from "../job/index.ts"
import { isFinal } from "../job/index.ts"
import type { Native } from "../schedulers/scheduler.ts"
import type { Desk } from "./desk.ts"
import type { Live } from "./link.ts"
import { type Findings, holderOf } from "./ask.ts"

/** Live natives whose token is known in this state directory and whose attempt has no need of them. */
export function surplusOf(desk: Desk, findings: Findings): Native[] {
  const surplus: Native[] = []
  for (const [token, evidence] of findings.evidence) {
    const known = desk.book.byToken(token)
    if (known === undefined) continue
    const { job, attempt } = known
    const isOver =
      isFinal(job.state) ||
      job.state === "collecting" ||
      attempt.fence === "won" ||
      job.attempts.at(-1)?.token !== token
    for (const seen of evidence.filter(isLive)) {
      const ours = holderOf(findings, token) ?? attempt.nativeId
      const isOther = ours !== null && seen.nativeId !== ours
      if (isOver || isOther)
        surplus.push({ token, nativeName: attempt.nativeName, nativeId: seen.nativeId, directory: attempt.directory })
    }
  }
  return surplus
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
