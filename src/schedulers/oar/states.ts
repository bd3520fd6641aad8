/** What OAR's states and events mean, as data. (mysql_structure.sql, the events of oarstat -e) */
import type { Cause, LiveState, Outcome } from "../../job/index.ts"
import { signalName } from "../signals.ts"

const states: Readonly<Record<string, LiveState | "ended">> = {
  Waiting: "queued",
  toAckReservation: "queued",
  toLaunch: "queued",
  Launching: "queued",
  Hold: "held",
  Running: "running",
  // Its processes may still be there.
  Finishing: "running",
  toError: "running",
  Suspended: "suspended",
  Resuming: "suspended",
  Terminated: "ended",
  Error: "ended",
}

/** Null for a word that is not known. */
export function meaningOf(word: string): LiveState | "ended" | null {
  return Object.hasOwn(states, word) ? (states[word] ?? null) : null
}

/** The first of these that was noted decides; a deletion follows upon some of them. */
const eventCauses: readonly (readonly [event: RegExp, cause: Cause | null])[] = [
  [/^WALLTIME$/, "timeout"],
  [/^BESTEFFORT_KILL$/, "preempted"],
  [/NODE_SUSPECTED|^EXTERMINATE$/, "node-failure"],
  [
    /^(?:WORKING_DIRECTORY|OUTPUT_FILES|USER_SHELL|LAUNCHING_OAREXEC_TIMEOUT|PROLOGUE_ERROR|CPUSET_ERROR|CANNOT_.*)$/,
    "launch",
  ],
  [/^FRAG_JOB_REQUEST$/, null],
]

/** `status`: as wait(2) gives it, 256 for exit code 1; null: none was noted. */
export function outcomeOf(word: string, events: readonly string[], status: number | null): Outcome {
  const none = { exitCode: null, signal: null }
  const told = eventCauses.find(([event]) => events.some((one) => event.test(one)))
  if (told !== undefined) {
    const [, cause] = told
    return cause === null ? { state: "cancelled", cause, ...none } : { state: "failed", cause, ...none }
  }
  const signal = (status ?? 0) & 127
  if (signal !== 0) return { state: "failed", cause: "signal", exitCode: null, signal: signalName(signal) }
  const code = status === null ? null : (status >> 8) & 255
  if (word === "Terminated" && (code === null || code === 0)) {
    return { state: "completed", cause: null, exitCode: 0, signal: null }
  }
  return { state: "failed", cause: "exit", exitCode: code === 0 ? null : code, signal: null }
}
