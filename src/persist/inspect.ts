/** Looks into a state directory without taking it: what is there, what is wrong with it, and what to do about that. */
import { join } from "node:path"
import { storeFailure } from "./failure.ts"
import { type Files, nodeFiles } from "./files.ts"
import { type Host, type Owner, systemHost } from "./host.ts"
import { type Lease, draftEnd, namesIn, readLease } from "./lease.ts"
import { type Loaded, firstSeqIn } from "./load.ts"
import { othersMayIn } from "./modes.ts"
import { loadWhole } from "./reading.ts"
import { type Remark, type SegmentReport, type SnapshotReport, type Surroundings, remarksOn } from "./remarks.ts"
import { type SegmentName, compareSegments, fileOf, pathOf, segmentsAmong } from "./segment.ts"
import { SnapshotDamage, readSnapshot, snapshotNames } from "./snapshot.ts"
import { survey } from "./survey.ts"

export interface Inspection {
  readonly directory: string
  /** The highest that a journal names; null: there is none. */
  readonly format: number | null
  readonly lease: Lease
  /** Who has owned the directory, as far as journals are left; oldest first. */
  readonly owners: readonly Owner[]
  readonly segments: readonly SegmentReport[]
  readonly snapshots: readonly SnapshotReport[]
  /** What a controller that starts now would begin with. */
  readonly jobs: number
  readonly seq: number
  readonly remarks: readonly Remark[]
}

/** Throws a StoreError where the directory can't be read, and `STORE_FORMAT_NEWER`. Damage is no error. */
export async function inspect(
  directory: string,
  { files = nodeFiles, host = systemHost }: { readonly files?: Files; readonly host?: Host } = {},
): Promise<Inspection> {
  const loaded = await loadWhole(files, directory)
  try {
    const lease = await readLease(directory, { files, host })
    const names = await namesIn(files, directory)
    const segments = await segmentsIn(files, directory, segmentsAmong(names), loaded)
    const snapshots = await Promise.all(snapshotNames.map((name) => snapshotIn(files, directory, name, loaded)))
    const surroundings = await surroundingsOf(directory, names)
    const claimed = segments.filter(({ segment }) => segment === 1)
    return {
      directory,
      format: segments.reduce<number | null>(
        (most, { format }) => (format === null ? most : Math.max(most ?? 0, format)),
        null,
      ),
      lease,
      owners: claimed.flatMap(({ owner }) => (owner === null ? [] : [owner])),
      segments,
      snapshots,
      jobs: loaded.ledger.jobs.size,
      seq: loaded.ledger.seq,
      remarks: remarksOn({ lease, loaded, segments, snapshots, surroundings }),
    }
  } catch (error) {
    throw storeFailure(error, directory, `Can't read ${directory}.`)
  }
}

/** Files of the store among the names of its directory. */
export function storeFilesAmong(names: readonly string[]): string[] {
  return names.filter((name) => /^(?:journal\.|snapshot\.|lease$|lease\.)/.test(name) || name.endsWith(draftEnd))
}

export const copiesName = "fsck."

async function segmentsIn(
  files: Files,
  directory: string,
  names: readonly SegmentName[],
  { covers }: Loaded,
): Promise<SegmentReport[]> {
  const coverOf = (name: SegmentName) => covers.find((one) => compareSegments(one, name) === 0)
  const buffers = await Promise.all(names.map((name) => files.read(pathOf(directory, name))))
  const firstSeqs = names.map((name, index) =>
    coverOf(name) === undefined ? null : firstSeqIn(buffers[index] ?? Buffer.alloc(0)),
  )
  const reports: SegmentReport[] = []
  for (const [index, name] of names.entries()) {
    const bytes = buffers[index] ?? Buffer.alloc(0)
    // Behind the newest whole line stands at most what is torn, and that is of this owner.
    const counted = index === names.length - 1 ? bytes.length : (coverOf(name)?.bytes ?? 0)
    const previousSeq = reports.findLast((one) => one.counted > 0 && one.lastSeq !== null)?.lastSeq ?? null
    const nextSeq = firstSeqs.slice(index + 1).find((seq) => seq !== null) ?? null
    reports.push({ file: fileOf(name), ...name, counted, ...survey(bytes, { counted, previousSeq, nextSeq }) })
  }
  return reports
}

async function snapshotIn(files: Files, directory: string, file: string, { covers }: Loaded): Promise<SnapshotReport> {
  const unknown = { file, seq: null, position: null, jobs: null }
  try {
    const content = await readSnapshot(files, directory, file)
    if (content === null) return { ...unknown, state: "missing" }
    const { position, seq, jobs } = content
    const isOnHistory = covers.some((one) => compareSegments(one, position) === 0 && position.bytes <= one.bytes)
    return { file, state: isOnHistory ? "whole" : "unusable", seq, position, jobs: jobs.length }
  } catch (error) {
    if (error instanceof SnapshotDamage) return { ...unknown, state: "damaged" }
    throw error
  }
}

async function surroundingsOf(directory: string, names: readonly string[]): Promise<Surroundings> {
  const open: string[] = []
  for (const name of names.length === 0 ? [] : [".", ...storeFilesAmong(names)]) {
    // One that is gone meanwhile was a draft, or a segment that a snapshot replaced.
    if ((await othersMayIn(join(directory, name)).catch(() => 0)) !== 0) open.push(name)
  }
  return {
    drafts: names.filter((name) => name.endsWith(draftEnd)),
    copies: names.filter((name) => name.startsWith(copiesName)),
    open,
  }
}
