/** Waiters: promises for the moment when a job fulfils a condition, driven by the store's events. */
import { onAborted } from "../abort.ts"
import { HawserError, asHawserError } from "../errors.ts"
import type { Job } from "../job/index.ts"
import type { JobStore } from "../persist/store.ts"

export class Waiters {
  private readonly store: JobStore
  private readonly waiting = new Map<string, Set<() => void>>()
  private closed: HawserError | null = null
  private readonly unsubscribe: () => void

  constructor(store: JobStore) {
    this.store = store
    this.unsubscribe = store.subscribe((events) => {
      for (const event of events)
        if ("job" in event) for (const check of Array.from(this.waiting.get(event.job) ?? [])) check()
    })
  }

  /** Resolves with the job at once or as soon as `isDone` holds. Rejects when aborted, closed, or the job is pruned. */
  async until(id: string, isDone: (job: Job) => boolean, signal?: AbortSignal): Promise<Job> {
    return new Promise((resolve, reject) => {
      let forget = (): void => undefined
      const settle = (act: () => void): void => {
        this.waiting.get(id)?.delete(check)
        if (this.waiting.get(id)?.size === 0) this.waiting.delete(id)
        forget()
        act()
      }
      const check = (): void => {
        const { closed } = this
        if (closed !== null) return settle(() => reject(closed))
        const job = this.store.jobs.get(id)
        if (job === undefined || job.pruned === "both") settle(() => reject(pruned(id)))
        else if (isDone(job)) settle(() => resolve(job))
      }
      this.waiting.set(id, (this.waiting.get(id) ?? new Set()).add(check))
      forget = onAborted(signal, () =>
        settle(() => reject(asHawserError(signal?.reason, "ABORTED", "The wait was given up."))),
      )
      check()
    })
  }

  close(): void {
    this.unsubscribe()
    this.closed = new HawserError("CLOSING", { summary: "The controller is closing; jobs go on.", class: "transient" })
    for (const checks of this.waiting.values()) for (const check of checks) check()
  }
}

function pruned(id: string): HawserError {
  return new HawserError("JOB_UNKNOWN", { summary: `Job ${id} was pruned.` })
}
