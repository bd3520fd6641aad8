/** Resolve: what became of a submission whose answer was lost, and of an attempt that vanished before it started. */
import { type AnyEventBody, currentAttempt } from "../job/index.ts"
import { acceptedBy, takeGuard } from "./cancel.ts"
import type { Desk } from "./desk.ts"
import type { Live } from "./link.ts"
import { type Findings, lookFor } from "./ask.ts"
import { intentFor } from "./intent.ts"
import type { Watch } from "./watch.ts"
import type { Watched } from "./watched.ts"

/** An attempt is replaced by itself at most this often; then it fails, with what was seen. */
const replacementsMax = 5

/** In doubt: found under its token, it was accepted; else, after enough complete looks, it is fenced and replaced. */
export async function resolveInDoubt(desk: Desk, watch: Watch, live: Live, findings: Findings, signal: AbortSignal): Promise<void> {
  const doubtful = desk.book.in("staging").flatMap((job): Watched[] => {
    const attempt = currentAttempt(job)
    return attempt?.submission === "in-doubt" && job.cancelRequestedAt === null ? [{ job, attempt }] : []
  })
  if (doubtful.length === 0) return
  await lookFor(desk, watch, live, doubtful, findings, signal)
  const found: AnyEventBody[] = []
  const vanished: Watched[] = []
  for (const one of doubtful) {
    const native = nativeIn(findings, one)
    if (native !== null) found.push({ job: one.job.id, type: "accepted", token: one.attempt.token, ...native })
    else if (watch.absence(one.attempt.token).looks >= desk.judgeLimits.absenceLooks) vanished.push(one)
  }
  if (found.length > 0) await desk.store.append(found)
  await replaceVanished(desk, watch, live, vanished, signal)
}

/** The native that carries the token: the one that holds the guard, else the one that the manager shows. */
function nativeIn(findings: Findings, { attempt }: Watched): { readonly nativeId: string; readonly submitTime: string | null } | null {
  const records = findings.records.get(attempt.token)
  const guard = records?.guards.map((one) => one.owner.split(":")).find(([kind]) => kind === "native")
  if (guard?.[1] !== undefined) return { nativeId: guard[1], submitTime: null }
  const seen = (findings.evidence.get(attempt.token) ?? []).find((one) => one.nativeId !== null)
  return seen?.nativeId == null ? null : { nativeId: seen.nativeId, submitTime: seen.submitTime }
}

/**
 * Before anything is submitted a second time the old attempt's guard is taken. Got it: the old native can never run the
 * payload, whenever it turns up, so a replacement follows. Not got: it has started and is the truth.
 */
export async function replaceVanished(
  desk: Desk,
  watch: Watch,
  live: Live,
  vanished: readonly Watched[],
  signal: AbortSignal,
): Promise<void> {
  for (const one of vanished) {
    const { won, owner } = await takeGuard(desk, live, one, signal)
    watch.forget(one.attempt.token)
    await desk.store.append(won ? replacement(desk, live, one) : started(one, owner))
    desk.bells.submit.ring()
  }
}

function replacement(desk: Desk, live: Live, { job, attempt }: Watched): AnyEventBody[] {
  const fenced: AnyEventBody = { job: job.id, type: "fenced", token: attempt.token, won: true, owner: "us" }
  if (attempt.replacement >= replacementsMax) {
    const reason = `It vanished from the manager ${attempt.replacement + 1} times before it started.`
    return [fenced, { job: job.id, type: "ended", token: attempt.token, outcome: { state: "failed", cause: "launch", exitCode: null, signal: null }, reason, evidence: [] }]
  }
  const text = `${attempt.token} (${attempt.nativeId ?? "no native id"}) vanished before it started; it was fenced and is submitted again.`
  return [fenced, { job: job.id, type: "note", text }, intentFor(desk, live.place, job, attempt.devices, attempt)]
}

function started(one: Watched, owner: string): AnyEventBody[] {
  return [{ job: one.job.id, type: "fenced", token: one.attempt.token, won: false, owner }, acceptedBy(one, owner)]
}
