/** Recall: an attempt that was called lost is asked for a while longer, and late evidence corrects it. (PROTOCOL 21) */
import { type AnyEventBody, currentAttempt, isAbandoned } from "../job/index.ts"
import { type Findings, askHistory, askRecords, noFindings } from "./ask.ts"
import type { Desk } from "./desk.ts"
import { appendAll } from "./each.ts"
import { judge } from "./judge.ts"
import type { Live } from "./link.ts"
import { lostMsMax } from "./looseEnds.ts"
import { newestOfKey } from "./naming.ts"
import { inTurn } from "./turns.ts"
import type { Watched } from "./watched.ts"

/** Between two looks: nobody waits for it. */
export const recallMs = 300_000

/** Failed with cause `lost`, or abandoned and never seen again, and not so long ago that nobody would look any more. */
export function lostOf(desk: Desk): Watched[] {
  const now = desk.clock.now()
  return desk.book.in("failed").flatMap((job): Watched[] => {
    const attempt = currentAttempt(job)
    const cause = job.outcome?.cause
    // Of a tombstone that is open, the sweep takes care.
    const isUnseen = cause === "abandoned" && attempt?.settled?.proof === "absence"
    const isLost = attempt !== null && (cause === "lost" || isUnseen) && job.pruned === null
    const since = attempt?.settled?.at ?? job.endedAt ?? now
    return isLost && now - since < lostMsMax ? [{ job, attempt }] : []
  })
}

/** Reads their records, and accounting for those that have none. What proves an end is written down. */
export async function recall(desk: Desk, live: Live, lost: readonly Watched[], signal: AbortSignal): Promise<void> {
  const findings = noFindings()
  await askRecords(desk, live, lost, findings, signal)
  await askHistory(desk, live, lost, findings, signal)
  await inTurn(desk.store, () =>
    appendAll(
      desk,
      lost.flatMap((one): AnyEventBody[][] => {
        const correction = correctionOf(desk, one, findings)
        return correction === null ? [] : [[correction]]
      }),
    ),
  )
}

function correctionOf(desk: Desk, { job, attempt }: Watched, findings: Findings): AnyEventBody | null {
  const verdict = judge({
    attempt,
    cancelRequestedAt: job.cancelRequestedAt ?? (isAbandoned(job) ? job.endedAt : null),
    evidence: findings.evidence.get(attempt.token) ?? [],
    records: findings.records.get(attempt.token) ?? null,
    absence: { coveredMs: 0, looks: 0 },
    isLookedFor: false,
    now: desk.clock.now(),
    // It was lost for longer than any grace.
    finalForMs: Number.POSITIVE_INFINITY,
    wordlessForMs: null,
    wantsCause: false,
    limits: { ...desk.patience.limits, wordMs: 0 },
  })
  if (verdict.kind !== "ended") return null
  const { outcome, evidence } = verdict
  // An end that was wanted is no news.
  if (isAbandoned(job) && outcome.state === "cancelled") return null
  if (newestOfKey(desk.store, job.key)?.id !== job.id) {
    const text = `Late evidence of ${attempt.token}: ${outcome.cause ?? outcome.state}. The key has been used again meanwhile.`
    return job.notes.includes(text) ? null : { job: job.id, type: "note", text }
  }
  return { job: job.id, type: "corrected", token: attempt.token, outcome, evidence }
}
