/** Cancel: a recorded wish, carried out when the manager can be reached, repeated until the evidence shows an end. */
import { HawserError, asHawserError } from "../errors.ts"
import { type AnyEventBody, type Attempt, restartsOf } from "../job/index.ts"
import { fence } from "../remote/verbs.ts"
import { isSameNative } from "../schedulers/scheduler.ts"
import { answeredBehind } from "./answered.ts"
import { type Desk, tellWaiting } from "./desk.ts"
import { appendAll, chunks, forEach, reasons } from "./each.ts"
import type { Live } from "./link.ts"
import { holderIn } from "./records.ts"
import { isShown } from "./visibility.ts"
import type { Watch } from "./watch.ts"
import { type Watched, isOut, nativeOf, watchedBy } from "./watched.ts"

/** Natives in one command line. */
const nativesPerCall = 200

/**
 * For attempts that the manager may have. Those still on their way are the submit pass's own to end: it alone stages, so
 * only it can say that nothing follows behind a fence.
 */
export async function cancelStep(desk: Desk, watch: Watch, live: Live, signal: AbortSignal): Promise<void> {
  const wanted = watchedBy(desk).filter(({ job }) => job.cancelRequestedAt !== null)
  await cancelAll(desk, watch, live, wanted, signal)
}

/**
 * `missing`: there is no job directory, so nothing can start any more; what has started can't be seen. `removed`: the same,
 * and somebody with another copy of the state directory has removed it, when it was over.
 */
export interface Guard {
  readonly kind: "won" | "lost" | "missing" | "removed"
  /** Who holds it; empty where there is none. */
  readonly owner: string
}

/** Nothing of it can start any more, and nothing has, as far as anybody knows. */
export function isFenced({ kind }: Guard, { submission }: Attempt): boolean {
  return kind === "won" || (kind !== "lost" && submission !== "accepted")
}

/** A guard proves nothing here yet. `events`: what is known now of a submission that we did not know of. */
export interface Unproven {
  readonly kind: "unproven"
  readonly events: readonly AnyEventBody[]
}

/** Revokes each guard first where that is a proof: if we get it, the payload can never run, and that is the proof. Else TERM, then KILL. */
export async function cancelAll(
  desk: Desk,
  watch: Watch,
  live: Live,
  wanted: readonly Watched[],
  signal: AbortSignal,
): Promise<void> {
  const { patience } = desk
  const isTime = ({ attempt }: Watched): boolean => watch.cancelDue(attempt.token, patience.killAfterMs) !== null
  if (wanted.some(({ attempt }) => watch.cancelDue(attempt.token, patience.killAfterMs) === "kill"))
    await patience.learn(live, signal)
  const due = wanted.filter(isTime)
  if (due.length === 0) return
  await intendToFence(
    desk,
    due.filter((one) => canProve(desk, one)),
  )
  const guards = new Map<Watched, Guard | Unproven>()
  const failed = await forEach(due, async (one) => {
    guards.set(
      one,
      one.attempt.fence === "lost" ? { kind: "lost", owner: "" } : await takeGuardAsProof(desk, live, one, signal),
    )
  })
  await tellWaiting(
    desk,
    reasons(failed, ({ job }) => job),
  )
  const sent: Watched[] = []
  // The proof is written down although the native behind it could not be cancelled; that is tried again.
  const trouble = await cancelNatives(desk, watch, live, [...guards.keys()], sent, signal).catch(
    (error: unknown) => error,
  )
  const groups = [...guards].map(([one, guard]) => eventsOf(one, guard, sent.includes(one)))
  await appendAll(desk, groups)
  for (const one of sent) watch.cancelSent(one.attempt.token)
  if (trouble !== undefined) throw asHawserError(trouble)
}

/** Those that may exist; where the native id is not known, by name. */
async function cancelNatives(
  desk: Desk,
  watch: Watch,
  live: Live,
  guarded: readonly Watched[],
  sent: Watched[],
  signal: AbortSignal,
): Promise<void> {
  sent.push(...guarded.filter((one) => !isOut(one)))
  for (const how of ["term", "kill"] as const) {
    const natives = guarded.filter(
      (one) => isOut(one) && watch.cancelDue(one.attempt.token, desk.patience.killAfterMs) === how,
    )
    for (const some of chunks(natives, nativesPerCall)) {
      await live.cancel(desk.scheduler, some.map(nativeOf), { force: how === "kill" }, signal)
      sent.push(...some)
    }
  }
}

