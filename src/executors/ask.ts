/** Ask: the questions of a sweep, to the queue, to our records, to accounting; each for all attempts at once. */
import type { Command } from "../command.ts"
import { SchedulerError } from "../errors.ts"
import type { Evidence, EvidenceSource } from "../job/index.ts"
import type { Records } from "../remote/layout.ts"
import { readRecords } from "../remote/records.ts"
import { type Listing, isSameNative, seenNow } from "../schedulers/scheduler.ts"
import type { Desk } from "./desk.ts"
import { isExplicable, mayBeManagers, mayStartAgain, wantsCause } from "./word.ts"
import { chunks } from "./each.ts"
import type { Live } from "./link.ts"
import { holderIn } from "./records.ts"
import type { Watch } from "./watch.ts"
import { type Watched, nativeOf } from "./watched.ts"

/** What one sweep has learned, by token. */
export interface Findings {
  readonly evidence: Map<string, Evidence[]>
  readonly records: Map<string, Records>
  /**
   * When those were asked for, by the monotonic clock: a grace that they are given ends no later, however long the other
   * questions of the sweep take.
   */
  readonly recordsAt: Map<string, number>
  /** Those for whom a complete look has answered. */
  readonly lookedFor: Set<string>
  /** Each question that was answered, in order. */
  readonly answers: Answer[]
}

/** That a source was asked about attempts: the only trace of its silence. */
export interface Answer {
  readonly source: EvidenceSource
  readonly tokens: ReadonlySet<string>
  /** Our wall clock when it came, ms. */
  readonly at: number
  /** All that was asked was answered: silence means that there is nothing. */
  readonly isComplete: boolean
}

export function noFindings(): Findings {
  return { evidence: new Map(), records: new Map(), recordsAt: new Map(), lookedFor: new Set(), answers: [] }
}

/** Natives or tokens in one command line: a list of them stays far below the 128 kB that one word may have. */
const nativesPerCall = 500

/** `loose`: attempts that nobody waits for, and of which something may be left. */
export async function askQueue(
  desk: Desk,
  live: Live,
  watched: readonly Watched[],
  loose: readonly Watched[],
  signal: AbortSignal,
): Promise<Findings> {
  const { countsResources } = desk.scheduler.features
  const natives = (countsResources ? watched : [...watched, ...loose]).map(nativeOf)
  const listing = await live.session.ask(desk.scheduler.queue(natives), signal)
  const findings = noFindings()
  addListing(desk, findings, listing)
  noteAnswer(desk, findings, queueSource(desk), watched, listing.coverage !== "partial")
  if (countsResources && loose.length > 0) {
    // Asked by themselves: one that was started on another machine makes an answer partial, and is no trouble of ours now.
    const apart = await live.session.ask(desk.scheduler.queue(loose.map(nativeOf)), signal)
    addListing(desk, findings, { ...apart, trouble: null })
  }
  return findings
}

function addListing(desk: Desk, findings: Findings, listing: Listing): void {
  if (listing.trouble !== null) desk.link.degraded(listing.trouble)
  if (listing.unread.length > 0) desk.log.warn({ lines: listing.unread.slice(0, 5) }, "lines that could not be read")
  for (const seen of seenNow(listing, desk.clock.now())) {
    if (seen.token === null) continue
    findings.evidence.set(seen.token, [...(findings.evidence.get(seen.token) ?? []), seen])
  }
}

/** Where jobs are processes, the process table is their queue. */
function queueSource({ scheduler }: Desk): EvidenceSource {
  return scheduler.features.countsResources ? "processes" : "queue"
}

function noteAnswer(
  { clock }: Pick<Desk, "clock">,
  { answers }: Findings,
  source: EvidenceSource,
  asked: readonly Watched[],
  isComplete: boolean,
): void {
  answers.push({ source, tokens: new Set(asked.map(({ attempt }) => attempt.token)), at: clock.now(), isComplete })
}

/** Those that the queue does not show as live: only their records are worth a question. */
export function unsettled(findings: Findings, watched: readonly Watched[]): Watched[] {
  return watched.filter(
    ({ attempt }) => !(findings.evidence.get(attempt.token) ?? []).some((seen) => seen.state !== "ended"),
  )
}

/** Those under whose token another native shows than the one that we know: the guard tells which of them it is. */
export function contested(findings: Findings, watched: readonly Watched[]): Watched[] {
  return watched.filter(
    ({ attempt }) =>
      attempt.nativeId !== null &&
      (findings.evidence.get(attempt.token) ?? []).some((seen) => !isSameNative(seen.nativeId, attempt.nativeId)),
  )
}

/** Those whose guard somebody meant to take, and did not say what came of it. */
export function halfFenced(watched: readonly Watched[]): Watched[] {
  return watched.filter(({ attempt }) => attempt.fence === "intended")
}

