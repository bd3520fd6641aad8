/** The store of the one who owns the state directory: appends, and makes snapshots now and then. */
import { join } from "node:path"
import type { Clock } from "../clock.ts"
import type { AnyEvent, AnyEventBody, Job } from "../job/index.ts"
import { Commits } from "./commit.ts"
import { storeFailure } from "./failure.ts"
import { isMissing } from "./files.ts"
import { readEvents } from "./history.ts"
import type { Owner } from "./host.ts"
import { Journal } from "./journal.ts"
import type { Ledger } from "./ledger.ts"
import { type Claimed, type Place, announce, draftEnd, release } from "./lease.ts"
import type { Loaded } from "./load.ts"
import { type Covered, type Header, compareSegments, format, pathOf, textOf } from "./segment.ts"
import { keepPrevious, snapshotNames, snapshotOf, writeSnapshot } from "./snapshot.ts"
import type { Finding, JobStore, Listener, ManagerRecord, StateIdentity } from "./store.ts"

/** What is known when an epoch has become ours and the older ones are read. */
export interface Start {
  readonly place: Place
  readonly clock: Clock
  readonly claimed: Claimed
  readonly loaded: Loaded
  readonly identity: StateIdentity
  /** The owner before us is not known to have ended. */
  readonly unproven: boolean
  /** A snapshot is made after so many events at the earliest, and never before twice as many events as there are jobs. */
  readonly snapshotEvents: number
}

export class OwnedStore implements JobStore {
  readonly identity: StateIdentity
  readonly epoch: number
  readonly findings: readonly Finding[]
  readonly #place: Place
  readonly #clock: Clock
  readonly #ledger: Ledger
  readonly #journal: Journal
  readonly #commits: Commits
  readonly #snapshotEvents: number
  #owner: Owner
  #covers: readonly Covered[]
  #snapshot: { readonly position: Covered; readonly seq: number; readonly inode: number | null } | null = null
  /** Where the last one was made or tried: a full disk is not asked again for each event. */
  #snapshotSeq: number
  #snapshotting: Promise<void> | null = null
  #closing: Promise<void> | null = null

  private constructor({ place, clock, claimed, loaded, identity, snapshotEvents }: Start) {
    this.identity = identity
    this.epoch = claimed.owner.epoch
    this.findings = loaded.findings
    this.#place = place
    this.#clock = clock
    this.#ledger = loaded.ledger
    this.#journal = new Journal(place, claimed)
    this.#commits = new Commits(loaded.ledger, clock, (texts) => this.#journal.write(texts))
    this.#snapshotEvents = snapshotEvents
    this.#owner = claimed.owner
    this.#covers = loaded.covers
    this.#snapshotSeq = loaded.snapshot?.seq ?? 0
  }

