/** The judge: what the evidence of one attempt means. One pure function; its table stands in docs/judging.md. */
import { type Attempt, type Evidence, type LiveState, type Outcome, restartsOf } from "../job/index.ts"
import type { ExitRecord, Records } from "../remote/layout.ts"
import { hasRecords, isRevokedBy, isWrappersOwn, lastExit, mayHaveRun } from "./records.ts"
import {
  awaitsFence,
  isExplicable,
  isNeverStarted,
  isSignalled,
  limitEnd,
  managerCauses,
  mayBeManagers,
  mayEndBefore,
  mayStartAgain,
} from "./word.ts"

/** Everything that is known of one attempt at one time. */
export interface Case {
  readonly attempt: Attempt
  /** Since when somebody wants it cancelled, ms; null: nobody. */
  readonly cancelRequestedAt: number | null
  /** Newest evidence of queue and accounting that carries this attempt's token. */
  readonly evidence: readonly Evidence[]
  /** Our records on the other side; null: not read this time. */
  readonly records: Records | null
  /** How long complete looks have found nothing of it: the sum of the spans between consecutive ones. */
  readonly absence: { readonly coveredMs: number; readonly looks: number }
  /** A complete look has answered in this very sweep: what earlier ones did not find may be known since. */
  readonly isLookedFor: boolean
  readonly now: number
  /** How long a final native state without an exit record has been known for certain, ms; null: it was not. */
  readonly finalForMs: number | null
  /** How long a failure has waited for the manager's word on it, ms; null: it has not. */
  readonly wordlessForMs: number | null
  /** The job's policy asks for causes that only the manager knows. */
  readonly wantsCause: boolean
  readonly limits: JudgeLimits
}

export interface JudgeLimits {
  /** Final in the manager, started, but no exit record: wait for the manager's kill time and the file system's cache. */
  readonly graceMs: number
  /** A record of a failure that the manager may explain, and it has not said that it is over: wait for its word. */
  readonly wordMs: number
  /**
   * The same where the manager says that it ended by itself: then its wrapper has left a record, which a client of NFS may
   * not see for a minute. (acdirmax, 60 s; nfs(5))
   */
  readonly recordMs: number
  /** Complete looks have to cover this span before an attempt counts as absent. */
  readonly absenceMs: number
  /** And there must have been this many. */
  readonly absenceLooks: number
  /** The same span for one that had started, and of which accounting alone says that it lives. */
  readonly runawayMs: number
}

export const defaultJudgeLimits: JudgeLimits = {
  graceMs: 20_000,
  wordMs: 20_000,
  recordMs: 75_000,
  absenceMs: 60_000,
  absenceLooks: 3,
  runawayMs: 600_000,
}

export type Verdict =
  /** Nothing new. `needs`: what would decide it. */
  | { readonly kind: "keep"; readonly needs: "nothing" | "records" | "grace" | "looks" | "word" }
  | { readonly kind: "observed"; readonly state: LiveState; readonly evidence: Evidence }
  | {
      readonly kind: "ended"
      readonly outcome: Outcome
      readonly reason: string | null
      readonly evidence: readonly Evidence[]
    }
  /** It vanished and had not started as far as we can see: take its guard, then replace it. */
  | { readonly kind: "fence" }

/** The rules of docs/judging.md, by their numbers there. */
export type Rule = 1 | 2 | 3 | 4 | 5 | 6

export interface Ruling {
  readonly rule: Rule
  readonly verdict: Verdict
}

export function judge(known: Case): Verdict {
  return ruling(known).verdict
}