/** The native that holds the guard of the newest start, by our records; null also where it does not know its id. */
export function holderOf(findings: Findings, token: string): string | null {
  return holderIn(findings.records.get(token)?.guards.at(-1)?.owner ?? "")
}

/** What was found of an attempt; where two natives carry its token, of the one that counts. */
export function evidenceOf({ attempt }: Watched, findings: Findings): readonly Evidence[] {
  const evidence = findings.evidence.get(attempt.token) ?? []
  const known = holderOf(findings, attempt.token) ?? attempt.nativeId
  return known === null ? evidence : preferring(evidence, known)
}

/** Two natives can carry one token (a frozen manager accepted late): the one that holds the guard speaks, else ours. */
function preferring(evidence: readonly Evidence[], nativeId: string): readonly Evidence[] {
  const known = evidence.filter((seen) => isSameNative(seen.nativeId, nativeId))
  return known.length > 0 ? known : evidence
}

export async function askRecords(
  desk: Pick<Desk, "clock">,
  live: Live,
  watched: readonly Watched[],
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  for (const some of chunks(watched, nativesPerCall)) {
    const tokens = some.map(({ attempt }) => attempt.token)
    const askedAt = desk.clock.monotonic()
    for (const records of await live.session.ask(readRecords(live.place.home, tokens), signal)) {
      findings.records.set(records.token, records)
      findings.recordsAt.set(records.token, askedAt)
    }
    noteAnswer(desk, findings, "record", some, true)
  }
}

/** Accounting, only for what left the queue and has no record that settles it. */
export async function askHistory(
  desk: Desk,
  live: Live,
  watched: readonly Watched[],
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const open = unsettled(findings, watched).filter(({ job, attempt }) => {
    const record = findings.records.get(attempt.token)?.exits.at(-1)
    const isSettled =
      record !== undefined &&
      record.wrapperSignal === null &&
      !mayBeManagers(record) &&
      !isExplicable({ wantsCause: wantsCause(job, attempt) }, record)
    return attempt.nativeId !== null && !isSettled
  })
  if (open.length === 0) return
  for (const some of chunks(open, nativesPerCall)) {
    const command = desk.scheduler.history(some.map(nativeOf), windowStart(live, some))
    if (command === null) return
    const listing = await askUnlessDown(desk, live, command, signal)
    if (listing !== null) addListing(desk, findings, listing)
    if (listing?.coverage !== "none") noteAnswer(desk, findings, "accounting", some, listing?.coverage === "complete")
  }
}

/** Accounting may be down while the queue works: that changes health, and those in question wait. */
async function askUnlessDown(
  desk: Desk,
  live: Live,
  command: Command<Listing>,
  signal: AbortSignal,
): Promise<Listing | null> {
  try {
    return await live.session.ask(command, signal)
  } catch (error) {
    if (!(error instanceof SchedulerError)) throw error
    desk.link.degraded(error.message)
    return null
  }
}

/**
 * Seconds on the manager's clock: the oldest attempt in question, with a day's margin. Its time is that of our clock, which
 * may have been wrong then: it is never later than now.
 */
function windowStart(live: Live, watched: readonly Watched[]): number {
  const oldest = Math.min(...watched.map(({ attempt }) => attempt.createdAt))
  return Math.floor(Math.min(oldest + live.clockOffsetMsMin, live.now) / 1000) - 86_400
}

/** A look for those that nobody has seen: queue and accounting, by id and by name. It counts only if all answer whole. */
export async function lookFor(
  desk: Desk,
  watch: Watch,
  live: Live,
  absent: readonly Watched[],
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  await askRecords(desk, live, absent, findings, signal)
  for (const some of chunks(absent, nativesPerCall)) await lookForSome(desk, watch, live, some, findings, signal)
}

async function lookForSome(
  desk: Desk,
  watch: Watch,
  live: Live,
  absent: readonly Watched[],
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const commands = desk.scheduler.look(absent.map(nativeOf), windowStart(live, absent))
  const listings = await Promise.all(commands.map((command) => askUnlessDown(desk, live, command, signal)))
  for (const listing of listings) if (listing !== null) addListing(desk, findings, listing)
  const isComplete = listings.every((listing) => listing !== null && listing.coverage !== "partial")
  noteAnswer(desk, findings, queueSource(desk), absent, isComplete)
  if (desk.scheduler.features.accounting) noteAnswer(desk, findings, "accounting", absent, isComplete)
  if (!isComplete) return
  for (const { attempt } of absent) {
    findings.lookedFor.add(attempt.token)
    if ((findings.evidence.get(attempt.token) ?? []).some(isSighting)) watch.found(attempt.token)
    else watch.notFound(attempt.token)
  }
}

/** What lives is in the queue; accounting lags, and may never get to know an end, or only that of an earlier start. */
function isSighting(seen: Evidence): boolean {
  return seen.source !== "accounting" || (seen.state === "ended" && !mayStartAgain(seen))
}
