/** Loose ends: what may be left over there of attempts that nobody waits for is looked for, ended, and told. (PROTOCOL 23) */
import {
  type AnyEventBody,
  type Attempt,
  type Evidence,
  type Job,
  type LooseEnd,
  type Outcome,
  type Proof,
  currentAttempt,
  looseEndOf,
} from "../job/index.ts"
import { type Findings, askHistory, askRecords, evidenceOf, lookFor } from "./ask.ts"
import { acceptedBy, intendToFence, isFenced, takeGuard } from "./cancel.ts"
import type { Desk } from "./desk.ts"
import { appendAll, forEach } from "./each.ts"
import { isAbsent, isKnownOver, judge } from "./judge.ts"
import { mayBeManagers, mayStartAgain } from "./word.ts"
import type { Live } from "./link.ts"
import { newestOfKey } from "./naming.ts"
import { inTurn } from "./turns.ts"
import type { Watch } from "./watch.ts"
import type { Watched } from "./watched.ts"

export interface Loose extends Watched {
  readonly kind: LooseEnd
  /** Looked for by all means until it is settled; others when there is a sweep, and now and then. */
  readonly isPressing: boolean
}

/** An outage that hides a job for longer is one that people know of. */
export const lostMsMax: number = 24 * 3_600_000

/** What was fenced is looked for by name for so long: its cancel has had its effect by then. */
const pressingMsMax = 300_000

/** Those of this executor, oldest first. What was lost or fenced, and is not settled, counts for a day. */
export function looseEndsOf(desk: Pick<Desk, "book" | "clock">): Loose[] {
  const now = desk.clock.now()
  return desk.book.loose().flatMap((job) => looseEndsIn(job, now))
}

/** Whether a controller that starts has to look for something of it. */
export function isLooseYet(job: Job, now: number): boolean {
  return looseEndsIn(job, now).length > 0
}

function looseEndsIn(job: Job, now: number): Loose[] {
  return job.attempts.flatMap((attempt): Loose[] => {
    const kind = looseEndOf(job, attempt)
    const ageMs = now - looseSince(job, attempt, now)
    if (kind === null || (kind !== "tombstone" && ageMs >= lostMsMax)) return []
    return [{ job, attempt, kind, isPressing: kind === "tombstone" || (kind === "fenced" && ageMs < pressingMsMax) }]
  })
}

/** One that was replaced has no end of its own. */
function looseSince(job: Job, attempt: Attempt, now: number): number {
  const next = job.attempts[job.attempts.indexOf(attempt) + 1]
  return attempt.endedAt ?? next?.createdAt ?? job.endedAt ?? now
}

/** Records, accounting and the queue by name, for those that the list of the queue does not settle. */
export async function lookForLoose(
  desk: Desk,
  watch: Watch,
  live: Live,
  loose: readonly Loose[],
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const open = loose.filter(({ isPressing }) => isPressing)
  const graves = open.filter(({ kind }) => kind === "tombstone")
  if (graves.length > 0) {
    await askRecords(desk, live, graves, findings, signal)
    await askHistory(desk, live, graves, findings, signal)
  }
  const unseen = open.filter((one) => {
    const seen = evidenceOf(one, findings)
    const isSeen = seen.some(({ state, ...more }) =>
      state === "ended" ? !mayStartAgain({ state, ...more }) : state !== null && more.source !== "accounting",
    )
    const exit = findings.records.get(one.attempt.token)?.exits.at(-1)
    const isOver = exit !== undefined && exit.wrapperSignal === null && !mayBeManagers(exit)
    return !isSeen && !isOver
  })
  if (unseen.length > 0) await lookFor(desk, watch, live, unseen, findings, signal)
}

/** Takes the guards of what was abandoned: behind them its natives can be cancelled. What fails is tried again. */
export async function revoke(desk: Desk, live: Live, loose: readonly Loose[], signal: AbortSignal): Promise<void> {
  const due = loose.filter(
    ({ kind, attempt }) => kind === "tombstone" && (attempt.fence === null || attempt.fence === "intended"),
  )
  if (due.length === 0) return
  await intendToFence(desk, due)
  const groups: AnyEventBody[][] = []
  await forEach(due, async (one) => {
    const { job, attempt } = one
    const guard = await takeGuard(desk, live, one, signal)
    // What has started may run on without its directory.
    const won = isFenced(guard, attempt)
    const { owner } = guard
    const fenced: AnyEventBody = { job: job.id, type: "fenced", token: attempt.token, won, owner }
    const isNews = !won && attempt.submission !== "accepted" && attempt.outcome === null
    groups.push([fenced, ...(isNews ? acceptedBy(one, owner) : [])])
  })
  await appendAll(desk, groups)
}