/** Rules in order; the first that applies decides. The numbers are those of docs/judging.md. */
export function ruling(known: Case): Ruling {
  const record = lastExit(known.records)
  const final = known.evidence.find((evidence) => evidence.state === "ended" && !isInterim(known, evidence)) ?? null
  const live = newestLive(known)

  // 1. A whole record of a wrapper that nobody signalled is the truth; accounting subtracts 128 and calls failures SUCCESS.
  if (record !== null && !isSignalled(record) && !restartedSince(known, record)) {
    const isExplained = final !== null || !isExplicable(known, record) || isOverdue(known)
    return { rule: 1, verdict: isExplained ? byRecord(known, record, final) : needs("word") }
  }
  // 2. A signalled wrapper may be requeued: its record counts once the manager says that the native is over.
  if (record !== null && final !== null && !restartedSince(known, record))
    return { rule: 2, verdict: awaitsFence(known, final) ? needs("nothing") : byRecord(known, record, final) }
  // 3. The manager still has it.
  if (live !== null && !isRunaway(known, live))
    return { rule: 3, verdict: isRevoked(known) ? { kind: "fence" } : observed(known, live) }
  // 4. The manager says it is over, and we have no record.
  if (final !== null) return { rule: 4, verdict: byManager(known, final) }
  // 5. A signalled wrapper, and the manager knows nothing of the native any more.
  if (record !== null && !restartedSince(known, record))
    return {
      rule: 5,
      verdict: isGone(known) && !awaitsFence(known, null) ? byRecord(known, record, null) : needs("looks"),
    }
  // 6. Nothing anywhere. Absence starts a clock; it never ends an attempt by itself.
  return { rule: 6, verdict: byAbsence(known) }
}

function isOverdue({ wordlessForMs, limits }: Case): boolean {
  return (wordlessForMs ?? 0) >= limits.wordMs
}

function byAbsence(known: Case): Verdict {
  if (known.records === null) return needs("records")
  if (!isGone(known)) return needs("looks")
  return hasStarted(known) ? lost(known) : { kind: "fence" }
}

function needs(what: "nothing" | "records" | "looks" | "word"): Verdict {
  return { kind: "keep", needs: what }
}

function observed(known: Case, live: Evidence): Verdict {
  const state = live.state
  if (state === null || state === "ended") return { kind: "keep", needs: "nothing" }
  const last = known.attempt.lastSeen
  const isRestart = live.restarts !== null && live.restarts !== (last?.restarts ?? 0)
  const same =
    last !== null && last.state === state && last.reason === live.reason && last.word === live.word && !isRestart
  if (!same) return { kind: "observed", state, evidence: live }
  return { kind: "keep", needs: live.source === "accounting" ? "looks" : "nothing" }
}

/**
 * Accounting keeps natives alive for ever whose end it was never told (`sacctmgr show runawayjobs`), and a queue that
 * knows nothing of them is right. One that has not started is only fenced, so it waits no longer than others.
 */
function isRunaway(known: Case, live: Evidence): boolean {
  if (live.source !== "accounting" || known.records === null || !isAbsent(known)) return false
  return !hasStarted(known) || known.absence.coveredMs >= known.limits.runawayMs
}

/**
 * Of a native that waits to be started again, accounting still shows how the start before ended, and a queue that was not
 * told whole may hide it. So its word alone counts only when the queue had said the same, or is known not to have it.
 */
function isInterim(known: Case, evidence: Evidence): boolean {
  return mayStartAgain(evidence) && known.finalForMs === null && !isAbsent(known)
}

/** Whether the manager is known to call it over for good, so that a clock may run from then on. */
export function isKnownOver({
  evidence,
  ...known
}: Pick<Case, "evidence" | "finalForMs" | "absence" | "limits">): boolean {
  if (evidence.length === 0 || evidence.some(({ state }) => state !== "ended")) return false
  return !evidence.every(mayStartAgain) || known.finalForMs !== null || isAbsent(known)
}

/**
 * Its first guard was taken for us by a controller that could not write that down any more, or on a copy of this directory:
 * whatever the manager shows of it has never run the payload and never will. One that is to be cancelled ends by that.
 */
function isRevoked({ records, cancelRequestedAt }: Case): boolean {
  return records !== null && cancelRequestedAt === null && isRevokedBy(records)
}

/** What the record says, with the manager's word for why a signal came. */
function byRecord(known: Case, record: ExitRecord, final: Evidence | null): Verdict {
  const evidence = [recordEvidence(known, record), ...(final === null ? [] : [final])]
  // Told to end before the payload was started, it says so as a failed launch: who told it decides.
  if (record.launchFailure !== null && record.wrapperSignal === null) {
    return ended({ state: "failed", cause: "launch", exitCode: null, signal: null }, record.launchFailure, evidence)
  }
  const limit = limitEnd(record, known.cancelRequestedAt)
  if (limit !== null) {
    const facts = { exitCode: record.signal === null ? record.exitCode : null, signal: record.signal }
    return ended({ state: "failed", cause: limit.cause, ...facts }, limit.reason, evidence)
  }
  if (record.exitCode === 0 && record.signal === null && record.wrapperSignal === null) {
    return ended({ state: "completed", cause: null, exitCode: 0, signal: null }, null, evidence)
  }
  const outcome = failureOf(known, record, final)
  return ended(outcome, final?.reason ?? record.launchFailure ?? byOthers(known, outcome, final), evidence)
}

