/** Ask: the questions of a sweep, to the queue, to our records, to accounting; each for all attempts at once. */
import type { Evidence } from "../job/index.ts"
import type { Records } from "../remote/layout.ts"
import { readRecords } from "../remote/verbs.ts"
import type { Desk } from "./desk.ts"
import type { Live } from "./link.ts"
import type { Watch } from "./watch.ts"
import { type Watched, nativeOf } from "./watched.ts"

/** What one sweep has learned, by token. */
export interface Findings {
  readonly evidence: Map<string, Evidence[]>
  readonly records: Map<string, Records>
}

/** Tokens per call for records: one command line stays far below the 128 kB that one argument list may have. */
const recordsPerCall = 500

export async function askQueue(desk: Desk, live: Live, watched: readonly Watched[], signal: AbortSignal): Promise<Findings> {
  const listing = await live.session.ask(desk.scheduler.queue(watched.map(nativeOf)), signal)
  const findings: Findings = { evidence: new Map(), records: new Map() }
  addEvidence(desk, findings, listing.evidence)
  if (listing.unread.length > 0) desk.log.warn({ lines: listing.unread.slice(0, 5) }, "unread lines in the manager's answer")
  return findings
}

export function addEvidence(desk: Desk, findings: Findings, evidence: readonly Evidence[]): void {
  for (const seen of evidence) {
    if (seen.token === null) continue
    const known = findings.evidence.get(seen.token) ?? []
    known.push({ ...seen, seenAt: desk.clock.now() })
    findings.evidence.set(seen.token, known)
  }
}

/** Those that the queue does not show as live: only their records are worth a question. */
export function unsettled(findings: Findings, watched: readonly Watched[]): Watched[] {
  return watched.filter(({ attempt }) => !(findings.evidence.get(attempt.token) ?? []).some((seen) => seen.state !== "ended"))
}

export async function askRecords(live: Live, watched: readonly Watched[], findings: Findings, signal: AbortSignal): Promise<void> {
  for (let start = 0; start < watched.length; start += recordsPerCall) {
    const tokens = watched.slice(start, start + recordsPerCall).map(({ attempt }) => attempt.token)
    for (const records of await live.session.ask(readRecords(live.place.home, tokens), signal)) {
      findings.records.set(records.token, records)
    }
  }
}

/** Accounting, only for what left the queue and has no record that settles it. */
export async function askHistory(desk: Desk, live: Live, watched: readonly Watched[], findings: Findings, signal: AbortSignal): Promise<void> {
  const open = unsettled(findings, watched).filter(({ attempt }) => {
    const record = findings.records.get(attempt.token)?.exits.at(-1)
    return attempt.nativeId !== null && (record === undefined || record.wrapperSignal !== null)
  })
  if (open.length === 0) return
  const command = desk.scheduler.history(open.map(nativeOf), windowStart(live, open))
  if (command === null) return
  addEvidence(desk, findings, (await live.session.ask(command, signal)).evidence)
}

/** Seconds on the manager's clock: the oldest attempt in question, with a day's margin. */
export function windowStart(live: Live, watched: readonly Watched[]): number {
  const oldest = Math.min(...watched.map(({ attempt }) => attempt.createdAt))
  return Math.floor((oldest + live.clockOffsetMs) / 1000) - 86_400
}

/** A complete look for those that nobody has seen: queue and accounting, by id and by name. All must answer. */
export async function lookFor(
  desk: Desk,
  watch: Watch,
  live: Live,
  absent: readonly Watched[],
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const commands = desk.scheduler.look(absent.map(nativeOf), windowStart(live, absent))
  const listings = await Promise.all(commands.map((command) => live.session.ask(command, signal)))
  await askRecords(live, absent, findings, signal)
  for (const listing of listings) addEvidence(desk, findings, listing.evidence)
  for (const { attempt } of absent) {
    if ((findings.evidence.get(attempt.token) ?? []).length > 0) watch.found(attempt.token)
    else watch.notFound(attempt.token)
  }
}
