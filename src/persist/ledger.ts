/** What the events add up to: jobs, managers, keys. Moves are tried out first, and count once they are on disk. */
import { StoreError } from "../errors.ts"
import type { AnyEvent, AnyEventBody, Job, JobEvent, ManagerEvent, Refusal } from "../job/index.ts"
import { apply } from "../job/index.ts"
import type { ManagerRecord } from "./store.ts"

/** Events that are legal after all that was staged before them, and what they lead to. */
export interface Staged {
  readonly events: readonly AnyEvent[]
  /** The events as JSON, as they will be read again. */
  readonly texts: readonly string[]
  /** Null: forgotten. */
  readonly jobs: ReadonlyMap<string, Job | null>
  readonly keys: ReadonlyMap<string, KeyRecord>
}

/** The newest use of a key. Outlives the job. */
export interface KeyRecord {
  readonly generation: number
  readonly job: string
}

export class Ledger {
  readonly jobs: Map<string, Job> = new Map()
  readonly managers: Map<string, ManagerRecord> = new Map()
  readonly keys: Map<string, KeyRecord> = new Map()
  /** Of the newest event that counts. */
  seq = 0
  #stagedSeq = 0
  readonly #stagedJobs: Map<string, Job | null> = new Map()
  readonly #stagedKeys: Map<string, KeyRecord> = new Map()

  findByKey(key: string): Job | undefined {
    const record = this.keys.get(key)
    return record === undefined ? undefined : this.jobs.get(record.job)
  }

  /** Takes an event of the log in. A refused one changes nothing but `seq`. */
  replay(event: AnyEvent): Refusal | null {
    this.seq = event.seq
    if ("executor" in event && !("job" in event)) this.#applyToManager(event)
    if (!("job" in event)) return null
    const next = this.#tryOut(event, this.jobs.get(event.job), this.keys.get(keyIn(event) ?? ""))
    if ("why" in next) return next
    this.#settle(event.job, next.job)
    if (next.key !== null) this.keys.set(next.job?.key ?? "", next.key)
    return null
  }

  /** Throws `EVENT_REFUSED`, and then nothing of it is staged. */
  stage(bodies: readonly AnyEventBody[], at: number): Staged {
    const jobs = new Map<string, Job | null>()
    const keys = new Map<string, KeyRecord>()
    const events: AnyEvent[] = []
    const texts: string[] = []
    let seq = Math.max(this.seq, this.#stagedSeq)
    for (const body of bodies) {
      const text = JSON.stringify({ seq: ++seq, at, ...body })
      // What is kept is what will be read again: without undefined, NaN or anything that the caller changes later.
      const event: AnyEvent = JSON.parse(text)
      events.push(event)
      texts.push(text)
      if (!("job" in event)) continue
      const key = keyIn(event) ?? ""
      const job = jobs.get(event.job) ?? this.#stagedJobs.get(event.job) ?? this.jobs.get(event.job)
      const gone = jobs.get(event.job) === null || (!jobs.has(event.job) && this.#stagedJobs.get(event.job) === null)
      const known = keys.get(key) ?? this.#stagedKeys.get(key) ?? this.keys.get(key)
      const next = this.#tryOut(event, gone ? undefined : (job ?? undefined), known)
      if ("why" in next) throw refused(next)
      jobs.set(event.job, next.job)
      if (next.key !== null) keys.set(key, next.key)
    }
    for (const [id, job] of jobs) this.#stagedJobs.set(id, job)
    for (const [key, record] of keys) this.#stagedKeys.set(key, record)
    this.#stagedSeq = seq
    return { events, texts, jobs, keys }
  }

  /** What was staged counts. In the order of staging. */
  commit(staged: Staged): void {
    for (const [id, job] of staged.jobs) {
      this.#settle(id, job)
      if (this.#stagedJobs.get(id) === job) this.#stagedJobs.delete(id)
    }
    for (const [key, record] of staged.keys) {
      this.keys.set(key, record)
      if (this.#stagedKeys.get(key) === record) this.#stagedKeys.delete(key)
    }
    for (const event of staged.events) if ("executor" in event && !("job" in event)) this.#applyToManager(event)
    this.seq = staged.events.at(-1)?.seq ?? this.seq
  }

  /** Nothing that is staged and not committed will ever count. */
  discard(): void {
    this.#stagedJobs.clear()
    this.#stagedKeys.clear()
    this.#stagedSeq = 0
  }

  #tryOut(event: JobEvent, job: Job | undefined, known: KeyRecord | undefined): Outcome | Refusal {
    if (event.type === "created" && known !== undefined && event.generation <= known.generation) {
      return { event, why: `The key ${event.key} has been used by job ${known.job} in generation ${known.generation}.` }
    }
    const next = apply(job, event)
    if ("why" in next) return next
    return {
      job: event.type === "pruned" && event.where === "both" ? null : next,
      key: event.type === "created" ? { generation: event.generation, job: event.job } : null,
    }
  }

  #settle(id: string, job: Job | null): void {
    if (job === null) this.jobs.delete(id)
    else this.jobs.set(id, job)
  }

  #applyToManager(event: ManagerEvent): void {
    const record = this.managers.get(event.executor) ?? unknownManager(event)
    this.managers.set(event.executor, managerAfter(record, event))
  }
}

type Outcome = { readonly job: Job | null; readonly key: KeyRecord | null }

function keyIn(event: JobEvent): string | null {
  return event.type === "created" ? event.key : null
}

function unknownManager(event: ManagerEvent): ManagerRecord {
  return { executor: event.executor, contacted: null, health: "up", reason: null, since: event.at }
}

function managerAfter(record: ManagerRecord, event: ManagerEvent): ManagerRecord {
  if (event.type === "contacted") {
    return { ...record, contacted: { root: event.root, machine: event.machine, visible: event.visible } }
  }
  const since = event.health === record.health ? record.since : event.at
  return { ...record, health: event.health, reason: event.reason, since }
}

function refused({ event, why }: Refusal): StoreError {
  return new StoreError("EVENT_REFUSED", {
    summary: `The event ${event.type} of job ${event.job} can't be written.`,
    reason: why,
    advice: "This is a bug in Hawser; nothing was changed.",
  })
}
