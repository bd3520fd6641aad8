/** What LSF's states and termination reasons mean, as data. (bjobs(1), lsbatch.h) */
import type { Cause, FinalState, LiveState, Outcome } from "../../job/index.ts"
import { signalName } from "../signals.ts"

interface Ending {
  readonly state: FinalState
  readonly cause: Cause | null
}

const completed: Ending = { state: "completed", cause: null }

const states: Readonly<Record<string, LiveState | Ending | null>> = {
  PEND: "queued",
  PROV: "queued",
  WAIT: "queued",
  // Stopped before it ran.
  PSUSP: "held",
  RUN: "running",
  USUSP: "suspended",
  SSUSP: "suspended",
  DONE: completed,
  POST_DONE: completed,
  // What failed is what comes behind the job.
  POST_ERR: completed,
  EXIT: { state: "failed", cause: "exit" },
  // Its host does not answer, and nobody knows what becomes of it there.
  UNKWN: null,
  ZOMBI: null,
}

/** A state, or an end; null for a word that is not known or says nothing. */
export function meaningOf(word: string): LiveState | Ending | null {
  return Object.hasOwn(states, word) ? (states[word] ?? null) : null
}

const cancelled: Ending = { state: "cancelled", cause: null }
const failed = (cause: Cause): Ending => ({ state: "failed", cause })

/** Why an EXIT came; other reasons leave it to the exit code. */
const reasons: Readonly<Record<string, Ending>> = {
  TERM_RUNLIMIT: failed("timeout"),
  TERM_CPULIMIT: failed("timeout"),
  TERM_DEADLINE: failed("timeout"),
  TERM_MEMLIMIT: failed("out-of-memory"),
  TERM_SWAP: failed("out-of-memory"),
  TERM_SWAPLIMIT: failed("out-of-memory"),
  TERM_PREEMPT: failed("preempted"),
  TERM_LOAD: failed("preempted"),
  TERM_WINDOW: failed("preempted"),
  TERM_RC: failed("preempted"),
  // Its host had crashed.
  TERM_ZOMBIE: failed("node-failure"),
  TERM_SLURM: failed("node-failure"),
  TERM_REMOVE_HUNG_JOB: failed("node-failure"),
  TERM_CWD_NOTEXIST: failed("launch"),
  TERM_PRE_EXEC_FAIL: failed("launch"),
  TERM_DATA: failed("launch"),
  TERM_ORPHAN_SYSTEM: failed("dependency"),
  TERM_OWNER: cancelled,
  TERM_ADMIN: cancelled,
  TERM_FORCE_OWNER: cancelled,
  TERM_FORCE_ADMIN: cancelled,
  TERM_BUCKET_KILL: cancelled,
  TERM_CHKPNT: cancelled,
}

/** `reason`: `TERM_RUNLIMIT: job killed after reaching LSF run time limit`. LSF adds 128 to a signal. */
export function outcomeOf(ending: Ending, reason: string | null, exitCode: number | null): Outcome {
  const none = { exitCode: null, signal: null }
  if (ending.state === "completed") return { ...ending, exitCode: 0, signal: null }
  const word = /^TERM_\w+/.exec(reason ?? "")?.[0] ?? ""
  const told = Object.hasOwn(reasons, word) ? reasons[word] : undefined
  if (told !== undefined) return { ...told, ...none }
  if (exitCode === null || exitCode === 0) return { ...ending, ...none }
  if (exitCode > 128 && exitCode <= 192) {
    return { state: "failed", cause: "signal", exitCode: null, signal: signalName(exitCode - 128) }
  }
  return { ...ending, exitCode, signal: null }
}
