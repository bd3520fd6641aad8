/** The book of one executor: its jobs by state and by token, kept up to date from the store's events. */
import { type Attempt, type Job, type JobState, isFinal, looseEndOf } from "../job/index.ts"
import type { JobStore } from "../persist/store.ts"

/** An index only: the store is the truth. Cost per event does not grow with the number of jobs. */
export class Book {
  private readonly store: JobStore
  private readonly executor: string
  private readonly ids = new Map<JobState, Set<string>>()
  private readonly stateOf = new Map<string, JobState>()
  private readonly jobOfToken = new Map<string, string>()
  private readonly looseIds = new Set<string>()
  private readonly testIds = new Set<string>()
  private readonly unsubscribe: () => void

  constructor(store: JobStore, executor: string) {
    this.store = store
    this.executor = executor
    for (const job of store.jobs.values()) this.file(job)
    this.unsubscribe = store.subscribe((events) => {
      for (const event of events) if ("job" in event) this.refile(event.job)
    })
  }

  /** Jobs in these states, oldest first. */
  in(...states: readonly JobState[]): Job[] {
    return states
      .flatMap((state) => [...(this.ids.get(state) ?? [])])
      .map((id) => this.store.jobs.get(id))
      .filter((job) => job !== undefined)
      .sort((a, b) => a.createdAt - b.createdAt)
  }

  count(...states: readonly JobState[]): number {
    return states.reduce((sum, state) => sum + (this.ids.get(state)?.size ?? 0), 0)
  }

  /** Jobs of which something may be left over there though nobody waits for it (`job/looseEnd.ts`), oldest first. */
  loose(): Job[] {
    return [...this.looseIds].flatMap((id) => this.store.jobs.get(id) ?? []).sort((a, b) => a.createdAt - b.createdAt)
  }

  /** Test jobs of Hawser's own, oldest first, also those that are over and forgotten. */
  tests(): Job[] {
    return [...this.testIds].flatMap((id) => this.store.jobs.get(id) ?? []).sort((a, b) => a.createdAt - b.createdAt)
  }

  /** Whether there is anything left to do. A pilot that runs needs nobody: who has jobs for it is there for these. */
  get isIdle(): boolean {
    return [...this.ids].every(([state, ids]) => isFinal(state) || [...ids].every((id) => this.isLeftAlone(id)))
  }

  private isLeftAlone(id: string): boolean {
    const job = this.store.jobs.get(id)
    return job?.serves !== undefined && job.state === "running" && job.cancelRequestedAt === null
  }

  /** The job and the attempt that carry the token; undefined for a stranger's. */
  byToken(token: string): { readonly job: Job; readonly attempt: Attempt } | undefined {
    const job = this.store.jobs.get(this.jobOfToken.get(token) ?? "")
    const attempt = job?.attempts.find((candidate) => candidate.token === token)
    return job === undefined || attempt === undefined ? undefined : { job, attempt }
  }

  close(): void {
    this.unsubscribe()
  }

  private refile(id: string): void {
    const job = this.store.jobs.get(id)
    if (job !== undefined) return this.file(job)
    const state = this.stateOf.get(id)
    if (state !== undefined) this.ids.get(state)?.delete(id)
    this.stateOf.delete(id)
    this.looseIds.delete(id)
    this.testIds.delete(id)
  }

  private file(job: Job): void {
    if (job.executor !== this.executor) return
    const before = this.stateOf.get(job.id)
    if (before !== job.state) {
      if (before !== undefined) this.ids.get(before)?.delete(job.id)
      const ids = this.ids.get(job.state) ?? new Set<string>()
      ids.add(job.id)
      this.ids.set(job.state, ids)
      this.stateOf.set(job.id, job.state)
    }
    // Those that were fenced and replaced too: their natives may still turn up.
    for (const { token } of job.attempts) this.jobOfToken.set(token, job.id)
    if (job.isTest === true) this.testIds.add(job.id)
    if (job.attempts.some((attempt) => looseEndOf(job, attempt) !== null)) this.looseIds.add(job.id)
    else this.looseIds.delete(job.id)
  }
}
