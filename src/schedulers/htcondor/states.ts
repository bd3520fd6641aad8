/** What HTCondor's job states mean, as data. (proc.h, condor_history) */
import type { LiveState, Outcome } from "../../job/index.ts"
import { signalName } from "../signals.ts"

/** What an ad tells of a job; what is not said is null. */
export interface Told {
  readonly status: string
  readonly starts: number
  readonly holdCode: number | null
  readonly lastStatus: number | null
  readonly removeReason: string | null
  readonly exitCode: number | null
  readonly exitSignal: number | null
}

export type Meaning = { readonly live: LiveState } | { readonly outcome: Outcome } | null

const states: Readonly<Record<string, LiveState | "completed" | "removed" | "failed">> = {
  0: "queued",
  1: "queued",
  2: "running",
  3: "removed",
  4: "completed",
  5: "held",
  // Output on its way.
  6: "running",
  7: "suspended",
  8: "failed",
  9: "queued",
  10: "queued",
}

/** Its input is being spooled: nobody has to release it. */
const spooling = 16

const none = { exitCode: null, signal: null }

/** `isOver`: it has left the queue. One that is being removed may still have processes. */
export function meaningOf(told: Told, isOver: boolean): Meaning {
  const state = Object.hasOwn(states, told.status) ? states[told.status] : undefined
  if (state === undefined) return null
  if (state === "held") return { live: told.holdCode === spooling ? "queued" : "held" }
  if (state === "removed") return !isOver && told.starts > 0 ? { live: "running" } : { outcome: removed(told) }
  if (state === "completed") return { outcome: completed(told) }
  if (state === "failed") return { outcome: { state: "failed", cause: "exit", ...none } }
  return { live: state }
}

function completed({ exitCode, exitSignal }: Told): Outcome {
  if (exitSignal !== null) return { state: "failed", cause: "signal", exitCode: null, signal: signalName(exitSignal) }
  if (exitCode === 0) return { state: "completed", cause: null, exitCode: 0, signal: null }
  return { state: "failed", cause: "exit", exitCode, signal: null }
}

/** By our own periodic_remove, or by a person. */
function removed({ removeReason, lastStatus }: Told): Outcome {
  if (removeReason === null || !/PeriodicRemove/i.test(removeReason))
    return { state: "cancelled", cause: null, ...none }
  return { state: "failed", cause: lastStatus === 1 ? "preempted" : "timeout", ...none }
}
