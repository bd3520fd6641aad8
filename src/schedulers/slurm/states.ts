/** What Slurm's state words mean, as data. (job_state_codes, squeue(1), facts measured on 22.05) */
import type { Cause, FinalState, LiveState } from "../../job/index.ts"

/** A word that leaves the native alive, or ends it with an outcome. */
export type Meaning = LiveState | { readonly state: FinalState; readonly cause: Cause | null }

/**
 * squeue and sacct print one word: the first flag that is set, else the base state. Only base states end a job. What
 * squeue calls PREEMPTED or NODE_FAIL is over. In sacct it may be a start that is followed by another: of a native that
 * waits to be started again, it still shows the start before. (22.05; the judge knows)
 */
export const slurmStates: Readonly<Record<string, Meaning | null>> = {
  PENDING: "queued",
  RUNNING: "running",
  SUSPENDED: "suspended",
  COMPLETED: { state: "completed", cause: null },
  CANCELLED: { state: "cancelled", cause: null },
  FAILED: { state: "failed", cause: "exit" },
  TIMEOUT: { state: "failed", cause: "timeout" },
  DEADLINE: { state: "failed", cause: "timeout" },
  NODE_FAIL: { state: "failed", cause: "node-failure" },
  BOOT_FAIL: { state: "failed", cause: "node-failure" },
  PREEMPTED: { state: "failed", cause: "preempted" },
  OUT_OF_MEMORY: { state: "failed", cause: "out-of-memory" },

  // Flags. Processes may still be there while it is COMPLETING, and a requeued job passes through it as well.
  COMPLETING: "running",
  STAGE_OUT: "running",
  RESIZING: "running",
  SIGNALING: "running",
  UPDATE_DB: "running",
  STOPPED: "suspended",
  CONFIGURING: "queued",
  EXPEDITING: "queued",
  POWER_UP_NODE: "queued",
  RECONFIG_FAIL: "queued",
  REQUEUED: "queued",
  REQUEUE_FED: "queued",
  REQUEUE_HOLD: "held",
  RESV_DEL_HOLD: "held",
  SPECIAL_EXIT: "held",
  LAUNCH_FAILED: "held",
  GETENV_FAILED: "held",

  // A sibling in a federation may run elsewhere: this word says nothing about the job.
  REVOKED: null,
  UNINITIALISED: null,
  "?": null,
}

/** Reasons of a PENDING job that somebody has to release. */
const heldReasons: ReadonlySet<string> = new Set([
  "JobHeldUser",
  "JobHeldAdmin",
  "launch failed requeued held",
  "launch_failed_requeued_held",
])

/** What `word` means together with its reason; null for a word that is not known or says nothing. */
export function meaningOf(word: string, reason: string | null): Meaning | null {
  const meaning = Object.hasOwn(slurmStates, word) ? (slurmStates[word] ?? null) : null
  if (meaning === null) return null
  if (word === "PENDING" && reason !== null && heldReasons.has(reason)) return "held"
  // --kill-on-invalid-dep: nobody asked for this end.
  if (word === "CANCELLED" && reason === "DependencyNeverSatisfied") return { state: "failed", cause: "dependency" }
  return meaning
}
