/** The reader: what can be told of a state directory from its store alone, without a controller and without connecting. */
import { join } from "node:path"
import type { Clock } from "../clock.ts"
import { type Job, type JobView, viewOf } from "../job/index.ts"
import type { JobStore } from "../persist/store.ts"
import type { Explanation, HawserReader, ListFilter, LogPiece, LogRequest, Status } from "./api.ts"
import { explain } from "./explain.ts"
import { factsOf } from "./facts.ts"
import { healthOf } from "./link.ts"
import { readLocalLog } from "./logs.ts"
import { findJob, findJobs } from "./naming.ts"
import type { Situation } from "./situation.ts"
import { type Described, statusOf } from "./status.ts"
import { jobIdFor } from "./token.ts"

export interface ReaderParts {
  /** Absolute. */
  readonly stateDirectory: string
  readonly store: JobStore
  readonly executors: readonly Described[]
  readonly clock: Clock
}

export class Reader implements HawserReader {
  readonly stateDirectory: string
  private readonly store: JobStore
  private readonly executors: readonly Described[]
  private readonly clock: Clock

  constructor({ stateDirectory, store, executors, clock }: ReaderParts) {
    this.stateDirectory = stateDirectory
    this.store = store
    this.executors = executors
    this.clock = clock
  }

  async list(filter: ListFilter = {}): Promise<readonly JobView[]> {
    const named =
      filter.names === undefined ? null : new Set(filter.names.flatMap((name) => findJobs(this.store, name)))
    return [...this.store.jobs.values()]
      .filter((job) => job.pruned !== "both")
      .filter((job) => named?.has(job) ?? (filter.earlier === true || this.store.newestByKey(job.key) === job.id))
      .filter((job) => filter.states === undefined || filter.states.includes(job.state))
      .filter((job) => filter.executor === undefined || filter.executor === job.executor)
      .filter((job) => filter.key === undefined || job.key.startsWith(filter.key))
      .sort((a, b) => a.createdAt - b.createdAt)
      .map((job) => this.view(job))
  }

  async show(name: string): Promise<JobView> {
    return this.view(findJob(this.store, name))
  }

  async explain(name: string): Promise<Explanation> {
    return this.explained(findJob(this.store, name), "nobody", null)
  }

  /** Only what has been collected; the rest needs a controller. */
  async logs(name: string, request: LogRequest): Promise<LogPiece> {
    const job = findJob(this.store, name)
    return (
      (await readLocalLog(job, this.resultsDirectory(job), request)) ?? {
        data: "",
        nextOffset: request.offset,
        final: true,
      }
    )
  }

  async status(): Promise<Status> {
    return statusOf(this.store, this.executors, this.stateDirectory, null)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]()
  }

  view(job: Job): JobView {
    const health = healthOf(this.store, job.executor).health
    const [earlier, later] = [this.ofKey(job, -1), this.ofKey(job, 1)]
    return viewOf(job, { health, directory: this.resultsDirectory(job), earlier, later })
  }

  /** The id of the job that had its key before it, or has had it since; null: none, or it is forgotten. */
  private ofKey({ key, generation }: Job, step: -1 | 1): string | null {
    const id = jobIdFor(this.store.identity.seed, key, generation + step)
    const other = this.store.jobs.get(id)
    return other === undefined || other.pruned === "both" ? null : id
  }

  /** With what its engine knows beyond the store, if one has it. */
  explained(job: Job, driver: Explanation["driver"], situation: Situation | null): Explanation {
    return explain(factsOf(this.store, { job, view: this.view(job), now: this.clock.now(), driver, situation }))
  }

  resultsDirectory(job: Job): string {
    return job.spec.into ?? join(this.stateDirectory, "jobs", job.id)
  }
}
