/** Waiters: promises for the moment when a job fulfils a condition, driven by the store's events. */
import { HawserError } from "../errors.ts"
import type { Job } from "../job/index.ts"
import type { JobStore } from "../persist/store.ts"

export class Waiters {
  private readonly store: JobStore
  private readonly waiting = new Map<string, Set<() => void>>()
  private readonly closing = new AbortController()
  private readonly unsubscribe: () => void

  constructor(store: JobStore) {
    this.store = store
    this.unsubscribe = store.subscribe((events) => {
      for (const event of events) if ("job" in event) for (const check of [...(this.waiting.get(event.job) ?? [])]) check()
    })
  }

  /** Resolves with the job at once or as soon as `isDone` holds. Rejects when aborted, closed, or the job is pruned. */
  async until(id: string, isDone: (job: Job) => boolean, signal?: AbortSignal): Promise<Job> {
    const either = signal === undefined ? this.closing.signal : AbortSignal.any([signal, this.closing.signal])
    return await new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        this.waiting.get(id)?.delete(check)
        if (this.waiting.get(id)?.size === 0) this.waiting.delete(id)
        either.removeEventListener("abort", onAbort)
        act()
      }
      const check = (): void => {
        const job = this.store.jobs.get(id)
        if (job === undefined || job.pruned === "both") settle(() => reject(pruned(id)))
        else if (isDone(job)) settle(() => resolve(job))
      }
      const onAbort = (): void => settle(() => reject(either.reason))
      either.addEventListener("abort", onAbort, { once: true })
      this.waiting.set(id, (this.waiting.get(id) ?? new Set()).add(check))
      if (either.aborted) onAbort()
      else check()
    })
  }

  close(): void {
    this.unsubscribe()
    this.closing.abort(new HawserError("CLOSING", { summary: "The controller is closing; jobs go on.", class: "transient" }))
  }
}

function pruned(id: string): HawserError {
  return new HawserError("JOB_UNKNOWN", { summary: `Job ${id} was pruned.` })
}
