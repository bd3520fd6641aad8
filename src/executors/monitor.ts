/** Monitor: one sweep per manager and tick finds out where every live attempt stands, whatever their number. */
import { asHawserError } from "../errors.ts"
import type { AnyEventBody, Evidence } from "../job/index.ts"
import { clearHints, listHints } from "../remote/verbs.ts"
import { isSameNative } from "../schedulers/scheduler.ts"
import {
  type Findings,
  askHistory,
  askQueue,
  askRecords,
  contested,
  halfFenced,
  holderOf,
  lookFor,
  noFindings,
  unsettled,
} from "./ask.ts"
import { cancelStep } from "./cancel.ts"
import type { Desk } from "./desk.ts"
import { appendAll, chunks } from "./each.ts"
import { type Case, type Verdict, isKnownOver, judge } from "./judge.ts"
import { wantsCause } from "./word.ts"
import type { Live } from "./link.ts"
import { type Loose, lookForLoose, revoke, settleLoose } from "./looseEnds.ts"
import { cancelSurplus, surplusOf } from "./surplus.ts"
import { replaceVanished, resolveInDoubt } from "./resolve.ts"
import type { Watch } from "./watch.ts"
import type { Watched } from "./watched.ts"

/** Names in one command line. */
const hintsPerCall = 500

/**
 * Those of `watched` whose end the event folder tells: the first, cheap frame of a tick. Hints are removed before the
 * records are read, so that one that comes in between is seen next time. Those of `early` ones stay: their submission is
 * still being written down.
 */
export async function hinted(
  live: Live,
  watched: readonly Watched[],
  early: readonly Watched[],
  signal: AbortSignal,
): Promise<readonly Watched[]> {
  const tokenOfHint = (hint: string): string => hint.split(".")[0] ?? ""
  const hints = await live.session.ask(listHints(live.place.home), signal)
  const later = new Set(early.map(({ attempt }) => attempt.token))
  const read = hints.filter((hint) => !later.has(tokenOfHint(hint)))
  for (const some of chunks(read, hintsPerCall)) await live.session.act(clearHints(live.place.home, some), signal)
  const tokens = new Set(read.map(tokenOfHint))
  return watched.filter(({ attempt }) => tokens.has(attempt.token))
}

/**
 * Judges by the records alone, which say all of an end that nobody has forced; the manager is not asked. False: some of
 * them need a sweep.
 */
export async function settle(
  desk: Desk,
  watch: Watch,
  live: Live,
  some: readonly Watched[],
  signal: AbortSignal,
): Promise<boolean> {
  const findings = noFindings()
  await askRecords(desk, live, some, findings, signal)
  const ended = some
    .filter(({ attempt }) => attempt.submission === "accepted" && isWhole(findings, attempt.token))
    .map((one) => ({ ...one, verdict: verdictOn(desk, watch, one, findings) }))
    .filter(({ verdict }) => verdict.kind === "ended")
  await writeDown(desk, watch, ended)
  return ended.length === some.length
}

/** Whether there is the record of an end that nobody has forced. */
function isWhole(findings: Findings, token: string): boolean {
  return findings.records.get(token)?.exits.at(-1)?.wrapperSignal === null
}

