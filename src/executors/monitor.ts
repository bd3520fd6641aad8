/** Monitor: one sweep per manager and tick finds out where every live attempt stands, whatever their number. */
import { type AnyEventBody, type Attempt, type Evidence, type Job, currentAttempt } from "../job/index.ts"
import type { Records } from "../remote/layout.ts"
import { listHints, readRecords } from "../remote/verbs.ts"
import type { Native } from "../schedulers/scheduler.ts"
import { cancelStep } from "./cancel.ts"
import type { Desk } from "./desk.ts"
import { type Verdict, judge } from "./judge.ts"
import type { Live } from "./link.ts"
import { surplusOf, cancelSurplus } from "./surplus.ts"
import { replaceVanished, resolveInDoubt } from "./resolve.ts"
import type { Watch } from "./watch.ts"

/** An attempt that is, as far as we know, in the manager's hands. */
export interface Watched {
  readonly job: Job
  readonly attempt: Attempt
}

/** What one sweep has learned, by token. */
export interface Findings {
  readonly evidence: Map<string, Evidence[]>
  readonly records: Map<string, Records>
}

/** Tokens per call for records: one command line stays far below the 128 kB that one argument list may have. */
const recordsPerCall = 500

/** Whether the event folder tells of ends that nobody has read yet: the first, cheap frame of a tick. */
export async function hinted(live: Live, watched: readonly Watched[], signal: AbortSignal): Promise<boolean> {
  const tokens = new Set(watched.map(({ attempt }) => attempt.token))
  const hints = await live.session.ask(listHints(live.place.home), signal)
  return hints.some((token) => tokens.has(token))
}

/** Everything that can be watched: accepted attempts that are not over, and those whose submission is in doubt. */
export function watchedBy(desk: Desk): Watched[] {
  return desk.book.in("staging", "queued", "held", "running", "suspended").flatMap((job) => {
    const attempt = currentAttempt(job)
    const isWatched = attempt !== null && (attempt.submission === "accepted" || attempt.submission === "in-doubt")
    return isWatched ? [{ job, attempt }] : []
  })
}

/** One complete sweep. What it learns is on disk when it resolves. */
export async function sweep(desk: Desk, watch: Watch, live: Live, watched: readonly Watched[], signal: AbortSignal): Promise<void> {
  const findings = await askQueue(desk, live, watched, signal)
  await askRecords(live, unsettled(findings, watched), findings, signal)
  await askHistory(desk, live, watched, findings, signal)
  await cancelSurplus(desk, live, surplusOf(desk, findings), signal)
  const verdicts = await judgeAll(desk, watch, live, watched, findings, signal)
  await writeDown(desk, watch, verdicts)
  await resolveInDoubt(desk, watch, live, findings, signal)
  await replaceVanished(desk, watch, live, verdicts.filter(({ verdict }) => verdict.kind === "fence"), signal)
  await cancelStep(desk, watch, live, signal)
}

export function nativeOf({ attempt }: Watched): Native {
  const { token, nativeName, nativeId, directory } = attempt
  return { token, nativeName, nativeId, directory }
}

async function askQueue(desk: Desk, live: Live, watched: readonly Watched[], signal: AbortSignal): Promise<Findings> {
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
function unsettled(findings: Findings, watched: readonly Watched[]): Watched[] {
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
async function askHistory(desk: Desk, live: Live, watched: readonly Watched[], findings: Findings, signal: AbortSignal): Promise<void> {
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

export interface Judged extends Watched {
  readonly verdict: Verdict
}

async function judgeAll(
  desk: Desk,
  watch: Watch,
  live: Live,
  watched: readonly Watched[],
  findings: Findings,
  signal: AbortSignal,
): Promise<Judged[]> {
  const accepted = watched.filter(({ attempt }) => attempt.submission === "accepted")
  const first = accepted.map((one) => ({ ...one, verdict: verdictOn(desk, watch, one, findings) }))
  const absent = first.filter(({ verdict }) => verdict.kind === "keep" && verdict.needs === "looks")
  if (absent.length === 0) return first
  await lookFor(desk, watch, live, absent, findings, signal)
  return first.map((one) => (absent.includes(one) ? { ...one, verdict: verdictOn(desk, watch, one, findings) } : one))
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

function verdictOn(desk: Desk, watch: Watch, { job, attempt }: Watched, findings: Findings): Verdict {
  const evidence = findings.evidence.get(attempt.token) ?? []
  const ours = attempt.nativeId === null ? evidence : preferring(evidence, attempt.nativeId)
  const isFinal = ours.length > 0 && ours.every((seen) => seen.state === "ended")
  return judge({
    attempt,
    cancelRequestedAt: job.cancelRequestedAt,
    evidence: ours,
    records: findings.records.get(attempt.token) ?? null,
    absence: watch.absence(attempt.token),
    now: desk.clock.now(),
    finalSince: watch.finalSince(attempt.token, isFinal),
    limits: desk.judgeLimits,
  })
}

/** Two natives can carry one token (a frozen manager accepted late): the one that we know speaks first. */
function preferring(evidence: readonly Evidence[], nativeId: string): readonly Evidence[] {
  const known = evidence.filter((seen) => seen.nativeId === nativeId)
  return known.length > 0 ? known : evidence
}

async function writeDown(desk: Desk, watch: Watch, judged: readonly Judged[]): Promise<void> {
  const events: AnyEventBody[] = []
  for (const { job, attempt, verdict } of judged) {
    if (verdict.kind === "observed") {
      events.push({ job: job.id, type: "observed", token: attempt.token, state: verdict.state, evidence: verdict.evidence })
    }
    if (verdict.kind === "ended") {
      const { outcome, reason, evidence } = verdict
      events.push({ job: job.id, type: "ended", token: attempt.token, outcome, reason, evidence })
      watch.forget(attempt.token)
    }
  }
  if (events.length === 0) return
  await desk.store.append(events)
  if (events.some((event) => event.type === "ended")) {
    desk.throttle.left()
    desk.bells.collect.ring()
    desk.bells.submit.ring()
  }
}
