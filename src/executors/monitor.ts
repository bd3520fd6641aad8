/** Monitor: one sweep per manager and tick finds out where every live attempt stands, whatever their number. */
import { asHawserError } from "../errors.ts"
import type { AnyEventBody } from "../job/index.ts"
import { clearHints, listHints } from "../remote/verbs.ts"
import {
  type Findings,
  askHistory,
  askQueue,
  askRecords,
  contested,
  evidenceOf,
  halfFenced,
  lookFor,
  noFindings,
  unsettled,
} from "./ask.ts"
import { cancelStep } from "./cancel.ts"
import type { Desk } from "./desk.ts"
import { fulfilWishes } from "./fulfil.ts"
import { appendAll, chunks } from "./each.ts"
import { type Case, type Verdict, isKnownOver, judge } from "./judge.ts"
import { wantsCause } from "./word.ts"
import type { Live } from "./link.ts"
import { type Loose, lookForLoose, revoke, settleLoose } from "./looseEnds.ts"
import { cancelSurplus, surplusOf } from "./surplus.ts"
import { replaceVanished, resolveInDoubt } from "./resolve.ts"
import { learnVisible, letGo, witnesses } from "./visibility.ts"
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
  // What can't be cleared yet is read again with each tick.
  for (const some of live.quietMs > 0 ? [] : chunks(read, hintsPerCall))
    await live.session.act(clearHints(live.place.home, some), signal)
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
  await learnVisible(desk, live, findings)
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

/** One complete sweep; without effects as long as the owner before us may go on. What it learns is on disk when it resolves; returns what it has found. */
export async function sweep(
  desk: Desk,
  watch: Watch,
  live: Live,
  watched: readonly Watched[],
  loose: readonly Loose[],
  signal: AbortSignal,
): Promise<Findings> {
  const jolts = desk.pulse.check()
  const findings = await askQueue(desk, live, watched, loose, signal)
  const unclear = [
    ...unsettled(findings, watched),
    ...contested(findings, watched),
    ...halfFenced(watched),
    ...witnesses(desk, watched),
  ]
  await askRecords(desk, live, [...new Set(unclear)], findings, signal)
  await learnVisible(desk, live, findings)
  await askHistory(desk, live, watched, findings, signal)
  await lookForLoose(desk, watch, live, loose, findings, signal)
  // Half of it is from before: no look.
  if (desk.pulse.check() !== jolts) return findings
  const trouble = live.quietMs > 0 ? undefined : await clearLoose(desk, watch, live, loose, findings, signal)
  const verdicts = await judgeAll(desk, watch, live, watched, findings, signal)
  await writeDown(desk, watch, verdicts)
  await letGo(
    desk,
    verdicts.filter(({ verdict }) => verdict.kind !== "fence"),
  )
  if (live.quietMs > 0) return findings
  await resolveInDoubt(desk, watch, live, findings, signal)
  await replaceVanished(
    desk,
    watch,
    live,
    verdicts.filter(({ verdict }) => verdict.kind === "fence"),
    signal,
  )
  await cancelStep(desk, watch, live, signal)
  await fulfilWishes(desk, watch, live, signal)
  if (trouble !== undefined) throw asHawserError(trouble)
  return findings
}

/** Before any other effect. Resolves with why natives could not be cancelled now, which says nothing against the answers. */
async function clearLoose(
  desk: Desk,
  watch: Watch,
  live: Live,
  loose: readonly Loose[],
  findings: Findings,
  signal: AbortSignal,
): Promise<unknown> {
  await revoke(desk, live, loose, signal)
  const surplus = surplusOf(desk, findings)
  const trouble = await cancelSurplus(desk, watch, live, surplus, signal).catch((error: unknown) => error)
  await settleLoose(desk, watch, live, loose, findings)
  return trouble
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
    isLookedFor: findings.lookedFor.has(attempt.token),
    now: desk.clock.now(),
    finalForMs: watch.finalForMs(attempt.token, findings.recordsAt.get(attempt.token)),
    wordlessForMs: watch.wordlessForMs(attempt.token),
    wantsCause: wantsCause(job, attempt),
    limits: desk.patience.limits,
  }
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
  for (const { job, verdict } of judged) if (verdict.kind === "ended") desk.throttle.left(job)
}
