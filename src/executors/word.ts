/** The manager's word: what it alone can know of an end, and where its word is not the last one. Pure. */
import type { Attempt, Cause, Evidence, Job, Outcome } from "../job/index.ts"
import type { ExitRecord } from "../remote/layout.ts"

/** Causes that only the manager can know: they explain a signal or an exit code, and outrank it. */
export const managerCauses: ReadonlySet<string> = new Set(["timeout", "out-of-memory", "node-failure", "preempted"])

type Limit = NonNullable<ExitRecord["limit"]>

const limitEnds: Readonly<Record<Limit, { readonly cause: Cause; readonly reason: string }>> = {
  walltime: { cause: "timeout", reason: "Its walltime was over." },
  instance: {
    cause: "node-failure",
    reason: "The Flux instance in which it ran has died, and what was left of it was ended.",
  },
  allocation: {
    cause: "preempted",
    reason:
      "It was told to end together with its Flux instance: the allocation of that was over, or its pilot was cancelled.",
  },
}

/** Whoever looks after a Flux instance of ours has said why: no manager has to. */
function isOfInstance({ limit }: Pick<ExitRecord, "limit">): boolean {
  return limit === "instance" || limit === "allocation"
}

/** What it means that something of ours has ended the payload; null: nothing has, or a cancel explains it. */
export function limitEnd(
  record: Pick<ExitRecord, "limit">,
  cancelRequestedAt: number | null,
): (typeof limitEnds)[Limit] | null {
  if (record.limit === null || (isOfInstance(record) && cancelRequestedAt !== null)) return null
  return limitEnds[record.limit]
}

/** With these managers end natives, and kernels those that want too much memory. */
const managerSignals: ReadonlySet<string> = new Set(["TERM", "KILL"])

/**
 * Whether a failure that was the payload's own may have a cause that only the manager knows: a program whose child was killed
 * for want of memory ends with any exit code it likes. That is waited for where the policy asks for it.
 */
export function isExplicable({ wantsCause }: { readonly wantsCause: boolean }, record: ExitRecord): boolean {
  const isOwn =
    record.exitCode !== 0 && record.signal === null && record.launchFailure === null && record.limit === null
  return isOwn && wantsCause
}

/**
 * TERM or KILL, or what a shell makes of a child that was ended by one of them: 143, 137. A manager ends the processes of a
 * native one by one, and the wrapper last perhaps.
 */
export function mayBeManagers({ exitCode, signal }: Pick<ExitRecord, "exitCode" | "signal">): boolean {
  return signal === null ? exitCode === 143 || exitCode === 137 : managerSignals.has(signal)
}

/**
 * Told to end, or perhaps: a manager ends the processes of a native one by one, and the payload may have died, and its
 * end be written down, before the wrapper's turn came. Only the manager knows whether it did, and why.
 */
export function isSignalled(record: ExitRecord): boolean {
  if (record.wrapperSignal !== null) return !isOfInstance(record)
  return mayBeManagers(record) && record.limit === null
}

/** There may be another attempt, and causes that only the manager can know decide on it. */
export function wantsCause({ spec }: Job, { number }: Attempt): boolean {
  const { maxAttempts, on } = spec.retry
  return number < maxAttempts && on.some((one) => typeof one === "string" && managerCauses.has(one))
}

/** Ends to which a native comes in the queue: cancelled there, or its request can't be met, or what it waits for can't come. */
export function isNeverStarted({ state, cause }: Outcome): boolean {
  return state === "cancelled" || cause === "rejected" || cause === "dependency"
}

/** Ends that may come before the job's script has run, and are no failed launch. */
export function mayEndBefore(outcome: Outcome): boolean {
  return isNeverStarted(outcome) || outcome.cause === "node-failure" || outcome.cause === "preempted"
}

/** The end of a start that the manager may follow up with another one, as far as this source can tell. */
export function mayStartAgain({ source, outcome }: Evidence): boolean {
  return source === "accounting" && (outcome?.cause === "preempted" || outcome?.cause === "node-failure")
}

/**
 * One that was stopped and is to be cancelled may be waiting for its next start where no list shows it: the cancel takes the
 * guard of that before the end of the start before is believed.
 */
export function awaitsFence(
  known: { readonly cancelRequestedAt: number | null; readonly attempt: Pick<Attempt, "fence"> },
  final: Evidence | null,
): boolean {
  const isTried = known.attempt.fence === "won" || known.attempt.fence === "lost"
  return known.cancelRequestedAt !== null && !isTried && (final === null || mayStartAgain(final))
}