function failureOf(known: Case, record: ExitRecord, final: Evidence | null): Outcome {
  // Of one that was not started, the code is the wrapper's own.
  const isPayloads = record.signal === null && record.launchFailure === null
  const facts = { exitCode: isPayloads ? record.exitCode : null, signal: record.signal }
  const told = final?.outcome ?? null
  const wasStopped = record.wrapperSignal !== null || record.signal !== null || mayBeManagers(record)
  if (told !== null && told.cause !== null && managerCauses.has(told.cause))
    return { state: "failed", cause: told.cause, ...facts }
  if (wasStopped && (known.cancelRequestedAt !== null || told?.state === "cancelled")) {
    return { state: "cancelled", cause: null, ...facts }
  }
  if (record.launchFailure !== null) return { state: "failed", cause: "launch", exitCode: null, signal: null }
  if (record.signal !== null) return { state: "failed", cause: "signal", ...facts }
  if (record.exitCode === 0) return { state: "completed", cause: null, ...facts }
  return { state: "failed", cause: "exit", ...facts }
}

function byManager(known: Case, final: Evidence): Verdict {
  const outcome = final.outcome
  if (known.records === null) return { kind: "keep", needs: "records" }
  if (isRevoked(known)) return { kind: "fence" }
  if (isRevokedBy(known.records)) return cancelledByFence(final)
  const waited = known.finalForMs !== null && known.finalForMs >= graceMsOf(known, final)
  if (outcome === null) return waited ? withoutOutcome(known, final) : { kind: "keep", needs: "grace" }
  const said = final.reason ?? byOthers(known, outcome, final)
  // A native that the manager never started leaves no record, and needs none.
  if (!hasStarted(known) && isNeverStarted(outcome) && final.startedAt === null) return ended(outcome, said, [final])
  if (!waited) return { kind: "keep", needs: "grace" }
  const start = Math.max(restartsOf(known.attempt), final.restarts ?? 0)
  if (isWrappersOwn(outcome.exitCode) && !mayHaveRun(known.records, outcome.exitCode, start)) {
    const reason = `The wrapper ended with ${outcome.exitCode} and left no record: its node does not see the job directory or can't write there, or somebody else holds the guard.`
    return ended({ state: "failed", cause: "launch", exitCode: null, signal: null }, reason, [final])
  }
  if (!known.records.present)
    return ended(outcome, final.reason ?? "Its job directory is gone: that is the manager's word alone.", [final])
  if (!hasStarted(known) && !mayEndBefore(outcome)) {
    const reason = final.reason ?? `The manager says ${final.word}, but the job's script never ran.`
    const cause = outcome.cause === "timeout" ? "timeout" : "launch"
    return ended({ ...outcome, state: "failed", cause }, reason, [final])
  }
  if (outcome.state === "failed" && known.cancelRequestedAt !== null && outcome.cause === "signal") {
    return ended({ ...outcome, state: "cancelled", cause: null }, final.reason, [final])
  }
  return ended(outcome, said, [final])
}

/** A job that is cancelled, and nobody here had asked for it: an administrator, its user, or the manager's own trouble. */
function byOthers(known: Case, { state }: Outcome, final: Evidence | null): string | null {
  if (state !== "cancelled" || known.cancelRequestedAt !== null) return null
  return `The manager says ${final?.word ?? "so"}; it was not cancelled here.`
}

/** How long a final native state without an exit record waits for one. */
export function graceMsOf({ records, limits: { graceMs, recordMs } }: Case, { outcome }: Evidence): number {
  // Those that found no job directory, or their guard taken, leave none.
  const leavesNone = isWrappersOwn(outcome?.exitCode ?? null) && !hasRecords(records)
  const endedItself = outcome?.state === "completed" || (outcome?.cause === "exit" && !leavesNone)
  return endedItself ? recordMs : graceMs
}

