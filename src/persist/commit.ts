/** Groups of events: tried out, written together, committed, announced. Knows nothing of files. */
import type { Clock } from "../clock.ts"
import { StoreError } from "../errors.ts"
import type { AnyEvent, AnyEventBody } from "../job/index.ts"
import type { Ledger, Staged } from "./ledger.ts"
import type { Listener } from "./store.ts"

/** Old events that a listener gets at a time. */
const eventsMax = 1_000

interface Pending {
  readonly staged: Staged
  readonly resolve: (events: readonly AnyEvent[]) => void
  readonly reject: (error: unknown) => void
}

export class Commits {
  readonly #ledger: Ledger
  readonly #clock: Clock
  readonly #write: (texts: readonly string[]) => Promise<void>
  readonly #listeners: Set<Listener> = new Set()
  #queue: Pending[] = []
  #between: (() => Promise<void>)[] = []
  #running: Promise<void> | null = null
  #closed = false

  /** `write` resolves when the texts are on disk for good; when it rejects, none of them counts. */
  constructor(ledger: Ledger, clock: Clock, write: (texts: readonly string[]) => Promise<void>) {
    this.#ledger = ledger
    this.#clock = clock
    this.#write = write
  }

  async append(bodies: readonly AnyEventBody[]): Promise<readonly AnyEvent[]> {
    const own = bodies.find(({ type }) => type === "opened" || type === "controller")
    if (own !== undefined) throw ownEvent(own)
    return this.begin(bodies)
  }

  /** As `append`; takes also the events that only the store itself writes. */
  async begin(bodies: readonly AnyEventBody[]): Promise<readonly AnyEvent[]> {
    if (this.#closed) throw closedError()
    if (bodies.length === 0) return []
    const staged = this.#ledger.stage(bodies, this.#clock.now())
    return new Promise((resolve, reject) => {
      this.#queue.push({ staged, resolve, reject })
      this.#start()
    })
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Nothing comes between what `read` finds, which the listener gets first, and what is written from then on. */
  subscribeBehind(listener: Listener, read: () => Promise<readonly AnyEvent[]>): Promise<() => void> {
    return this.between(async () => {
      const events = await read()
      for (let start = 0; start < events.length; start += eventsMax) listener(events.slice(start, start + eventsMax))
      return this.subscribe(listener)
    })
  }

  /** Runs `work` while no group is being written. */
  between<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#between.push(() => work().then(resolve, reject))
      this.#start()
    })
  }

  /** Takes no more, and resolves when all that was taken is settled. */
  async close(): Promise<void> {
    this.#closed = true
    while (this.#running !== null) await this.#running
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = null
      if (this.#queue.length > 0 || this.#between.length > 0) this.#start()
    })
  }

  async #run(): Promise<void> {
    // Calls that are made in one go share the first group too.
    await Promise.resolve()
    while (this.#queue.length > 0 || this.#between.length > 0) {
      const work = this.#between
      this.#between = []
      for (const each of work) await each()
      const group = this.#queue
      this.#queue = []
      if (group.length > 0) await this.#commit(group)
    }
  }

  async #commit(group: readonly Pending[]): Promise<void> {
    try {
      await this.#write(group.flatMap(({ staged }) => staged.texts))
    } catch (error) {
      // What stands behind the group was tried out on top of it.
      const rejected = [...group, ...this.#queue]
      this.#queue = []
      this.#ledger.discard()
      for (const { reject } of rejected) reject(error)
      return
    }
    for (const { staged, resolve } of group) {
      this.#ledger.commit(staged)
      this.#announce(staged.events)
      resolve(staged.events)
    }
  }

  #announce(events: readonly AnyEvent[]): void {
    for (const listener of this.#listeners) {
      try {
        listener(events)
      } catch (error) {
        // The events are on disk: the one who appended them must not hear of this, but somebody must.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}

function ownEvent({ type }: AnyEventBody): StoreError {
  return new StoreError("EVENT_REFUSED", { summary: `The event ${type} is written by the store alone.` })
}

function closedError(): StoreError {
  return new StoreError("STORE_CLOSED", { summary: "The store is closed.", advice: "Open it again." })
}
