/** The states and causes of a job, as data. */

export const jobStates = [
  "new",
  "staging",
  "queued",
  "held",
  "running",
  "suspended",
  "collecting",
  "completed",
  "failed",
  "cancelled",
] as const
export type JobState = (typeof jobStates)[number]

export const finalStates = ["completed", "failed", "cancelled"] as const
export type FinalState = (typeof finalStates)[number]

/** What the manager can say of a native that it still has. */
export type LiveState = "queued" | "held" | "running" | "suspended"

/** Why a job failed. `completed` means exit code 0; everything else has one of these. */
export const causes = [
  "exit",
  "signal",
  "timeout",
  "out-of-memory",
  "node-failure",
  "preempted",
  "launch",
  "rejected",
  "dependency",
  "stage-in",
  "stage-out",
  "lost",
  "abandoned",
] as const
export type Cause = (typeof causes)[number]

export function isFinal(state: JobState): state is FinalState {
  return (finalStates as readonly JobState[]).includes(state)
}

/**
 * The moves that the reducer allows. `collecting` and the live states lead back to `new` only through a new attempt, and
 * to `staging` only through a replacement of one whose payload can never run (its native may have been seen running); final states change only through
 * late evidence (`corrected`) or a retry that a person asked for.
 */
export const moves: Readonly<Record<JobState, readonly JobState[]>> = {
  new: ["staging", "failed", "cancelled"],
  staging: ["queued", "held", "running", "suspended", "collecting", "new", "failed", "cancelled"],
  queued: ["staging", "queued", "held", "running", "suspended", "collecting", "new", "failed", "cancelled"],
  held: ["staging", "held", "queued", "running", "suspended", "collecting", "new", "failed", "cancelled"],
  running: ["staging", "running", "suspended", "queued", "held", "collecting", "new", "failed", "cancelled"],
  suspended: ["staging", "suspended", "running", "queued", "held", "collecting", "new", "failed", "cancelled"],
  collecting: ["completed", "failed", "cancelled", "new"],
  completed: [],
  failed: ["new"],
  cancelled: ["new"],
}

/** What we know of a manager, apart from its jobs. */
export type Health = "up" | "degraded" | "unreachable" | "needs-login" | "gone"
