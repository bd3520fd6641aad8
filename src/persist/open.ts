/** Opens a state directory: to own it, or to look into it. */
import type { Clock } from "../clock.ts"
import { storeFailure } from "./failure.ts"
import { type Files, isMissing, nodeFiles } from "./files.ts"
import { type Host, systemHost } from "./host.ts"
import { newIdentity } from "./identity.ts"
import { type Claimed, type Lease, type Place, announce, checkFree, claimEpoch, readLease, withdraw } from "./lease.ts"
import { type Loaded, load } from "./load.ts"
import { OwnedStore, sweepDrafts } from "./owned.ts"
import { ReadingStore } from "./reading.ts"
import { pathOf } from "./segment.ts"

export interface OpenOptions {
  readonly clock: Clock
  /** Also from an owner that runs, or of which that can't be seen. What it writes from then on does not count. */
  readonly takeOver?: boolean
  /** Where this process listens or will; stands in the lease, so that clients find it. See `announce`. */
  readonly socketPath?: string | null
  readonly files?: Files
  readonly host?: Host
  readonly snapshotEvents?: number
}

/**
 * Opens the store in a directory, which is created where it is missing. There is one owner at a time, and any number of
 * readers. Throws a StoreError: `LEASE_HELD`, `LEASE_HELD_ELSEWHERE`, `STORE_FORMAT_NEWER`, `STORE_READ_ONLY`,
 * `STORE_FULL`, `STORE_FAILED`, `STORE_SUPERSEDED` (somebody took over at the same moment). Damage is no error: see
 * `findings`.
 */
export async function openStore(
  directory: string,
  options: OpenOptions & { readonly readOnly: true },
): Promise<ReadingStore>
export async function openStore(
  directory: string,
  options: OpenOptions & { readonly readOnly?: false },
): Promise<OwnedStore>
export async function openStore(
  directory: string,
  options: OpenOptions & { readonly readOnly?: boolean },
): Promise<OwnedStore | ReadingStore> {
  const { files = nodeFiles, host = systemHost, readOnly = false } = options
  if (readOnly) return ReadingStore.open(files, directory)
  try {
    return await own({ files, host, directory }, options)
  } catch (error) {
    throw storeFailure(error, directory, `Can't open the state directory ${directory}.`)
  }
}

// As long as clients of NFS and its kin may go on without a name that another host has made. (acdirmax, nfs(5))
const directoryCacheMs = 60_000
const snapshotEventsDefault = 5_000

async function own(place: Place, options: OpenOptions): Promise<OwnedStore> {
  const { files, directory } = place
  const { clock, takeOver = false, socketPath = null, snapshotEvents = snapshotEventsDefault } = options
  await files.makeDirectory(directory)
  const lease = await readLease(directory, place)
  if (!takeOver) checkFree(directory, lease)
  for (let epoch = lease.epoch + 1; ;) {
    const claimed = await claimEpoch(place, clock, epoch, socketPath)
    try {
      const loaded = await takeUp(place, clock, lease, claimed)
      epoch = (loaded.snapshot?.position.epoch ?? 0) + 1
      if (epoch <= claimed.owner.epoch) return await goOn(place, clock, lease, claimed, loaded, snapshotEvents)
    } catch (error) {
      await giveUp(place, claimed)
      throw error
    }
    // Journal and lease are lost, and the snapshot is of this epoch or a later one: no epoch is used twice.
    await giveUp(place, claimed)
  }
}

async function giveUp(place: Place, claimed: Claimed): Promise<void> {
  await withdraw(place, claimed).catch(() => undefined)
  await claimed.file.close().catch(() => undefined)
}

/** The epoch is ours; now everything that older ones acknowledged is read. */
async function takeUp(place: Place, clock: Clock, lease: Lease, claimed: Claimed): Promise<Loaded> {
  const { files, directory } = place
  await announce(place, claimed.owner, clock.nonce(8))
  // Until its caches have run out, an owner on another host may acknowledge; that has to be in what we read.
  if (lease.state === "elsewhere" && (await files.isRemote(directory))) await clock.sleep(directoryCacheMs)
  await sweepDrafts(place)
  const loaded = await load(files, directory, claimed.owner.epoch)
  await syncCounted(place, loaded)
  return loaded
}

async function goOn(
  place: Place,
  clock: Clock,
  lease: Lease,
  claimed: Claimed,
  loaded: Loaded,
  snapshotEvents: number,
): Promise<OwnedStore> {
  const identity = loaded.identity ?? newIdentity(clock)
  const unproven = lease.state === "live" || lease.state === "elsewhere"
  const store = await OwnedStore.start({ place, clock, claimed, loaded, identity, unproven, snapshotEvents })
  // One that still runs may cut off what it had not acknowledged, and we had counted. Then the snapshot has it.
  if (unproven) await store.snapshot().catch(() => undefined)
  return store
}

/**
 * An owner that was killed between a write and its fsync has left what we can read and a power failure can take back.
 * We build on it from now on.
 */
async function syncCounted({ files, directory }: Place, { covers }: Loaded): Promise<void> {
  for (const segment of covers) {
    await files.syncFile(pathOf(directory, segment)).catch((error: unknown) => {
      if (!isMissing(error)) throw error
    })
  }
}
