/** What Flux's states, results and exceptions mean, as data. (flux-jobs(1), RFC 21; what 0.88 was seen to say) */
import type { Cause, LiveState, Outcome } from "../../job/index.ts"
import { signalName } from "../signals.ts"

/** What flux jobs tells of a job; what is not said is null. */
export interface Told {
  readonly state: string
  readonly result: string | null
  readonly urgency: number | null
  readonly returnCode: number | null
  /** Of severity 0: all others are notes. */
  readonly fatal: { readonly type: string; readonly note: string } | null
}

export type Meaning = { readonly live: LiveState } | { readonly outcome: Outcome } | null

const states: Readonly<Record<string, LiveState>> = {
  NEW: "queued",
  DEPEND: "queued",
  PRIORITY: "queued",
  SCHED: "queued",
  RUN: "running",
  // It begins with an exception, while processes still run.
  CLEANUP: "running",
}

const none = { exitCode: null, signal: null }

/** FAILED has several causes. */
const results: Readonly<Record<string, Outcome>> = {
  COMPLETED: { state: "completed", cause: null, exitCode: 0, signal: null },
  CANCELED: { state: "cancelled", cause: null, ...none },
  TIMEOUT: { state: "failed", cause: "timeout", ...none },
}

/** Only INACTIVE is an end. Null for what is not known, and for an end without a result. */
export function meaningOf(told: Told): Meaning {
  const { state, result, urgency } = told
  if (state !== "INACTIVE") {
    const live = Object.hasOwn(states, state) ? states[state] : undefined
    if (live === undefined) return null
    return { live: live === "queued" && urgency === 0 ? "held" : live }
  }
  if (result === "FAILED") return { outcome: failed(told) }
  const outcome = result !== null && Object.hasOwn(results, result) ? results[result] : undefined
  return outcome === undefined ? null : { outcome }
}

/** What exceptions are known to mean: type, what stands in the note, cause. */
const exceptions: readonly (readonly [string, RegExp, Cause])[] = [
  ["exec", /^node failure\b|\blost contact with/, "node-failure"],
  // Its instance was started again, and what ran before is no longer its own.
  ["exec", /failed to create guest ns/, "node-failure"],
  ["exec", /start failed|shell_init|No such file or directory|Permission denied/, "launch"],
  ["scheduler-restart", /./, "node-failure"],
  ["prolog", /./, "launch"],
  // What can never be given is accepted, and ends so.
  ["alloc", /./, "rejected"],
  ["dependency", /./, "dependency"],
]

function failed({ fatal, returnCode }: Told): Outcome {
  const known =
    fatal === null ? undefined : exceptions.find(([type, note]) => type === fatal.type && note.test(fatal.note))
  if (known !== undefined) return { state: "failed", cause: known[2], ...none }
  // With an exception the code is Flux's own.
  if (fatal !== null || returnCode === null || returnCode <= 0) return { state: "failed", cause: "exit", ...none }
  if (returnCode > 128 && returnCode <= 192) {
    return { state: "failed", cause: "signal", exitCode: null, signal: signalName(returnCode - 128) }
  }
  return { state: "failed", cause: "exit", exitCode: returnCode, signal: null }
}
