/** Who owns a state directory, and how one comes to own it: by the exclusive creation of the next epoch. */
import { join } from "node:path"
import { type Clock, isoTime } from "../clock.ts"
import { StoreError } from "../errors.ts"
import { superseded } from "./failure.ts"
import { type Files, type OpenFile, codeOf, isMissing, noLinks, nodeFiles } from "./files.ts"
import { type Host, type Owner, judge, systemHost } from "./host.ts"
import { decodeLines, encodeLine } from "./line.ts"
import { type SegmentName, format, pathOf, recordOf, segmentsAmong, textOf } from "./segment.ts"

/** What can be said of the ownership of a state directory. */
export interface Lease {
  /** `free`: nobody, or one who gave it back. `elsewhere`: on another machine, where only it can tell whether it runs. */
  readonly state: "free" | "dead" | "live" | "elsewhere"
  /** The newest one; 0: there was none yet. */
  readonly epoch: number
  /** The owner of that epoch; null where it is free. */
  readonly owner: Owner | null
}

/** An epoch that is ours, and its journal, in which the claim stands already. */
export interface Claimed {
  readonly owner: Owner
  readonly file: OpenFile
  readonly length: number
}

export interface Place {
  readonly files: Files
  readonly host: Host
  readonly directory: string
}

/** Reads, and changes nothing. */
export async function readLease(directory: string, options: Partial<Place> = {}): Promise<Lease> {
  const { files = nodeFiles, host = systemHost } = options
  const place = { files, host, directory }
  const newest = segmentsAmong(await namesIn(files, directory)).at(-1)
  const released = await readOwner(place, releasedName)
  const announced = await readOwner(place, leaseName)
  // The journal of an owner may be lost. Its epoch is not used again, and where it runs it is the owner still.
  const epoch = Math.max(newest?.epoch ?? 0, released?.epoch ?? 0, announced?.epoch ?? 0)
  const claimant = newest?.epoch === epoch ? newest : null
  const owner = announced?.epoch === epoch ? announced : claimant && (await claimantOf(place, claimant))
  if (released?.epoch === epoch || owner === null) return { state: "free", epoch, owner: null }
  return { state: await judge(host, owner), epoch, owner }
}

/** Throws `LEASE_HELD` or `LEASE_HELD_ELSEWHERE`. */
export function checkFree(directory: string, { state, owner }: Lease): void {
  if (owner === null || state === "free" || state === "dead") return
  const since = `since ${isoTime(owner.since)}`
  if (state === "live") {
    throw new StoreError("LEASE_HELD", {
      summary: `${directory} is in use by process ${owner.pid} of this machine.`,
      reason: `It has held it ${since}${owner.socket === null ? "" : ` and listens on ${owner.socket}`}.`,
      advice: "Use or stop that one; if it hangs, take its place with --take-over.",
    })
  }
  throw new StoreError("LEASE_HELD_ELSEWHERE", {
    summary: `${directory} is held by process ${owner.pid} on ${owner.host}.`,
    reason: `It has held it ${since}, and whether it still runs can't be seen from here.`,
    advice: "Make sure that it has ended, then take its place with --take-over.",
  })
}

/** Makes the next epoch ours. Throws `LEASE_HELD` when somebody else was faster; then nothing has changed. */
export async function claimEpoch(place: Place, clock: Clock, epoch: number, socket: string | null): Promise<Claimed> {
  const { files, directory } = place
  const owner: Owner = { ...(await place.host.self()), epoch, socket, since: clock.now() }
  const nonce = clock.nonce(8)
  const line = Buffer.from(encodeLine(textOf({ claim: { format, epoch, segment: 1, nonce, owner } })))
  const draft = join(directory, `claim.${nonce}${draftEnd}`)
  const path = pathOf(directory, { epoch, segment: 1 })
  let file: OpenFile | null = null
  try {
    file = await createWith(files, draft, line)
    file = await takeName(files, file, draft, path, line)
    await files.syncDirectory(directory)
    return { owner, file, length: line.length }
  } catch (error) {
    await file?.close()
    if (!["EEXIST", "ENOENT"].includes(codeOf(error) ?? "")) throw error
    const lease = await readLease(directory, place)
    checkFree(directory, lease)
    throw new StoreError("LEASE_HELD", { summary: `${directory} was taken by another process just now.`, cause: error })
  } finally {
    await files.remove(draft).catch(() => undefined)
  }
}

