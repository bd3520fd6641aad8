/** The snapshot: all jobs at one place of the journal, written whole and rarely, through lowdb. */
import { createHash } from "node:crypto"
import { join } from "node:path"
import { type Adapter, Low } from "lowdb"
import type { Job } from "../job/index.ts"
import { newerFormat } from "./failure.ts"
import { type Files, isMissing } from "./files.ts"
import type { Ledger } from "./ledger.ts"
import { draftEnd } from "./lease.ts"
import { type Covered, format } from "./segment.ts"
import type { ManagerRecord, StateIdentity } from "./store.ts"

export interface Snapshot {
  readonly format: number
  readonly identity: StateIdentity
  /** All events up to here are in it. */
  readonly position: Covered
  readonly seq: number
  readonly managers: readonly ManagerRecord[]
  readonly jobs: readonly Job[]
}

export const snapshotNames = ["snapshot.json", "snapshot.prev.json"] as const

export function snapshotOf(ledger: Ledger, identity: StateIdentity, position: Covered): Snapshot {
  // Jobs are never changed in place, so a list of them is a picture of this moment.
  const { jobs, managers, seq } = ledger
  return {
    format,
    identity,
    position,
    seq,
    managers: [...managers.values()],
    jobs: [...jobs.values()],
  }
}

/** Null: there is none. Throws a SnapshotDamage where it is not whole, `STORE_FORMAT_NEWER` where it is not for us. */
export async function readSnapshot(files: Files, directory: string, name: string): Promise<Snapshot | null> {
  const path = join(directory, name)
  const db = new Low<Snapshot | null>(
    snapshotFile(files, path, () => Promise.resolve()),
    null,
  )
  await db.read()
  if (db.data !== null && db.data.format > format) throw newerFormat(path, db.data.format, format)
  return db.data
}

/** After it, the snapshot is on disk under the first name. `before` runs when only the names are left to change. */
export async function writeSnapshot(
  files: Files,
  directory: string,
  snapshot: Snapshot,
  before: () => Promise<void>,
): Promise<void> {
  const db = new Low<Snapshot | null>(snapshotFile(files, join(directory, snapshotNames[0]), before), null)
  db.data = snapshot
  await db.write()
}

/** What is in the file is not what was written. */
export class SnapshotDamage extends Error {
  override readonly name = "SnapshotDamage"
}

/** Our adapter: lowdb's own does not fsync, and its preset writes nothing under NODE_ENV=test. */
function snapshotFile(files: Files, path: string, before: () => Promise<void>): Adapter<Snapshot | null> {
  return {
    read: async () => {
      const bytes = await files.read(path).catch((error: unknown) => {
        if (isMissing(error)) return null
        throw error
      })
      return bytes === null ? null : decode(bytes.toString("utf8"))
    },
    write: async (snapshot) => {
      if (snapshot === null) return
      const draft = `${path}.${snapshot.position.epoch}.${snapshot.seq}${draftEnd}`
      try {
        await writeDraft(files, draft, snapshot)
        await before()
        await files.rename(draft, path)
      } catch (error) {
        await files.remove(draft).catch(() => undefined)
        throw error
      }
      await files.syncDirectory(join(path, ".."))
    },
  }
}

const opening = '{"content":'
const closing = ',"sha256":"'
const closed = '"}\n'
const hexLength = 64
const jobsPerWrite = 256

/** In pieces, with a write between them, so that the process answers while a large one is written. */
async function writeDraft(files: Files, path: string, { jobs, ...rest }: Snapshot): Promise<void> {
  const sha256 = createHash("sha256")
  await files.remove(path).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
  const file = await files.create(path)
  let length = 0
  const write = async (text: string) => {
    const bytes = Buffer.from(text)
    await file.write(bytes, length)
    length += bytes.length
  }
  const writeContent = async (text: string) => {
    sha256.update(text)
    await write(text)
  }
  try {
    await write(opening)
    await writeContent(`${JSON.stringify(rest).slice(0, -1)},"jobs":[`)
    for (let at = 0; at < jobs.length; at += jobsPerWrite) {
      const texts = jobs.slice(at, at + jobsPerWrite).map((job) => JSON.stringify(job))
      await writeContent(`${at === 0 ? "\n" : ",\n"}${texts.join(",\n")}`)
    }
    await writeContent("]}")
    await write(`${closing}${sha256.digest("hex")}${closed}`)
    await file.sync()
  } finally {
    await file.close()
  }
}

function decode(text: string): Snapshot {
  const end = text.length - closing.length - hexLength - closed.length
  const content = text.slice(opening.length, Math.max(end, opening.length))
  const sum = text.slice(end + closing.length, end + closing.length + hexLength)
  if (createHash("sha256").update(content).digest("hex") !== sum) throw new SnapshotDamage("The checksum does not fit.")
  return JSON.parse(content)
}