/** One complete sweep. What it learns is on disk when it resolves; returns what it has found. */
export async function sweep(
  desk: Desk,
  watch: Watch,
  live: Live,
  watched: readonly Watched[],
  loose: readonly Loose[],
  signal: AbortSignal,
): Promise<Findings> {
  const findings = await askQueue(desk, live, watched, loose, signal)
  const unclear = new Set([...unsettled(findings, watched), ...contested(findings, watched), ...halfFenced(watched)])
  await askRecords(desk, live, [...unclear], findings, signal)
  await askHistory(desk, live, watched, findings, signal)
  await lookForLoose(desk, watch, live, loose, findings, signal)
  // Before any other effect. A manager that can't cancel now says nothing against what it has answered.
  await revoke(desk, live, loose, signal)
  const surplus = surplusOf(desk, findings)
  const trouble = await cancelSurplus(desk, watch, live, surplus, signal).catch((error: unknown) => error)
  await settleLoose(desk, watch, live, loose, findings)
  const verdicts = await judgeAll(desk, watch, live, watched, findings, signal)
  await writeDown(desk, watch, verdicts)
  await resolveInDoubt(desk, watch, live, findings, signal)
  await replaceVanished(
    desk,
    watch,
    live,
    verdicts.filter(({ verdict }) => verdict.kind === "fence"),
    signal,
  )
  await cancelStep(desk, watch, live, signal)
  if (trouble !== undefined) throw asHawserError(trouble)
  return findings
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
  // Its clock has just begun to run, so what is learned comes in time.
  if (first.some(({ verdict }) => verdict.kind === "keep" && verdict.needs === "grace"))
    await desk.patience.learn(live, signal)
  const absent = first.filter(({ verdict }) => verdict.kind === "keep" && verdict.needs === "looks")
  if (absent.length === 0) return first
  await lookFor(desk, watch, live, absent, findings, signal)
  return first.map((one) => (absent.includes(one) ? { ...one, verdict: verdictOn(desk, watch, one, findings) } : one))
}

function verdictOn(desk: Desk, watch: Watch, one: Watched, findings: Findings): Verdict {
  const { token } = one.attempt
  watch.sawFinal(token, isKnownOver(caseOf(desk, watch, one, findings)))
  const verdict = judge(caseOf(desk, watch, one, findings))
  watch.wantsWord(token, verdict.kind === "keep" && verdict.needs === "word")
  return verdict
}

/** What a sweep has found of one attempt, with the clocks as they stand now. */
export function caseOf(desk: Desk, watch: Watch, one: Watched, findings: Findings): Case {
  const { job, attempt } = one
  return {
    attempt,
    cancelRequestedAt: job.cancelRequestedAt,
    evidence: evidenceOf(one, findings),
    records: findings.records.get(attempt.token) ?? null,
    absence: watch.absence(attempt.token),
    now: desk.clock.now(),
    finalForMs: watch.finalForMs(attempt.token, findings.recordsAt.get(attempt.token)),
    wordlessForMs: watch.wordlessForMs(attempt.token),
    wantsCause: wantsCause(job, attempt),
    limits: desk.patience.limits,
  }
}

function evidenceOf({ attempt }: Watched, findings: Findings): readonly Evidence[] {
  const evidence = findings.evidence.get(attempt.token) ?? []
  const known = holderOf(findings, attempt.token) ?? attempt.nativeId
  return known === null ? evidence : preferring(evidence, known)
}

/** Two natives can carry one token (a frozen manager accepted late): the one that holds the guard speaks, else ours. */
function preferring(evidence: readonly Evidence[], nativeId: string): readonly Evidence[] {
  const known = evidence.filter((seen) => isSameNative(seen.nativeId, nativeId))
  return known.length > 0 ? known : evidence
}

async function writeDown(desk: Desk, watch: Watch, judged: readonly Judged[]): Promise<void> {
  const events: AnyEventBody[] = []
  for (const { job, attempt, verdict } of judged) {
    if (verdict.kind === "observed") {
      events.push({
        job: job.id,
        type: "observed",
        token: attempt.token,
        state: verdict.state,
        evidence: verdict.evidence,
      })
    }
    if (verdict.kind === "ended") {
      const { outcome, reason, evidence } = verdict
      events.push({ job: job.id, type: "ended", token: attempt.token, outcome, reason, evidence })
      watch.forget(attempt.token)
    }
  }
  if (events.length === 0) return
  await appendAll(
    desk,
    events.map((event) => [event]),
  )
  if (events.some((event) => event.type === "ended")) {
    desk.throttle.left()
    desk.bells.collect.ring()
    desk.bells.submit.ring()
  }
}