/** Makes the owner known: who it is and where it listens. */
export async function announce({ files, directory }: Place, owner: Owner, nonce: string): Promise<void> {
  const draft = join(directory, `lease.${nonce}${draftEnd}`)
  const file = await createWith(files, draft, Buffer.from(`${JSON.stringify(owner)}\n`))
  await file.close()
  await files.rename(draft, join(directory, leaseName))
  await files.syncDirectory(directory)
}

/** Gives the epoch back. Needs no space on the disk. */
export async function release(place: Place, epoch: number): Promise<void> {
  if ((await readOwner(place, leaseName))?.epoch !== epoch) return
  await place.files.rename(join(place.directory, leaseName), join(place.directory, releasedName))
}

/**
 * Undoes a claim under which nothing was acknowledged. What may stand behind the claim says how far the older epochs
 * count, and an older owner acknowledges again as soon as the name is gone, which a power failure can bring back: so that
 * goes first, for good. Where it can't, the epoch stays claimed.
 */
export async function withdraw(place: Place, { owner: { epoch }, file, length }: Claimed): Promise<void> {
  await checkNewest(place.files, place.directory, epoch)
  await file.truncate(length)
  await file.sync()
  if ((await readOwner(place, leaseName))?.epoch === epoch) await place.files.remove(join(place.directory, leaseName))
  await place.files.remove(pathOf(place.directory, { epoch, segment: 1 }))
}

/** Throws `STORE_SUPERSEDED` when a higher epoch exists. */
export async function checkNewest(files: Files, directory: string, epoch: number): Promise<void> {
  // Not only the next one: that may be gone already, when its successors have made snapshots.
  const newest = segmentsAmong(await files.list(directory)).at(-1)
  if (newest !== undefined && newest.epoch > epoch) throw superseded(directory, epoch)
}

/** The end of the names of what was not finished. */
export const draftEnd = ".tmp"

const leaseName = "lease"
const releasedName = "lease.released"

/** The names in a directory; none where there is no directory. */
export async function namesIn(files: Files, directory: string): Promise<string[]> {
  try {
    return await files.list(directory)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** A new file, on disk with all of `bytes`, or not there at all. */
export async function createWith(files: Files, path: string, bytes: Uint8Array): Promise<OpenFile> {
  const file = await files.create(path)
  try {
    await file.write(bytes, 0)
    await file.sync()
    return file
  } catch (error) {
    await file.close()
    await files.remove(path).catch(() => undefined)
    throw error
  }
}

async function takeName(
  files: Files,
  file: OpenFile,
  draft: string,
  path: string,
  line: Uint8Array,
): Promise<OpenFile> {
  try {
    await files.link(draft, path)
    return file
  } catch (error) {
    const code = codeOf(error) ?? ""
    // NFS may do it and lose the answer; asked again it says "exists". (open(2), on O_EXCL)
    if (code === "EEXIST" && (await files.inode(path)) === (await files.inode(draft))) return file
    if (!noLinks.includes(code)) throw error
  }
  // No hard links here (FAT, sshfs): exclusive creation decides as well, and leaves a moment without the claim.
  const created = await createWith(files, path, line)
  await file.close()
  return created
}

async function claimantOf({ files, directory }: Place, name: SegmentName): Promise<Owner | null> {
  const bytes = await files.read(pathOf(directory, name)).catch((error: unknown) => {
    if (isMissing(error)) return Buffer.alloc(0)
    throw error
  })
  for (const line of decodeLines(bytes)) {
    const record = recordOf(line.value)
    return record !== null && "claim" in record ? record.claim.owner : null
  }
  return null
}

async function readOwner({ files, directory }: Place, name: string): Promise<Owner | null> {
  try {
    const value: unknown = JSON.parse((await files.read(join(directory, name))).toString("utf8"))
    return isOwner(value) ? value : null
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return null
    throw error
  }
}

function isOwner(value: unknown): value is Owner {
  return typeof value === "object" && value !== null && "epoch" in value && "pid" in value && "bootId" in value
}
