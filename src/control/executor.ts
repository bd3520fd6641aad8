/** The interface that all executors have: submit jobs, find them again, watch them, act on them. */
import { HawserError, UsageError } from "../errors.ts"
import type { HawserApi, ListFilter, SubmitRequest } from "../hawser.ts"
import { type AnyEvent, type JobView, type Problem, type Wish, elementsOf, isFinal, jobStates } from "../job/index.ts"
import { systemClock } from "../clock.ts"
import { untilAborted } from "../abort.ts"
import { type JobHandle, handleOf } from "./handle.ts"
import { listen } from "./listen.ts"
import { fromPlain } from "./plain.ts"

/** Holds no state of its own. The controller may be in this process or in another: it looks the same. */
export interface JobExecutor {
  /** In the config. Null: submits to the default one, and sees the jobs of all. */
  readonly name: string | null
  /**
   * Records the job and resolves once it is on disk. The same key again returns the same job; with a different spec it
   * throws `KEY_TAKEN`, unless `onConflict: "keep"`. `spec` is what a user writes (see docs/spec.md); a wrong one
   * throws a UsageError `SPEC_INVALID` that names the field. If `signal` is aborted, the job may be recorded all the
   * same; its key tells.
   */
  submit(spec: unknown, options?: SubmitOptions): Promise<JobHandle>
  /** Many at once: one error does not keep the others from being recorded. */
  submitAll(requests: readonly SubmitRequest[], signal?: AbortSignal): Promise<readonly (JobHandle | HawserError)[]>
  /**
   * The jobs of an array: `spec.array` says which, each has a key of its own (`key[3]`) and its index in
   * HAWSER_ARRAY_INDEX. One error does not keep the others from being recorded. Throws `SPEC_INVALID` where it can't be read.
   */
  submitArray(spec: unknown, options?: SubmitOptions): Promise<readonly (JobHandle | HawserError)[]>
  /** By id, unique prefix of an id, or key. Throws `JOB_AMBIGUOUS`. */
  get(name: string, signal?: AbortSignal): Promise<JobHandle | undefined>
  list(filter?: Omit<ListFilter, "executor">, signal?: AbortSignal): Promise<JobHandle[]>
  /**
   * What happens to these jobs and their manager, from the first `next()` on, or from event number `fromSeq` on
   * (`EVENTS_FORGOTTEN` where the journal does not have it any more).
   */
  events(signal?: AbortSignal, fromSeq?: number): AsyncIterable<AnyEvent>
  /** One fresh look at the manager now; resolves when every job's state rests on it. */
  recover(signal?: AbortSignal): Promise<void>
  /** What is known of the managers, by executor. */
  health(signal?: AbortSignal): Promise<readonly ExecutorHealth[]>
  /**
   * Cancels all its jobs that are not over, or only these (by id, unique prefix or key). Resolves once the wish is on disk.
   * Throws `EXECUTOR_UNNAMED` where neither an executor nor jobs are named.
   */
  cancel(jobs?: Names, signal?: AbortSignal): Promise<readonly JobView[]>
  /** All its jobs to which it applies, or only these. Throws `WISH_IMPOSSIBLE` where it can't be for one of these. */
  hold(jobs?: Names, signal?: AbortSignal): Promise<readonly JobView[]>
  release(jobs?: Names, signal?: AbortSignal): Promise<readonly JobView[]>
  suspend(jobs?: Names, signal?: AbortSignal): Promise<readonly JobView[]>
  resume(jobs?: Names, signal?: AbortSignal): Promise<readonly JobView[]>
  /** Nothing more is submitted to it, until `play`. What is there goes on. Throws `EXECUTOR_UNNAMED`. */
  pause(signal?: AbortSignal): Promise<void>
  play(signal?: AbortSignal): Promise<void>
  /**
   * Its manager is gone for good: all its jobs that are not over, or only these (by id, unique prefix or key), are failed
   * with cause `abandoned` when it resolves, and their keys can be used again. Nothing over there is waited for. Throws
   * `EXECUTOR_UNNAMED` where neither an executor nor jobs are named.
   */
  abandon(jobs?: readonly string[], signal?: AbortSignal): Promise<readonly JobView[]>
}

/** Jobs by id, unique prefix of an id, or key. */
export type Names = string | readonly string[]

export interface SubmitOptions extends Omit<SubmitRequest, "spec"> {
  readonly signal?: AbortSignal
}

export interface ExecutorHealth {
  readonly name: string
  /** One of `Health`. */
  readonly health: string
  readonly reason: string | null
}

export class ApiExecutor implements JobExecutor {
  readonly name: string | null
  readonly api: HawserApi

  constructor(api: HawserApi, name: string | null) {
    this.api = api
    this.name = name
  }

  async submit(spec: unknown, options: SubmitOptions = {}): Promise<JobHandle> {
    const { signal, ...request } = options
    const [handle] = await this.submitAll([{ ...request, spec }], signal)
    if (handle === undefined || handle instanceof HawserError) throw handle ?? noAnswer()
    return handle
  }

  async submitAll(
    requests: readonly SubmitRequest[],
    signal?: AbortSignal,
  ): Promise<readonly (JobHandle | HawserError)[]> {
    signal?.throwIfAborted()
    const named = this.name === null ? requests : requests.map((request) => ({ executor: this.name ?? "", ...request }))
    const results = await untilAborted(this.api.submit(named), signal)
    return results.map((result) => (result.ok ? handleOf(this.api, result.job) : fromPlain(result.error)))
  }