  /** Fixes how far the older epochs count. Throws `STORE_SUPERSEDED` when somebody has taken over meanwhile. */
  static async start(start: Start): Promise<OwnedStore> {
    const store = new OwnedStore(start)
    const { loaded, claimed, identity, place, unproven } = start
    await store.#journal.write([textOf({ header: store.#header() })])
    const { epoch, pid, host } = claimed.owner
    const opened = { type: "opened" as const, ...identity, format }
    await store.#commits.begin([
      ...(loaded.identity === null ? [opened] : []),
      { type: "controller", epoch, pid, host, ...(unproven ? { unproven } : {}) },
    ])
    if (loaded.snapshot !== null) {
      const { name, position, seq } = loaded.snapshot
      const isFirst = name === snapshotNames[0]
      const inode = isFirst ? await place.files.inode(join(place.directory, name)) : null
      store.#snapshot = { position, seq, inode }
    }
    return store
  }

  get jobs(): ReadonlyMap<string, Job> {
    return this.#ledger.jobs
  }

  get managers(): ReadonlyMap<string, ManagerRecord> {
    return this.#ledger.managers
  }

  newestByKey(key: string): string | undefined {
    return this.#ledger.newestByKey(key)
  }

  async append(bodies: readonly AnyEventBody[]): Promise<readonly AnyEvent[]> {
    const events = await this.#commits.append(bodies)
    if (this.#isDue(1)) void this.#startSnapshot().catch(() => undefined)
    return events
  }

  subscribe(listener: Listener): () => void {
    return this.#commits.subscribe(listener)
  }

  subscribeFrom(fromSeq: number, listener: Listener): Promise<() => void> {
    const { files, directory } = this.#place
    return this.#commits.subscribeBehind(listener, async () =>
      fromSeq > this.#ledger.seq
        ? []
        : readEvents(files, directory, [...this.#covers, this.#journal.position], fromSeq),
    )
  }

  /** Tells other processes where this one listens. */
  async announce(socket: string | null): Promise<void> {
    this.#owner = { ...this.#owner, socket }
    await this.#guard("Can't write the lease.", () => announce(this.#place, this.#owner, this.#clock.nonce(8)))
  }

  /** Writes the snapshot now, and begins a new segment behind it. */
  async snapshot(): Promise<void> {
    await this.#guard("Can't write the snapshot.", () => this.#startSnapshot())
  }

  /** Everything that was appended is settled when it resolves. Gives the directory back. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.#commits.close()
    await this.#snapshotting?.catch(() => undefined)
    // A quarter: who starts often should not read a long journal each time.
    if (this.#isDue(1 / 4)) await this.#startSnapshot().catch(() => undefined)
    await this.#journal.close().catch(() => undefined)
    // Whatever fails here shows to the next owner as a process that has ended.
    await this.#journal
      .check()
      .then(() => release(this.#place, this.epoch))
      .catch(() => undefined)
  }

  #isDue(share: number): boolean {
    const since = this.#ledger.seq - this.#snapshotSeq
    const due = Math.max(this.#snapshotEvents, 2 * this.#ledger.jobs.size) * share
    return since >= due || (this.#covers.length >= segmentsMax && since > 0)
  }

  #startSnapshot(): Promise<void> {
    this.#snapshotting ??= this.#makeSnapshot().finally(() => {
      this.#snapshotting = null
    })
    return this.#snapshotting
  }

  async #makeSnapshot(): Promise<void> {
    const { files, directory } = this.#place
    // Between two groups, or the journal would be ahead of the ledger.
    const content = await this.#commits.between(async () =>
      snapshotOf(this.#ledger, this.identity, this.#journal.position),
    )
    const { position } = content
    this.#snapshotSeq = content.seq
    const older = this.#snapshot
    const path = join(directory, snapshotNames[0])
    await writeSnapshot(files, directory, content, async () => {
      await this.#journal.check()
      // One that a controller wrote after it had lost its place must not drive out the one that we rely on.
      const inode = await files.inode(path)
      if (inode !== null && inode === older?.inode) await keepPrevious(files, directory)
    })
    this.#snapshot = { position, seq: content.seq, inode: await files.inode(path) }
    await this.#commits.between(() => this.#beginSegment(older?.position ?? null))
  }

  async #beginSegment(needed: Covered | null): Promise<void> {
    const { files, directory } = this.#place
    await this.#journal.check()
    const all = [...this.#covers, this.#journal.position]
    // The previous snapshot is of use only with what follows it.
    const kept = all.filter((segment) => needed === null || compareSegments(segment, needed) >= 0)
    await this.#journal.begin({ ...this.#header(), covers: kept }, this.#clock.nonce(8))
    this.#covers = kept
    for (const segment of all.filter((one) => !kept.includes(one))) {
      await files.remove(pathOf(directory, segment)).catch((error: unknown) => {
        // Lost before it was of no use any more.
        if (!isMissing(error)) throw error
      })
    }
  }

  #header(): Header {
    return { ...this.identity, firstSeq: this.#ledger.seq + 1, covers: this.#covers }
  }

  async #guard(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      throw storeFailure(error, this.#place.directory, what)
    }
  }
}

const segmentsMax = 16

/** Removes what somebody began and did not finish. */
export async function sweepDrafts({ files, directory }: Place): Promise<void> {
  for (const name of await files.list(directory)) {
    if (name.endsWith(draftEnd)) await files.remove(join(directory, name)).catch(() => undefined)
  }
}
