/** The interface of a job store: an append-only log of events, and what it adds up to. */
import type { AnyEvent, AnyEventBody, Job, LearnedLimit } from "../job/index.ts"

/**
 * One open store. The owner of a state directory has one for writing; readers open one read-only.
 *
 * What `append` has resolved for is on disk and survives every crash (fsync), in the order of the calls. The state
 * (`jobs`, `managers`) is up to date at the latest when `append` resolves.
 */
export interface JobStore extends AsyncDisposable {
  /** Replay of all events. Read-only for callers. */
  readonly jobs: ReadonlyMap<string, Job>
  readonly managers: ReadonlyMap<string, ManagerRecord>
  /** Id of the newest job under a key (its highest generation), also when it was pruned. Undefined: never used. */
  newestByKey(key: string): string | undefined
  /** Identity of the state directory and the secret from which tokens are derived. */
  readonly identity: StateIdentity
  /** Our epoch, from 1; grows with each controller. */
  readonly epoch: number
  /** What was wrong with the log when it was opened: dropped, damaged, refused. Empty when all was well. */
  readonly findings: readonly Finding[]
  /**
   * Gives each event its `seq` and `at`, writes them as one group and resolves after fsync. Groups of concurrent calls
   * share one fsync. Throws a StoreError: `STORE_FULL`, `STORE_READ_ONLY`, `STORE_FAILED` (nothing of the group counts;
   * the store stays usable, and what was appended behind the group is rejected with it), `STORE_SUPERSEDED` (a higher
   * epoch exists: nothing that this owner writes counts any more), `STORE_CLOSED`, `EVENT_REFUSED` (an illegal move: a
   * bug; nothing was written).
   */
  append(events: readonly AnyEventBody[]): Promise<readonly AnyEvent[]>
  /** Called with the events of each append once they are on disk, in order. Must not throw. Returns the function that ends it. */
  subscribe(listener: Listener): () => void
  /**
   * The same, with the events from number `fromSeq` on before it: none is missing and none comes twice. Throws a StoreError
   * `EVENTS_FORGOTTEN` when the journal does not have them any more.
   */
  subscribeFrom(fromSeq: number, listener: Listener): Promise<() => void>
}

export type Listener = (events: readonly AnyEvent[]) => void

export interface StateIdentity {
  /** Names the state directory on the other side: `<root>/<stateId>/`. 12 characters [a-z0-9]. */
  readonly stateId: string
  /** Hex, secret: tokens are an HMAC under it. */
  readonly seed: string
}

/** What the log says of one executor's manager. */
export interface ManagerRecord {
  readonly executor: string
  /** Set after the first successful contact. */
  readonly contacted: Site | null
  /** Where it has been shown that an exclusive create of one side is seen on the other. */
  readonly visible: readonly Site[]
  /** Texts under which controllers of this directory have acted over there, newest last; those of living ones not. */
  readonly owners: readonly { readonly text: string; readonly settled: boolean }[]
  /** Its submit limits, as far as they were found out. */
  readonly limits: readonly LearnedLimit[]
  /** Since when a person wants nothing to be submitted to it, ms; absent or null: it is not paused. */
  readonly pausedSince?: number | null
  readonly health: "up" | "degraded" | "unreachable" | "needs-login" | "gone"
  readonly reason: string | null
  /** Since when the health is what it is, ms. */
  readonly since: number
}

/** Our home on the other side, as one machine sees it. */
export interface Site {
  readonly root: string
  readonly machine: string
}

export interface Finding {
  readonly kind:
    | "torn-tail"
    | "damaged-line"
    | "refused-event"
    | "snapshot-unusable"
    | "superseded-tail"
    | "gap"
    | "repeat"
    /** The journal ends before the place of the snapshot, which counts all the same. */
    | "snapshot-ahead"
  readonly file: string
  readonly line: number | null
  readonly detail: string
  /** Whose event was refused. */
  readonly job?: string
}