/** The cancel took its guard, and could not write that down; what its wrapper made of it is no failure. */
function cancelledByFence(final: Evidence): Verdict {
  const outcome = { state: "cancelled", cause: null, exitCode: null, signal: null } as const
  return ended(outcome, "Cancelled before it started.", [final])
}

/** It is gone for certain, and left no record: its wrapper was killed in a way that it could not notice. */
function withoutOutcome(known: Case, final: Evidence): Verdict {
  if (!hasStarted(known)) return { kind: "fence" }
  const started = known.records?.started.at(-1)
  const evidence = [
    { ...final, startedAt: final.startedAt ?? started?.at ?? null, host: final.host ?? started?.host ?? null },
  ]
  if (known.cancelRequestedAt !== null)
    return ended({ state: "cancelled", cause: null, exitCode: null, signal: "KILL" }, null, evidence)
  const reason =
    "Its processes are gone, and there is no exit record: its wrapper was killed (SIGKILL), by somebody or for want of memory. How the payload ended is not known."
  return ended({ state: "failed", cause: "signal", exitCode: null, signal: "KILL" }, reason, evidence)
}

function lost(known: Case): Verdict {
  if (known.cancelRequestedAt !== null) {
    return ended(
      { state: "cancelled", cause: null, exitCode: null, signal: null },
      "It was to be cancelled, and is gone.",
      known.evidence,
    )
  }
  const minutes = Math.round(known.absence.coveredMs / 1000)
  const reason = `It had started, and ${known.absence.looks} complete looks over ${minutes} s found it neither in the queue, in accounting nor in its own records.`
  return ended({ state: "failed", cause: "lost", exitCode: null, signal: null }, reason, known.evidence)
}

function ended(outcome: Outcome, reason: string | null, evidence: readonly Evidence[]): Verdict {
  return { kind: "ended", outcome, reason, evidence }
}

/** Enough complete looks have found nothing. */
export function isAbsent(known: Pick<Case, "absence" | "limits">): boolean {
  return known.absence.looks >= known.limits.absenceLooks && known.absence.coveredMs >= known.limits.absenceMs
}

/** Absent, and not only as far as was known before: accounting may have an end since, and not answer just now. */
function isGone(known: Case): boolean {
  return known.isLookedFor && isAbsent(known)
}

/** A guard that a native holds, a started record, or a restart: the payload may have run. */
export function hasStarted(known: Pick<Case, "records" | "attempt">): boolean {
  if (known.attempt.startedAt !== null || known.attempt.lastSeen?.state === "running") return true
  if (restartsOf(known.attempt) > 0) return true
  return hasRecords(known.records)
}

/**
 * The manager has started the native again after this record was written: only the highest start counts. A start whose
 * record is not final is followed by another one as soon as the manager says so; its own records may show later.
 */
function restartedSince(known: Case, record: ExitRecord): boolean {
  const newestStart = Math.max(-1, ...(known.records?.started ?? []).map((started) => started.start))
  if (!isSignalled(record)) return newestStart > record.start
  const told = known.evidence.map((evidence) => evidence.restarts ?? 0)
  return Math.max(newestStart, restartsOf(known.attempt), ...told) > record.start
}

function newestLive(known: Case): Evidence | null {
  const live = known.evidence.filter((evidence) => evidence.state !== "ended" && evidence.source !== "accounting")
  if (live.length > 0) return live[0] ?? null
  // Accounting lags (a job that runs can still be PENDING there), so it is asked for a live state only where the queue has none.
  const final = known.evidence.some((evidence) => evidence.state === "ended")
  return final ? null : (known.evidence.find((evidence) => evidence.state !== "ended") ?? null)
}

function recordEvidence(known: Case, record: ExitRecord): Evidence {
  return {
    source: "record",
    token: known.attempt.token,
    nativeId: record.nativeId,
    seenAt: known.now,
    word: record.launchFailure ?? (record.signal === null ? `exit ${record.exitCode}` : `SIG${record.signal}`),
    state: "ended",
    outcome: null,
    reason: null,
    submitTime: null,
    startedAt: record.startedAt,
    endedAt: record.endedAt,
    host: known.records?.started.at(-1)?.host ?? null,
    restarts: record.start,
  }
}
