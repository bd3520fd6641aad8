/** Give up: what has not started by its deadline never will, and ends. (PROTOCOL 9) */
import { isoTime } from "../clock.ts"
import { asHawserError } from "../errors.ts"
import { type AnyEventBody, type Cause, type Job, giveUpAt } from "../job/index.ts"
import { askRecords, noFindings } from "./ask.ts"
import {
  type Guard,
  type Unproven,
  acceptedBy,
  canProve,
  endedElsewhere,
  intendToFence,
  isFenced,
  takeGuardAsProof,
} from "./cancel.ts"
import { type Desk, tellWaiting } from "./desk.ts"
import { appendAll, forEach, reasons } from "./each.ts"
import { hasStarted } from "./judge.ts"
import type { Live } from "./link.ts"
import type { Watch } from "./watch.ts"
import { type Watched, isOut, nativeOf, onTheirWay, watchedBy } from "./watched.ts"

/**
 * How far the clocks of the manager's nodes may be behind what its host told us, when nobody can be asked: only after that
 * the wrapper's own look at `start-before` is a proof.
 */
const skewMsMax = 120_000

/**
 * Of these, ends those whose time is over and whose guard it gets: they can never run. What holds its guard has started,
 * and goes on. Returns how many it has dealt with.
 */
export async function giveUp(desk: Desk, live: Live, some: readonly Watched[], signal: AbortSignal): Promise<number> {
  // Where a fence proves nothing yet, what the manager may have is ended by the wrapper's own look at the time.
  const due = some.filter((one) => isOverdue(desk, one, canProve(desk, one) ? 0 : skewMsMax))
  if (due.length === 0) return 0
  await intendToFence(
    desk,
    due.filter((one) => canProve(desk, one)),
  )
  const groups: (readonly AnyEventBody[])[] = []
  const given: Watched[] = []
  const failed = await forEach(due, async (one) => {
    // The first one alone: a start that its manager has stopped may be followed by another, which is none of ours to keep.
    const guard = await unlessItRan(desk, live, one, await takeGuardAsProof(desk, live, one, signal, "first"), signal)
    groups.push(eventsOf(one, guard))
    if (guard.kind === "won" || (guard.kind === "unproven" && isOut(one))) given.push(one)
  })
  await appendAll(desk, groups)
  await tellWaiting(
    desk,
    reasons(failed, ({ job }) => job),
  )
  await cancelBehind(desk, live, given, signal)
  return groups.length
}

/** The guard that was won may be that of a second start: what was interrupted in its first one has run, and is judged. */
async function unlessItRan(
  desk: Desk,
  live: Live,
  one: Watched,
  guard: Guard | Unproven,
  signal: AbortSignal,
): Promise<Guard | Unproven> {
  if (guard.kind !== "won") return guard
  const findings = noFindings()
  await askRecords(desk, live, [one], findings, signal)
  const first = findings.records.get(one.attempt.token)?.guards.find(({ start }) => start === 0)
  return first?.owner.startsWith("native:") === true ? { kind: "lost", owner: first.owner } : guard
}

/**
 * The manager has just been tried, and is away: of those that it has, whatever it does, none can start any more. One try
 * says little: a laptop that wakes up finds the deadline over and its line dead, and has only to connect again. It must
 * have been away for as long as an absence counts.
 */
export async function giveUpAway(desk: Desk, watch: Watch): Promise<void> {
  const due = [...watchedBy(desk), ...onTheirWay(desk)].filter(
    (one) => isOverdue(desk, one, skewMsMax) && watch.overdueForMs(one.attempt.token) >= desk.patience.limits.absenceMs,
  )
  if (due.length === 0) return
  // Also one that was refused may be out there: the answer to its next try may be on its way.
  const groups = due.map((one) =>
    one.attempt.fence === "won"
      ? [endOf(one, "launch", "and it has not run.")]
      : [endOf(one, "abandoned", `and its manager is away: ${unseenText}`)],
  )
  await appendAll(desk, groups)
  // What may be left of them is looked for as soon as the manager is back.
  desk.bells.monitor.ring()
}

const unseenText = "it can't start any more. Whether it had, late evidence may tell."

/** Why a job that was not even submitted is given up. */
export function lateText(at: number): string {
  return `It was to start by ${isoTime(at)} (giveUpAfter)`
}

/** Whether its deadline is over. A clock that is set back puts it off. */
export function isLate({ clock }: Desk, job: Job, marginMs = 0): boolean {
  const at = giveUpAt(job)
  return at !== null && clock.now() >= at + marginMs
}

/** Not known to have started, with nobody else about to end it. */
function isOverdue(desk: Desk, { job, attempt }: Watched, marginMs: number): boolean {
  if (!isLate(desk, job, marginMs)) return false
  return attempt.fence !== "lost" && !hasStarted({ attempt, records: null }) && job.cancelRequestedAt === null
}

function eventsOf(one: Watched, guard: Guard | Unproven): readonly AnyEventBody[] {
  const { job, attempt } = one
  if (guard.kind === "unproven" && isOut(one))
    return [endOf(one, "abandoned", `and nothing has shown yet that a fence stops it: ${unseenText}`)]
  if (guard.kind === "unproven") return guard.events
  // Nothing starts without its directory, but it may have started before that was gone: the judge will see.
  const won = isFenced(guard, attempt)
  const { owner } = guard
  const fenced: AnyEventBody = { job: job.id, type: "fenced", token: attempt.token, won, owner }
  if (won && guard.kind === "removed") return [fenced, endedElsewhere(one)]
  if (won) return [fenced, endOf(one, "launch", "and it had not: it was fenced.")]
  // What has started is known before its fence is called lost: of a group that a power failure cuts, the first ones stay.
  return attempt.submission === "accepted" ? [fenced] : [...acceptedBy(one, owner), fenced]
}

function endOf({ job, attempt }: Watched, cause: Cause, why: string): AnyEventBody {
  const outcome = { state: "failed", cause, exitCode: null, signal: null } as const
  const reason = `${lateText(giveUpAt(job) ?? 0)}, ${why}`
  return { job: job.id, type: "ended", token: attempt.token, outcome, reason, evidence: [] }
}

/** The fence is the proof. A native that can't be cancelled now finds its guard taken, or a later sweep finds it. */
async function cancelBehind(desk: Desk, live: Live, given: readonly Watched[], signal: AbortSignal): Promise<void> {
  const out = given.filter(isOut)
  if (out.length === 0) return
  try {
    await live.cancel(desk.scheduler, out.map(nativeOf), { force: false }, signal)
  } catch (error) {
    desk.log.warn({ executor: desk.name, error: asHawserError(error).message }, "given up, and not cancelled yet")
  }
}
