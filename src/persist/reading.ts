/** The store of one who only looks: takes nothing, writes nothing, and sees what was written on disk so far. */
import { StoreError } from "../errors.ts"
import type { AnyEvent, Job } from "../job/index.ts"
import { storeFailure } from "./failure.ts"
import type { Files } from "./files.ts"
import { namesIn } from "./lease.ts"
import { type Loaded, load, readOn } from "./load.ts"
import { segmentsAmong } from "./segment.ts"
import type { Finding, JobStore, ManagerRecord, StateIdentity } from "./store.ts"

export class ReadingStore implements JobStore {
  readonly #files: Files
  readonly #directory: string
  #loaded: Loaded

  private constructor(files: Files, directory: string, loaded: Loaded) {
    this.#files = files
    this.#directory = directory
    this.#loaded = loaded
  }

  /** A directory without a store, or no directory, is an empty store. */
  static async open(files: Files, directory: string): Promise<ReadingStore> {
    return new ReadingStore(files, directory, await loadWhole(files, directory))
  }

  /** Takes in what was written since. The maps may be new ones after it. */
  async refresh(): Promise<void> {
    try {
      const next = await readOn(this.#files, this.#directory, this.#loaded)
      this.#loaded = next ?? (await loadWhole(this.#files, this.#directory))
    } catch (error) {
      throw storeFailure(error, this.#directory, `Can't read ${this.#directory}.`)
    }
  }

  get jobs(): ReadonlyMap<string, Job> {
    return this.#loaded.ledger.jobs
  }

  get managers(): ReadonlyMap<string, ManagerRecord> {
    return this.#loaded.ledger.managers
  }

  get findings(): readonly Finding[] {
    return this.#loaded.findings
  }

  /** Of the newest owner; 0: there was none. */
  get epoch(): number {
    return this.#loaded.tail?.epoch ?? 0
  }

  /** Throws `STORE_EMPTY` while nothing was ever written. */
  get identity(): StateIdentity {
    const { identity } = this.#loaded
    if (identity !== null) return identity
    throw new StoreError("STORE_EMPTY", {
      summary: `There is nothing in ${this.#directory} yet.`,
      advice: "Submit a job, or choose another state directory with --state (HAWSER_STATE).",
    })
  }

  newestByKey(key: string): string | undefined {
    return this.#loaded.ledger.newestByKey(key)
  }

  append(): Promise<readonly AnyEvent[]> {
    const summary = `${this.#directory} was opened for reading only.`
    return Promise.reject(new StoreError("STORE_READ_ONLY", { summary, advice: "Open it without readOnly." }))
  }

  subscribe(): () => void {
    return () => undefined
  }

  subscribeFrom(): Promise<() => void> {
    return Promise.resolve(() => undefined)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

const triesMax = 5

/** The owner may make a snapshot and remove old segments while we read: then the list of files has changed. */
export async function loadWhole(files: Files, directory: string): Promise<Loaded> {
  try {
    for (let tries = 1; ; tries++) {
      const before = await listing(files, directory)
      const loaded = await load(files, directory)
      if (tries === triesMax || before === (await listing(files, directory))) return loaded
    }
  } catch (error) {
    throw storeFailure(error, directory, `Can't read ${directory}.`)
  }
}

async function listing(files: Files, directory: string): Promise<string> {
  return JSON.stringify(segmentsAmong(await namesIn(files, directory)))
}
