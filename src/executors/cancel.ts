/** Cancel: a recorded wish, carried out when the manager can be reached, repeated until the evidence shows an end. */
import type { AnyEventBody } from "../job/index.ts"
import { fence } from "../remote/verbs.ts"
import type { Desk } from "./desk.ts"
import type { Live } from "./link.ts"
import type { Watch } from "./watch.ts"
import { type Watched, nativeOf, watchedBy } from "./watched.ts"

/**
 * For attempts that the manager may have. Those still on their way are the submit pass's own to end: it alone stages, so
 * only it can say that nothing follows behind a fence.
 */
export async function cancelStep(desk: Desk, watch: Watch, live: Live, signal: AbortSignal): Promise<void> {
  const wanted = watchedBy(desk).filter(({ job }) => job.cancelRequestedAt !== null)
  await cancelAll(desk, watch, live, wanted, signal)
}

/** Revokes each guard first: if we get it, the payload can never run, and that is the proof. Else TERM, then KILL. */
export async function cancelAll(desk: Desk, watch: Watch, live: Live, wanted: readonly Watched[], signal: AbortSignal): Promise<void> {
  const events: AnyEventBody[] = []
  for (const one of wanted) events.push(...(await cancelOne(desk, watch, live, one, signal)))
  if (events.length > 0) await desk.store.append(events)
  if (events.some((event) => event.type === "ended")) desk.bells.collect.ring()
}

async function cancelOne(desk: Desk, watch: Watch, live: Live, one: Watched, signal: AbortSignal): Promise<AnyEventBody[]> {
  const { job, attempt } = one
  const how = watch.cancelStep(attempt.token, desk.pace.killAfterMs)
  if (how === null) return []
  const { won, owner } = attempt.fence === "lost" ? { won: false, owner: "" } : await takeGuard(desk, live, one, signal)
  if (attempt.nativeId !== null) {
    await live.cancel(desk.scheduler, [nativeOf(one)], { force: how === "kill" }, signal)
  }
  if (attempt.fence === "lost") return []
  const fenced: AnyEventBody = { job: job.id, type: "fenced", token: attempt.token, won, owner }
  if (!won) return attempt.submission === "accepted" ? [fenced] : [fenced, acceptedBy(one, owner)]
  const outcome = { state: "cancelled", cause: null, exitCode: null, signal: null } as const
  return [fenced, { job: job.id, type: "ended", token: attempt.token, outcome, reason: "Cancelled before it started.", evidence: [] }]
}

/** The guard tells which native has started, also where its submission was never answered. */
export function acceptedBy({ job, attempt }: Watched, owner: string): AnyEventBody {
  const nativeId = owner.split(":")[1] ?? attempt.nativeId ?? ""
  return { job: job.id, type: "accepted", token: attempt.token, nativeId, submitTime: attempt.submitTime }
}

/** Records the intent, then takes the guard of the attempt's next start. */
export async function takeGuard(
  desk: Desk,
  live: Live,
  { job, attempt }: Watched,
  signal: AbortSignal,
): Promise<{ readonly won: boolean; readonly owner: string }> {
  if (attempt.fence === null) await desk.store.append([{ job: job.id, type: "fence-intent", token: attempt.token }])
  const { won, owner } = await live.session.act(fence(live.place, attempt.token, `revoked:${desk.store.epoch}:${attempt.token}`), signal)
  // A fence of an earlier controller is as good as ours: nobody can run behind it.
  return { won: won || owner.startsWith("revoked:"), owner }
}
