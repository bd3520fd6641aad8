/** Fresh directories for stores, and processes that a test makes up. */
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import { type Clock, systemClock } from "../../src/clock.ts"
import { type Host, type OpenOptions, type OwnedStore, openStore, systemHost } from "../../src/persist/index.ts"

// Where there is one, a thousand tests of what is on the disk need not wait for one.
const inMemory = "/dev/shm"

/** Removed when the test is done. */
export async function freshDirectory(): Promise<string> {
  const directory = await mkdtemp(join(existsSync(inMemory) ? inMemory : tmpdir(), "hawser-persist-"))
  onTestFinished(async () => rm(directory, { recursive: true, force: true }))
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
  // Tests leave them open, as a crash does.
  onTestFinished(async () => store.close().catch(() => undefined))
  return store
}