function eventsOf(one: Watched, guard: Guard | Unproven, isSent: boolean): readonly AnyEventBody[] {
  if (guard.kind === "unproven") return guard.events
  const { job, attempt } = one
  // What may run without its directory is over when the evidence says so.
  const won = isFenced(guard, attempt)
  const { owner } = guard
  const fenced: AnyEventBody[] =
    attempt.fence === (won ? "won" : "lost") ? [] : [{ job: job.id, type: "fenced", token: attempt.token, won, owner }]
  // In this order: of a group that a power failure cuts, the first ones stay.
  if (!won) return attempt.submission === "accepted" ? fenced : [...acceptedBy(one, owner), ...fenced]
  if (!isSent) return fenced
  return [...fenced, guard.kind === "removed" ? endedElsewhere(one) : cancelledBeforeStart(one)]
}

/** What was removed had ended: somebody with another copy of the state directory knows how. (PROTOCOL 31) */
export function endedElsewhere({ job, attempt }: Watched): AnyEventBody {
  return {
    job: job.id,
    type: "ended",
    token: attempt.token,
    outcome: { state: "failed", cause: "lost", exitCode: null, signal: null },
    reason:
      "Its job directory was removed (prune, retention) by a controller that has another copy of this state directory: it had ended there, and that controller knows how. It is not run a second time.",
    evidence: [],
  }
}

export function cancelledBeforeStart({ job, attempt }: Watched): AnyEventBody {
  const outcome = { state: "cancelled", cause: null, exitCode: null, signal: null } as const
  const reason =
    restartsOf(attempt) === 0 ? "Cancelled before it started." : "Cancelled before its manager had started it again."
  return { job: job.id, type: "ended", token: attempt.token, outcome, reason, evidence: [] }
}

/** The guard tells which native has started, also where its submission was never answered. */
export function acceptedBy({ job, attempt }: Watched, owner: string): AnyEventBody[] {
  const holder = holderIn(owner) ?? attempt.nativeId
  const nativeId = isSameNative(holder, attempt.nativeId) ? attempt.nativeId : holder
  if (nativeId === null) return []
  return [{ job: job.id, type: "accepted", token: attempt.token, nativeId, submitTime: attempt.submitTime }]
}

/** The intents to fence, on disk as one group before any guard is taken. */
export async function intendToFence(desk: Desk, wanted: readonly Watched[]): Promise<void> {
  await appendAll(
    desk,
    wanted.flatMap(({ job, attempt }) =>
      attempt.fence === null ? [[{ job: job.id, type: "fence-intent" as const, token: attempt.token }]] : [],
    ),
  )
}

/**
 * Takes the guard where that is a proof: everywhere, once it is shown to be seen by jobs (PROTOCOL 8). Before that, of
 * what was never submitted alone; the rest ends by the manager's word.
 */
export async function takeGuardAsProof(
  desk: Desk,
  live: Live,
  one: Watched,
  signal: AbortSignal,
  start: 0 | "first" = 0,
): Promise<Guard | Unproven> {
  if (!canProve(desk, one)) return { kind: "unproven", events: [] }
  const guard = await takeGuard(desk, live, one, signal, start)
  if (isShown(desk.store, desk.name) || guard.kind !== "won") return guard
  const events = await answeredBehind(desk, live, one, signal)
  return events.length === 0 ? guard : { kind: "unproven", events }
}

/** Whether to have its guard is, or may turn out to be, the proof that it never runs. */
export function canProve(desk: Desk, one: Watched): boolean {
  return isShown(desk.store, desk.name) || !isOut(one)
}

/** Takes the guard of the attempt's next start, or of its first one alone. The intent has been recorded. */
export async function takeGuard(
  desk: Desk,
  live: Live,
  { attempt }: Watched,
  signal: AbortSignal,
  start: 0 | "first" = 0,
): Promise<Guard> {
  try {
    const { won, owner } = await live.session.act(
      fence(live.place, attempt.token, `revoked:${desk.store.epoch}:${attempt.token}`, start),
      signal,
    )
    // A fence of an earlier controller is as good as ours: nobody can run behind it.
    return { kind: won || owner.startsWith("revoked:") ? "won" : "lost", owner }
  } catch (error) {
    if (!(error instanceof HawserError)) throw error
    if (error.code === "JOB_DIRECTORY_MISSING") return { kind: "missing", owner: "" }
    if (error.code === "JOB_DIRECTORY_REMOVED") return { kind: "removed", owner: "" }
    throw error
  }
}
