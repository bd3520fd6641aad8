/** The interface that all executors have: submit jobs, find them again, watch them, act on them. */
import type { AnyEvent, Health, Job } from "../job/index.ts"

/** A thin object over the engine of one configured executor. It holds no state of its own: a restart loses nothing. */
export interface JobExecutor {
  readonly name: string
  /**
   * Records the job and resolves once it is on disk. The same key again returns the same job; with a different spec it
   * throws `KEY_TAKEN`, unless `onConflict: "keep"`. `spec` is what a user writes (see docs/spec.md); a wrong one
   * throws a UsageError `SPEC_INVALID` that names the field.
   */
  submit(spec: unknown, options?: SubmitOptions): Promise<JobHandle>
  get(keyOrId: string): JobHandle | undefined
  list(): JobHandle[]
  events(signal?: AbortSignal): AsyncIterable<AnyEvent>
  /** One fresh look at the manager now; resolves when every job's state rests on it. */
  recover(signal?: AbortSignal): Promise<void>
  readonly health: { readonly health: Health; readonly reason: string | null }
}

export interface SubmitOptions {
  readonly key?: string
  readonly onConflict?: "throw" | "keep"
  /** Values for `{fromEnv: NAME}`; never stored. Default: this process's environment. */
  readonly secrets?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export interface JobHandle {
  readonly id: string
  readonly key: string
  /** The job as it is known now. */
  readonly job: Job
  /** Resolves when the job has a native id, waits for a reason that `job.waiting` tells, or is over. */
  accepted(signal?: AbortSignal): Promise<Job>
  /** Resolves when the job is over, whatever the outcome. Rejects only when `signal` is aborted or the engine closes. */
  result(signal?: AbortSignal): Promise<Job>
  events(signal?: AbortSignal): AsyncIterable<AnyEvent>
  /** Resolves once the wish is on disk; it is repeated until the evidence shows that the job is over. */
  cancel(): Promise<void>
}
