/** What the state letters and exit statuses of PBS Pro, OpenPBS and Torque mean, as data. (qstat(1), job.h, pbs_job.h) */
import type { Cause, FinalState, LiveState, Outcome } from "../../job/index.ts"
import { signalName } from "../signals.ts"

/** A letter that leaves the native alive, or that only says that it is over: the exit status has to say how. */
export type Meaning = LiveState | "ended"

const common: Readonly<Record<string, Meaning | null>> = {
  Q: "queued",
  T: "queued",
  // Until its execution time.
  W: "queued",
  H: "held",
  R: "running",
  // Processes may still be there.
  E: "running",
  S: "suspended",
}

export const pbsStates: Readonly<Record<string, Meaning | null>> = {
  ...common,
  U: "suspended",
  B: "running",
  X: "ended",
  F: "ended",
  // Moved to another server, which alone knows what became of it.
  M: null,
}

export const torqueStates: Readonly<Record<string, Meaning | null>> = { ...common, C: "ended" }

/** Another word says nothing: it is kept, and has no effect. */
export function meaningOf(states: typeof pbsStates, word: string): Meaning | null {
  return Object.hasOwn(states, word) ? (states[word] ?? null) : null
}

interface Ending {
  readonly state: FinalState
  readonly cause: Cause | null
}

const launch: Ending = { state: "failed", cause: "launch" }
const timeout: Ending = { state: "failed", cause: "timeout" }
const outOfMemory: Ending = { state: "failed", cause: "out-of-memory" }
const nodeFailure: Ending = { state: "failed", cause: "node-failure" }
const cancelled: Ending = { state: "cancelled", cause: null }

/** Of negative exit statuses: PBS itself ended the job, or could not start it. Others than these: it could not start it. */
export const pbsEndings: Readonly<Record<number, Ending>> = {
  // Aborted when the node's daemon was started again.
  [-4]: nodeFailure,
  [-5]: nodeFailure,
  [-6]: nodeFailure,
  [-14]: nodeFailure,
  [-19]: cancelled,
  [-20]: nodeFailure,
  [-26]: outOfMemory,
  [-27]: outOfMemory,
  [-28]: timeout,
  [-29]: timeout,
}

export const torqueEndings: Readonly<Record<number, Ending>> = {
  [-4]: nodeFailure,
  [-5]: nodeFailure,
  [-6]: nodeFailure,
  [-10]: outOfMemory,
  [-11]: timeout,
  [-12]: timeout,
}

/** What is told of a native that is over. */
export interface End {
  /** Null: none was printed. */
  readonly status: number | null
  readonly hasStarted: boolean
  /** It had used up its walltime. */
  readonly isOverrun: boolean
  /** The server says that it was deleted. */
  readonly isDeleted: boolean
  /** The server gave it up without word from its node. */
  readonly isNodeLost: boolean
}

/** F and C stand for success, failure and deletion alike: the exit status decides. */
export function outcomeOf(end: End, endings: typeof pbsEndings): Outcome {
  const { status, isOverrun, isDeleted, isNodeLost } = end
  const none = { exitCode: null, signal: null }
  const killed = status !== null && status >= 256
  if (isOverrun && (killed || isDeleted)) return { ...timeout, ...none }
  // Told to end before it had started: there was nothing that a signal could have reached.
  if (isDeleted || (!end.hasStarted && killed)) return { ...cancelled, ...none }
  if (status === null) return isNodeLost ? { ...nodeFailure, ...none } : { state: "failed", cause: "exit", ...none }
  if (status < 0) return { ...(endings[status] ?? launch), ...none }
  // Signal + 256: 271 is TERM (qdel, walltime), 265 KILL.
  if (killed) return { state: "failed", cause: "signal", exitCode: null, signal: signalName(status - 256) }
  if (status === 0) return { state: "completed", cause: null, exitCode: 0, signal: null }
  return { state: "failed", cause: "exit", exitCode: status, signal: null }
}
