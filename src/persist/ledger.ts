/** What the events add up to: jobs, managers, keys. Moves are tried out first, and count once they are on disk. */
import { StoreError } from "../errors.ts"
import type { AnyEvent, AnyEventBody, Job, JobEvent, ManagerEvent, Refusal, StateEvent } from "../job/index.ts"
import { apply } from "../job/index.ts"
import type { ManagerRecord } from "./store.ts"

/** Events that are legal after all that was staged before them, and what they lead to. */
export interface Staged {
  readonly events: readonly AnyEvent[]
  /** The events as JSON, as they will be read again. */
  readonly texts: readonly string[]
  readonly jobs: ReadonlyMap<string, Job>
  readonly keys: ReadonlyMap<string, Job>
}

export class Ledger {
  readonly jobs: Map<string, Job> = new Map()
  readonly managers: Map<string, ManagerRecord> = new Map()
  /** Of the newest event that counts. */
  seq = 0
  /** From a key to the id of its newest job. */
  readonly #keys: Map<string, string> = new Map()
  #stagedSeq = 0
  readonly #stagedJobs: Map<string, Job> = new Map()
  readonly #stagedKeys: Map<string, Job> = new Map()

  newestByKey(key: string): string | undefined {
    return this.#keys.get(key)
  }

  restore(jobs: Iterable<Job>, managers: Iterable<ManagerRecord>, seq: number): void {
    // Snapshots of earlier versions lack these.
    const none = { visible: [], owners: [], limits: [] }
    for (const manager of managers) this.managers.set(manager.executor, { ...none, ...manager })
    for (const job of jobs) {
      this.jobs.set(job.id, job)
      const rival = this.#newest(job.key)
      if (rival === undefined || rival.generation < job.generation) this.#keys.set(job.key, job.id)
    }
    this.seq = seq
  }

  /** Takes an event of the log in. A refused one changes nothing but `seq`. */
  replay(event: AnyEvent): Refusal | null {
    this.seq = event.seq
    if ("job" in event) {
      const key = keyIn(event)
      const next = tryOut(event, this.jobs.get(event.job), key === null ? undefined : this.#newest(key))
      if ("why" in next) return next
      this.jobs.set(event.job, next)
      if (key !== null) this.#keys.set(key, event.job)
    } else this.#applyToOthers(event)
    return null
  }

  /** Throws `EVENT_REFUSED`, and then nothing of it is staged. */
  stage(bodies: readonly AnyEventBody[], at: number): Staged {
    const jobs = new Map<string, Job>()
    const keys = new Map<string, Job>()
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
      const job = jobs.get(event.job) ?? this.#stagedJobs.get(event.job) ?? this.jobs.get(event.job)
      const key = keyIn(event)
      const rival = key === null ? undefined : (keys.get(key) ?? this.#stagedKeys.get(key) ?? this.#newest(key))
      const next = tryOut(event, job, rival)
      if ("why" in next) throw refused(next)
      jobs.set(event.job, next)
      if (key !== null) keys.set(key, next)
    }
    for (const [id, job] of jobs) this.#stagedJobs.set(id, job)
    for (const [key, job] of keys) this.#stagedKeys.set(key, job)
    this.#stagedSeq = seq
    return { events, texts, jobs, keys }
  }

  /** What was staged counts. In the order of staging. */
  commit(staged: Staged): void {
    for (const [id, job] of staged.jobs) {
      this.jobs.set(id, job)
      if (this.#stagedJobs.get(id) === job) this.#stagedJobs.delete(id)
    }
    for (const [key, job] of staged.keys) {
      this.#keys.set(key, job.id)
      if (this.#stagedKeys.get(key) === job) this.#stagedKeys.delete(key)
    }
    for (const event of staged.events) if (!("job" in event)) this.#applyToOthers(event)
    this.seq = staged.events.at(-1)?.seq ?? this.seq
  }

  /** Nothing that is staged and not committed will ever count. */
  discard(): void {
    this.#stagedJobs.clear()
    this.#stagedKeys.clear()
    this.#stagedSeq = 0
  }

  #newest(key: string): Job | undefined {
    const id = this.#keys.get(key)
    return id === undefined ? undefined : this.jobs.get(id)
  }

  #applyToOthers(event: ManagerEvent | StateEvent): void {
    if ("executor" in event) return this.#applyToManager(event)
    if (event.type !== "controller" || event.unproven !== true) return
    // The one before it may go on: of no number that it knows can be said that nobody acts under it.
    for (const [executor, manager] of this.managers) this.managers.set(executor, { ...manager, owners: [] })
  }

  #applyToManager(event: ManagerEvent): void {
    const known = this.managers.get(event.executor)
    this.managers.set(event.executor, managerAfter(known ?? unknownManager(event), event))
  }
}

/** A generation is used once: a token that is derived twice would find the records of its first use. */
function tryOut(event: JobEvent, job: Job | undefined, rival: Job | undefined): Job | Refusal {
  if (event.type === "created" && rival !== undefined && event.generation <= rival.generation) {
    return { event, why: `Generation ${rival.generation} of the key ${event.key} belongs to job ${rival.id}.` }
  }
  return apply(job, event)
}

function keyIn(event: JobEvent): string | null {
  return event.type === "created" ? event.key : null
}

/** Controllers that were killed before they had connected, in a row. */
const ownersMax = 20

function unknownManager(event: ManagerEvent): ManagerRecord {
  return {
    executor: event.executor,
    contacted: null,
    visible: [],
    owners: [],
    limits: [],
    health: "up",
    reason: null,
    since: event.at,
  }
}

function managerAfter(record: ManagerRecord, event: ManagerEvent): ManagerRecord {
  if (event.type === "contacted") return { ...record, contacted: { root: event.root, machine: event.machine } }
  if (event.type === "visible") {
    const { root, machine } = event
    const others = record.visible.filter((site) => site.root !== root || site.machine !== machine)
    return { ...record, visible: [...others, { root, machine }] }
  }
  if (event.type === "owner") {
    const { text, settled } = event
    const others = record.owners.filter((owner) => owner.text !== text)
    return { ...record, owners: [...others, { text, settled }].slice(-ownersMax) }
  }
  if (event.type === "limit") {
    const { queue, account, qos, max, reason } = event
    const others = record.limits.filter(
      (limit) => limit.queue !== queue || limit.account !== account || limit.qos !== qos,
    )
    return { ...record, limits: [...others, { queue, account, qos, max, reason }] }
  }
  if (event.type === "paused") return { ...record, pausedSince: event.paused ? (record.pausedSince ?? event.at) : null }
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