  async submitArray(spec: unknown, options: SubmitOptions = {}): Promise<readonly (JobHandle | HawserError)[]> {
    const { signal, ...request } = options
    const freshKey = (): string => `job-${systemClock.nonce(5)}`
    const elements = elementsOf(spec, { key: request.key, freshKey })
    if (elements === null || !elements.ok) throw noArray(elements?.problems ?? [])
    return this.submitAll(
      elements.value.map((element) => ({ ...request, ...element })),
      signal,
    )
  }

  async get(name: string, signal?: AbortSignal): Promise<JobHandle | undefined> {
    try {
      const job = await untilAborted(this.api.show(name), signal)
      return this.name === null || job.executor === this.name ? handleOf(this.api, job) : undefined
    } catch (error) {
      if (error instanceof HawserError && error.code === "JOB_UNKNOWN") return undefined
      throw error
    }
  }

  async list(filter: Omit<ListFilter, "executor"> = {}, signal?: AbortSignal): Promise<JobHandle[]> {
    const jobs = await untilAborted(this.api.list({ ...filter, ...this.onlyOurs() }), signal)
    return jobs.map((job) => handleOf(this.api, job))
  }

  async *events(signal?: AbortSignal, fromSeq?: number): AsyncGenerator<AnyEvent, void, undefined> {
    if (this.name === null) return yield* listen(this.api, { signal, fromSeq })
    // Most events name a job and no executor.
    const ours = new Set(
      (await untilAborted(this.api.list({ ...this.onlyOurs(), earlier: true }), signal)).map((job) => job.id),
    )
    const isWanted = (event: AnyEvent): boolean => {
      if ("executor" in event && event.executor !== this.name) return false
      if (event.type === "created") ours.add(event.job)
      return "job" in event ? ours.has(event.job) : "executor" in event
    }
    yield* listen(this.api, { isWanted, signal, fromSeq })
  }

  async recover(signal?: AbortSignal): Promise<void> {
    await untilAborted(this.api.recover(this.name ?? undefined), signal)
  }

  async health(signal?: AbortSignal): Promise<readonly ExecutorHealth[]> {
    const { executors } = await untilAborted(this.api.status(), signal)
    return executors
      .filter(({ name }) => this.name === null || name === this.name)
      .map(({ name, health, reason }) => ({ name, health, reason }))
  }

  async cancel(jobs?: Names, signal?: AbortSignal): Promise<readonly JobView[]> {
    if (jobs !== undefined) return untilAborted(this.api.cancel([jobs].flat()), signal)
    this.named("cancelled")
    const open = await this.list({ states: openStates }, signal)
    return untilAborted(this.api.cancel(open.map(({ id }) => id)), signal)
  }

  hold(jobs?: Names, signal?: AbortSignal): Promise<readonly JobView[]> {
    return this.wish("hold", jobs, signal)
  }

  release(jobs?: Names, signal?: AbortSignal): Promise<readonly JobView[]> {
    return this.wish("release", jobs, signal)
  }

  suspend(jobs?: Names, signal?: AbortSignal): Promise<readonly JobView[]> {
    return this.wish("suspend", jobs, signal)
  }

  resume(jobs?: Names, signal?: AbortSignal): Promise<readonly JobView[]> {
    return this.wish("resume", jobs, signal)
  }

  async pause(signal?: AbortSignal): Promise<void> {
    await untilAborted(this.api.pause({ executors: [this.named("paused")], paused: true }), signal)
  }

  async play(signal?: AbortSignal): Promise<void> {
    await untilAborted(this.api.pause({ executors: [this.named("played")], paused: false }), signal)
  }

  async abandon(jobs?: readonly string[], signal?: AbortSignal): Promise<readonly JobView[]> {
    const what = jobs === undefined ? { executors: [this.named("abandoned")] } : { jobs }
    const { abandoned } = await untilAborted(this.api.abandon({ ...what, dryRun: false }), signal)
    return abandoned
  }

  private async wish(wish: Wish, jobs: Names | undefined, signal?: AbortSignal): Promise<readonly JobView[]> {
    const which =
      jobs === undefined ? { executors: [this.named(`asked to ${wish} its jobs`)] } : { names: [jobs].flat() }
    return untilAborted(this.api.wish({ wish, ...which }), signal)
  }

  private named(what: string): string {
    if (this.name === null) throw unnamed(what)
    return this.name
  }

  private onlyOurs(): ListFilter {
    return this.name === null ? {} : { executor: this.name }
  }
}

const openStates = jobStates.filter((state) => !isFinal(state))

function unnamed(what: string): UsageError {
  return new UsageError("EXECUTOR_UNNAMED", {
    summary: `Nothing says which executor is to be ${what}.`,
    advice: 'Ask one executor, hawser.executor("hpc"), or name jobs.',
  })
}

function noArray(problems: readonly Problem[]): UsageError {
  return new UsageError("SPEC_INVALID", {
    summary: "The array can't be submitted as it is written.",
    reason: problems.map(({ field, why, want }) => `${field} ${why}. ${want}`).join("\n") || "array is missing.",
    advice: "docs/spec.md describes arrays.",
  })
}

function noAnswer(): HawserError {
  return new HawserError("UNEXPECTED", { summary: "The controller answered for no job.", class: "in-doubt" })
}