/** Writes down which of them have nothing left over there, with the proof; what an abandoned one has done corrects it. */
export async function settleLoose(
  desk: Desk,
  watch: Watch,
  live: Live,
  loose: readonly Loose[],
  findings: Findings,
): Promise<void> {
  const asked = new Set(loose.map(({ attempt }) => attempt.token))
  // As they are now, with their guards. What is lost is corrected by its evidence, if there is any.
  const open = looseEndsOf(desk).filter((one) => one.kind !== "lost" && asked.has(one.attempt.token))
  const settled = open.flatMap((one) => {
    const settlement = settlementOf(desk, watch, live, one, findings)
    return settlement === null ? [] : [{ one, settlement }]
  })
  if (settled.length === 0) return
  await inTurn(desk.store, () =>
    appendAll(
      desk,
      settled.map(({ one, settlement }) => eventsOf(desk, one, settlement)),
    ),
  )
  for (const { one, settlement } of settled) {
    const { job, attempt, kind } = one
    watch.forget(attempt.token)
    const facts = { executor: desk.name, job: job.id, token: attempt.token, proof: settlement.proof }
    if (kind === "tombstone") desk.log.info(facts, "a tombstone is closed")
  }
}

interface Settlement {
  readonly proof: Proof
  readonly evidence: readonly Evidence[]
  /** How it ended by itself, or was ended; null: it never ran, or nobody knows. */
  readonly outcome: Outcome | null
}

function settlementOf(desk: Desk, watch: Watch, live: Live, one: Loose, findings: Findings): Settlement | null {
  const { job, attempt } = one
  const all = findings.evidence.get(attempt.token) ?? []
  if (all.some(({ state, source }) => state !== "ended" && source !== "accounting")) return null
  const seen = evidenceOf(one, findings)
  const ended = seen.filter(({ state }) => state === "ended")
  if (attempt.fence === "won") {
    // What can't be seen now may be accepted late; it can't run, but it would wait in the queue.
    const known = { absence: watch.absence(attempt.token), limits: desk.patience.limits }
    const isOver = ended.some((seen) => !mayStartAgain(seen))
    const isGone = isOver || (one.kind === "tombstone" && isAbsent(known))
    return isGone ? { proof: "fence", evidence: ended, outcome: null } : null
  }
  // Another root, another place: what is not there says nothing.
  if (attempt.fence !== "lost" || !attempt.directory.startsWith(`${live.place.home}/`)) return null
  const { token } = attempt
  const { limits } = desk.patience
  const absence = watch.absence(token)
  watch.sawFinal(token, isKnownOver({ evidence: ended, finalForMs: watch.finalForMs(token), absence, limits }))
  const verdict = judge({
    attempt,
    // Who abandons a job wants nothing of it to go on: what is killed now was cancelled.
    cancelRequestedAt: job.cancelRequestedAt ?? job.endedAt,
    evidence: seen,
    records: findings.records.get(token) ?? null,
    absence,
    isLookedFor: findings.lookedFor.has(token),
    now: desk.clock.now(),
    finalForMs: watch.finalForMs(token),
    wordlessForMs: null,
    wantsCause: false,
    limits: { ...limits, wordMs: 0 },
  })
  if (verdict.kind === "fence") return { proof: "absence", evidence: [], outcome: null }
  if (verdict.kind !== "ended") return null
  const [first] = verdict.evidence
  if (first?.state !== "ended") return { proof: "absence", evidence: verdict.evidence, outcome: null }
  return { proof: first.source, evidence: verdict.evidence, outcome: verdict.outcome }
}

function eventsOf(desk: Desk, { job, attempt, kind }: Loose, { proof, evidence, outcome }: Settlement): AnyEventBody[] {
  const { token } = attempt
  const settled: AnyEventBody = { job: job.id, type: "settled", token, proof, evidence }
  if (kind !== "tombstone" || outcome === null || outcome.state === "cancelled") return [settled]
  const how = outcome.cause ?? outcome.state
  const text = `${token} (${attempt.nativeId ?? "no native id"}) had ended by itself before it could be cancelled: ${how}.`
  const isNewest = newestOfKey(desk.store, job.key)?.id === job.id
  const isCurrent = currentAttempt(job)?.token === token
  if (!isNewest || !isCurrent) return [settled, { job: job.id, type: "note", text }]
  return [settled, { job: job.id, type: "corrected", token, outcome, evidence }, { job: job.id, type: "note", text }]
}
