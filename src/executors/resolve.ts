/** Resolve: what became of a submission whose answer was lost, and of an attempt that vanished before it started. */
import { type AnyEventBody, currentAttempt } from "../job/index.ts"
import { type Guard, acceptedBy, cancelledBeforeStart, endedElsewhere, intendToFence, takeGuard } from "./cancel.ts"
import { isSameNative } from "../schedulers/scheduler.ts"
import { type Desk, tellWaiting } from "./desk.ts"
import { appendAll, forEach, reasons } from "./each.ts"
import type { Live } from "./link.ts"
import { type Findings, holderOf, lookFor } from "./ask.ts"
import { intentFor } from "./intent.ts"
import { pauseText } from "./pause.ts"
import { isRevokedBy } from "./records.ts"
import { holdBack, isShown } from "./visibility.ts"
import type { Watch } from "./watch.ts"
import type { Watched } from "./watched.ts"

/** An attempt is replaced by itself at most this often; then it fails, with what was seen. */
const replacementsMax = 5

/** In doubt: found under its token, it was accepted; else, after enough complete looks, it is fenced and replaced. */
export async function resolveInDoubt(
  desk: Desk,
  watch: Watch,
  live: Live,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const doubtful = desk.book.in("staging").flatMap((job): Watched[] => {
    const attempt = currentAttempt(job)
    if (attempt?.submission !== "in-doubt") return []
    // A cancel takes the guard, where that is a proof.
    return job.cancelRequestedAt === null || !isShown(desk.store, desk.name) ? [{ job, attempt }] : []
  })
  if (doubtful.length === 0) return
  await lookFor(desk, watch, live, doubtful, findings, signal)
  const found: AnyEventBody[] = []
  const vanished: Watched[] = []
  for (const one of doubtful) {
    const records = findings.records.get(one.attempt.token)
    const native = nativeIn(findings, one)
    // Fenced before, whatever shows now: it can't run.
    if (records !== undefined && isRevokedBy(records)) vanished.push(one)
    else if (native !== null) found.push({ job: one.job.id, type: "accepted", token: one.attempt.token, ...native })
    else if (isMissing(desk, watch, one, findings)) vanished.push(one)
  }
  await appendAll(
    desk,
    found.map((event) => [event]),
  )
  await replaceVanished(desk, watch, live, vanished, signal)
}

function isMissing({ patience }: Desk, watch: Watch, { attempt: { token } }: Watched, findings: Findings): boolean {
  return findings.lookedFor.has(token) && watch.absence(token).looks >= patience.limits.absenceLooks
}

/** The native that carries the token: the one that holds the guard, else the one that the manager shows. */
function nativeIn(
  findings: Findings,
  { attempt }: Watched,
): { readonly nativeId: string; readonly submitTime: string | null } | null {
  const holder = holderOf(findings, attempt.token)
  const seen = (findings.evidence.get(attempt.token) ?? []).find((one) =>
    holder === null ? one.nativeId !== null : isSameNative(one.nativeId, holder),
  )
  const nativeId = seen?.nativeId ?? holder
  return nativeId === null ? null : { nativeId, submitTime: seen?.submitTime ?? null }
}

/**
 * Before anything is submitted a second time the old attempt's guard is taken. Got it: the old native can never run the
 * payload, whenever it turns up, so a replacement follows. Not got: it has started and is the truth. Where nothing has
 * shown yet that a guard stops a native, they wait.
 */
export async function replaceVanished(
  desk: Desk,
  watch: Watch,
  live: Live,
  vanished: readonly Watched[],
  signal: AbortSignal,
): Promise<void> {
  if (vanished.length === 0) return
  const paused = pauseText(desk.store, desk.name)
  if (paused !== null) return tellWaiting(desk, new Map(vanished.map(({ job }) => [job.id, paused])))
  if (!isShown(desk.store, desk.name)) return holdBack(desk, vanished)
  await intendToFence(desk, vanished)
  const groups: AnyEventBody[][] = []
  const failed = await forEach(vanished, async (one) => {
    // The first guard alone: what was interrupted in its first start has run, and is not replaced.
    groups.push(eventsAfter(desk, live, one, await takeGuard(desk, live, one, signal, "first")))
    watch.forget(one.attempt.token)
  })
  await appendAll(desk, groups)
  await tellWaiting(
    desk,
    reasons(failed, ({ job }) => job),
  )
  desk.bells.submit.ring()
}

function eventsAfter(desk: Desk, live: Live, one: Watched, guard: Guard): AnyEventBody[] {
  if (guard.kind === "removed") return [endedElsewhere(one)]
  if (guard.kind === "missing") return [withoutDirectory(one)]
  if (guard.kind === "lost") return started(one, guard.owner)
  const { job, attempt } = one
  if (job.cancelRequestedAt !== null) {
    return [{ job: job.id, type: "fenced", token: attempt.token, won: true, owner: "us" }, cancelledBeforeStart(one)]
  }
  return replacement(desk, live, one)
}

/** It was there when the attempt was submitted, and with it went the proof that the payload has not run. */
function withoutDirectory({ job, attempt }: Watched): AnyEventBody {
  return {
    job: job.id,
    type: "ended",
    token: attempt.token,
    outcome: { state: "failed", cause: "lost", exitCode: null, signal: null },
    reason: "The manager does not know it any more, and its job directory is gone: nobody can say whether it ran.",
    evidence: [],
  }
}

function replacement(desk: Desk, live: Live, { job, attempt }: Watched): AnyEventBody[] {
  const fenced: AnyEventBody = { job: job.id, type: "fenced", token: attempt.token, won: true, owner: "us" }
  if (attempt.replacement >= replacementsMax) {
    const reason = `It vanished from the manager ${attempt.replacement + 1} times before it started.`
    return [
      fenced,
      {
        job: job.id,
        type: "ended",
        token: attempt.token,
        outcome: { state: "failed", cause: "launch", exitCode: null, signal: null },
        reason,
        evidence: [],
      },
    ]
  }
  const text = `${attempt.token} (${attempt.nativeId ?? "no native id"}) vanished before it started; it was fenced and is submitted again.`
  return [fenced, { job: job.id, type: "note", text }, intentFor(desk, live.place, job, attempt.devices, attempt)]
}

function started(one: Watched, owner: string): AnyEventBody[] {
  return [...acceptedBy(one, owner), { job: one.job.id, type: "fenced", token: one.attempt.token, won: false, owner }]
}
