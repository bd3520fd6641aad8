/** Fresh directories for stores, and processes that a test makes up. */
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach } from "vitest"
import { type Clock, systemClock } from "../../src/clock.ts"
import { type Host, type OpenOptions, type OwnedStore, openStore, systemHost } from "../../src/persist/index.ts"

// Where there is one, a thousand tests of what is on the disk need not wait for one.
const inMemory = "/dev/shm"

const made: string[] = []
const opened: OwnedStore[] = []

// Those that a test left open, as a crash does.
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close().catch(() => undefined)))
})

afterAll(async () => {
  await Promise.all(made.map((directory) => rm(directory, { recursive: true, force: true })))
})

/** Removed when the test file is done. */
export async function freshDirectory(): Promise<string> {
  const directory = await mkdtemp(join(existsSync(inMemory) ? inMemory : tmpdir(), "hawser-persist-"))
  made.push(directory)
  return directory
}

/** A host on which no process but this one was ever seen: whatever another one claims, it is dead. */
function hostOf(pid: number): Host {
  return {
    self: async () => ({ ...(await systemHost.self()), pid, startTime: String(pid) }),
    startTimeOf: async () => null,
  }
}

/** Opens as a process of its own, which finds all others dead. */
export async function openAs(pid: number, directory: string, options: Partial<OpenOptions> = {}): Promise<OwnedStore> {
  const clock: Clock = options.clock ?? systemClock
  const store = await openStore(directory, { ...options, clock, host: hostOf(pid), readOnly: false })
  opened.push(store)
  return store
}
