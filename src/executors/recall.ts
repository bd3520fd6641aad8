/** Recall: an attempt that was called lost is asked for a while longer, and late evidence corrects it. (PROTOCOL 21) */
import { type AnyEventBody, currentAttempt } from "../job/index.ts"
import { type Findings, askHistory, askRecords, noFindings } from "./ask.ts"
import type { Desk } from "./desk.ts"
import { appendAll } from "./each.ts"
import { judge } from "./judge.ts"
import type { Live } from "./link.ts"
import type { Watched } from "./watched.ts"

/** Between two looks: nobody waits for it. */
export const recallMs = 300_000

/** An outage that hides a job for longer is one that people know of. */
const recallMsMax = 24 * 3_600_000

/** Failed with cause `lost`, or given up unseen, and not so long ago that nobody would look any more. */
export function lostOf(desk: Desk): Watched[] {
  const now = desk.clock.now()
  return desk.book.in("failed").flatMap((job): Watched[] => {
    const attempt = currentAttempt(job)
    const cause = job.outcome?.cause
    const isLost = attempt !== null && (cause === "lost" || cause === "abandoned") && job.pruned === null
    return isLost && now - (job.endedAt ?? now) < recallMsMax ? [{ job, attempt }] : []
  })
}

/** Reads their records, and accounting for those that have none. What proves an end is written down. */
export async function recall(desk: Desk, live: Live, lost: readonly Watched[], signal: AbortSignal): Promise<void> {
  const findings = noFindings()
  await askRecords(desk, live, lost, findings, signal)
  await askHistory(desk, live, lost, findings, signal)
  const corrections = lost.flatMap((one): AnyEventBody[][] => {
    const correction = correctionOf(desk, one, findings)
    return correction === null ? [] : [[correction]]
  })
  await appendAll(desk, corrections)
}

function correctionOf(desk: Desk, { job, attempt }: Watched, findings: Findings): AnyEventBody | null {
  const verdict = judge({
    attempt,
    cancelRequestedAt: job.cancelRequestedAt,
    evidence: findings.evidence.get(attempt.token) ?? [],
    records: findings.records.get(attempt.token) ?? null,
    absence: { coveredMs: 0, looks: 0 },
    now: desk.clock.now(),
    // It was lost for longer than any grace.
    finalForMs: Number.POSITIVE_INFINITY,
    limits: desk.judgeLimits,
  })
  if (verdict.kind !== "ended") return null
  const { outcome, evidence } = verdict
  return { job: job.id, type: "corrected", token: attempt.token, outcome, evidence }
}
