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
  Suspended: "suspended",
  Resuming: "suspended",
  // What can never run (a container that does not exist, a deadline that has passed), on its way to Error.
  toError: "ended",
  Terminated: "ended",
  Error: "ended",
}

/** Of those that are not over. */
export const livingStates: readonly string[] = Object.keys(states).filter((word) => states[word] !== "ended")

/** Null for a word that is not known. */
export function meaningOf(word: string): LiveState | "ended" | null {
  return Object.hasOwn(states, word) ? (states[word] ?? null) : null
}

/** What OAR noted of a job. */
export interface Event {
  readonly type: string
  readonly description: string
}

/**
 * The first of these that was noted decides; a deletion follows upon some of them. One that OAR wants itself for no other reason
 * is that of a node that was declared absent or dead. (NodeChangeState)
 */
const eventCauses: readonly (readonly [event: RegExp, cause: Cause | null])[] = [
  [/^WALLTIME /, "timeout"],
  [/^BESTEFFORT_KILL /, "preempted"],
  [/^(?:\w*NODE_SUSPECTED\w*|EXTERMINATE_JOB) /, "node-failure"],
  [
    /^(?:WORKING_DIRECTORY|OUTPUT_FILES|USER_SHELL|LAUNCHING_OAREXEC_TIMEOUT|PROLOGUE_ERROR|CPUSET_ERROR|CANNOT_\w+) /,
    "launch",
  ],
  [/^FRAG_JOB_REQUEST User oar /, "node-failure"],
  [/^FRAG_JOB_REQUEST /, null],
]

/**
 * What could not be launched (a node that does not answer, a prologue that fails) OAR itself submits again, as another job with the
 * same name and script. (NodeChangeState)
 */
export function isResubmitted(events: readonly Event[]): boolean {
  return events.some(({ type }) => type === "RESUBMIT_JOB_AUTOMATICALLY")
}

/** `status`: as wait(2) gives it, 256 for exit code 1; null: none was noted. */
export function outcomeOf(word: string, events: readonly Event[], status: number | null): Outcome {
  // oarexec is told to end, and ends what it has started by KILL.
  const how = { exitCode: null, signal: events.some(({ type }) => type === "SEND_KILL_JOB") ? "KILL" : null }
  const noted = events.map(({ type, description }) => `${type} ${description}`)
  const told = eventCauses.find(([event]) => noted.some((one) => event.test(one)))
  if (told !== undefined) {
    const [, cause] = told
    return cause === null ? { state: "cancelled", cause, ...how } : { state: "failed", cause, ...how }
  }
  const signal = (status ?? 0) & 127
  if (signal !== 0) return { state: "failed", cause: "signal", exitCode: null, signal: signalName(signal) }
  const code = status === null ? null : (status >> 8) & 255
  if (word === "Terminated" && (code === null || code === 0)) {
    return { state: "completed", cause: null, exitCode: 0, signal: null }
  }
  return { state: "failed", cause: "exit", exitCode: code === 0 ? null : code, signal: null }
}
