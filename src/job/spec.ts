/** What a user asks for: a job's spec, normalised. Two specs are the same job if their JSON is the same. */
import type { Resources } from "./resources.ts"

export interface JobSpec {
  /** For people; the key where nothing was said. */
  readonly name: string
  /** An argv, or the text of a script (its `#!` line is honoured). Exactly one of both. */
  readonly command: readonly string[] | null
  readonly script: string | null
  /** Variables of the payload. A value is text, or a reference to the submitter's environment that is never stored. */
  readonly env: Readonly<Record<string, string | SecretReference>>
  readonly inputs: readonly InputFile[]
  /** Globs relative to the working directory: `*` and `?` stay in one folder, `**` crosses folders. */
  readonly outputs: readonly string[]
  /** Path relative to the working directory, usually of an input; the payload's stdin. Null: /dev/null. */
  readonly stdin: string | null
  /** Shell lines before and after the payload, in its shell. The epilogue runs whatever the payload's exit code. */
  readonly prologue: string | null
  readonly epilogue: string | null
  /** Environment modules to load, in this order. */
  readonly modules: readonly string[]
  readonly container: Container | null
  /** A launcher's name; `auto`: none for one task, else the scheduler's own. */
  readonly launcher: string
  /** What the launcher is told; absent: nothing. */
  readonly launch?: LaunchOptions
  /** Native directives, passed through untouched. */
  readonly native: readonly string[]
  readonly resources: Resources
  /** Jobs that must have got somewhere before this one is submitted. */
  readonly after: readonly Dependency[]
  readonly retry: RetryPolicy
  /** Sent to the payload before its walltime is over; absent: none. */
  readonly signal?: WarningSignal
  /** Local folder for stdout, stderr and outputs, absolute; null: `<state>/jobs/<id>`. */
  readonly into: string | null
  /** Milliseconds after `created` when a job that has not started is given up; null: never. */
  readonly giveUpAfterMs: number | null
}

/** A local file or directory and where it stands in the working directory. */
export interface InputFile {
  /** Absolute local path. */
  readonly from: string
  /** Relative to the working directory; never leaves it. */
  readonly to: string
}

export interface SecretReference {
  readonly fromEnv: string
}

export interface Container {
  readonly runtime: "apptainer" | "podman"
  readonly image: string
  readonly options: readonly string[]
}

/** What a launcher is told beside the resources; absent is nothing said. */
export interface LaunchOptions {
  /** What each process is bound to. */
  readonly bind?: "core" | "socket" | "numa" | "none"
  /** More processes than slots are no mistake. */
  readonly oversubscribe?: boolean
  /** Each process writes to files of its own, `ranks/0.out` and `ranks/0.err` in the working directory. */
  readonly outputPerRank?: boolean
  /** The launcher's own options, before the command. */
  readonly options?: readonly string[]
}

export interface WarningSignal {
  readonly name: "USR1" | "USR2" | "XCPU"
  /** Before the end of the walltime. */
  readonly beforeSeconds: number
}

export interface Dependency {
  /** Key or id of another job in the same state directory. */
  readonly job: string
  readonly when: "completed" | "failed" | "ended" | "started"
}

export interface RetryPolicy {
  /** Attempts in all, at least 1. */
  readonly maxAttempts: number
  /** Causes that lead to another attempt, and exit codes that do. */
  readonly on: readonly (string | { readonly exitCode: readonly number[] })[]
  /** How long to wait before the next attempt; absent: not at all. */
  readonly backoff?: Backoff
  /** What later attempts get more of, or elsewhere; absent: the same as the first. */
  readonly escalate?: Escalation
  /** Globs, as in `outputs`: what is carried from the working directory of one attempt into that of the next. */
  readonly checkpoint?: readonly string[]
  /** The manager may start the attempt again by itself (preemption, a lost node); absent: it must not. */
  readonly requeue?: boolean
}

export interface Escalation {
  /** Bytes. */
  readonly memory?: Growth
  /** Seconds. */
  readonly walltime?: Growth
  /** Of the second attempt, the third …; the last one stays. */
  readonly queue?: readonly string[]
  /** Keep away from nodes on which an attempt failed with `node-failure` or `launch`. */
  readonly excludeNodes?: boolean
}

export interface Growth {
  readonly factor: number
  readonly max: number | null
}

/** Milliseconds after the first attempt, then each time `factor` times as long, at most `maxMs`. */
export interface Backoff {
  readonly firstMs: number
  readonly factor: number
  readonly maxMs: number
}
