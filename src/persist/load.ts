/** From the files of a state directory to what counts: snapshot, then the journal behind it. */
import { newerFormat } from "./failure.ts"
import { type Files, isMissing } from "./files.ts"
import { Ledger } from "./ledger.ts"
import { namesIn } from "./lease.ts"
import { countLines, decodeLines } from "./line.ts"
import {
  type Covered,
  type Header,
  type SegmentName,
  compareSegments,
  fileOf,
  format,
  pathOf,
  recordOf,
  segmentsAmong,
} from "./segment.ts"
import { type Snapshot, SnapshotDamage, readSnapshot, snapshotNames } from "./snapshot.ts"
import type { Finding, StateIdentity } from "./store.ts"

export interface Loaded {
  readonly ledger: Ledger
  /** Null: nothing was ever written here. */
  readonly identity: StateIdentity | null
  readonly findings: Finding[]
  /** The segments that count, oldest first, each to the end of its last whole line. */
  readonly covers: readonly Covered[]
  /** Where the newest segment ends, for one who reads on. */
  readonly tail: Tail | null
  /** The snapshot that was used. */
  readonly snapshot: { readonly name: string; readonly position: Covered; readonly seq: number } | null
}

export interface Tail extends Covered {
  /** Number of the line that comes next. */
  readonly line: number
}

/** Reads what counts, of the epochs below `before`. Damage leads to findings and never to an error. */
export async function load(files: Files, directory: string, before: number = Infinity): Promise<Loaded> {
  const names = segmentsAmong(await namesIn(files, directory)).filter(({ epoch }) => epoch < before)
  const findings: Finding[] = []
  const { counted, header, buffers } = await findCounted(files, directory, names)
  const snapshot = await chooseSnapshot(files, directory, counted, header !== null, findings)
  const ledger = new Ledger()
  if (snapshot !== null) ledger.restore(snapshot.content.jobs, snapshot.content.managers, snapshot.content.seq)
  const scan: Scan = { ledger, findings, identity: snapshot?.content.identity ?? header, excused: false }
  const covers: Covered[] = []
  let tail: Tail | null = null
  if (snapshot === null && counted.length > 0) noteMissingStart(counted, header, buffers, findings)
  const position = snapshot?.content.position
  for (const segment of position === undefined ? counted : withPlaceOf(position, counted)) {
    const order = position === undefined ? 1 : compareSegments(segment, position)
    const known = buffers.get(fileOf(segment))
    if (order < 0) {
      covers.push({ ...segment, bytes: Math.min(segment.bytes, known?.length ?? Infinity) })
      continue
    }
    // The next owner must find the snapshot's place among what counts, also where less than that is left of the file.
    const start = order === 0 ? (position?.bytes ?? 0) : 0
    const bytes = known ?? (await readOrNull(files, pathOf(directory, segment)))
    if (bytes === null) {
      if (segment.bytes > start) findings.push(finding("gap", segment, null, "The file is missing."))
      if (order === 0) covers.push({ ...segment, bytes: start })
      scan.excused = segment.bytes > start
      continue
    }
    tail = scanSegment(scan, segment, bytes, start)
    covers.push({ epoch: segment.epoch, segment: segment.segment, bytes: Math.max(tail.bytes, start) })
  }
  const used = snapshot && { name: snapshot.name, position: snapshot.content.position, seq: snapshot.content.seq }
  return { ledger, identity: scan.identity && identityIn(scan.identity), findings, covers, tail, snapshot: used }
}

/** Takes in what was written behind the tail. Null: the journal goes on elsewhere; load it again. */
export async function readOn(files: Files, directory: string, loaded: Loaded): Promise<Loaded | null> {
  const newest = segmentsAmong(await namesIn(files, directory)).at(-1)
  const { tail, ledger } = loaded
  if (newest === undefined || tail === null || compareSegments(newest, tail) !== 0) return null
  const bytes = await files.read(pathOf(directory, tail), tail.bytes)
  const findings = loaded.findings.filter(({ kind }) => kind !== "torn-tail")
  const scan: Scan = { ledger, findings, identity: loaded.identity, excused: false }
  const end = scanLines(scan, tail, bytes, tail.line, Infinity)
  const next = { ...tail, bytes: tail.bytes + end.bytes, line: end.line }
  return { ...loaded, identity: scan.identity && identityIn(scan.identity), findings, tail: next }
}

interface Scan {
  readonly ledger: Ledger
  readonly findings: Finding[]
  identity: StateIdentity | null
  /** A damaged line was reported; the gap behind it is not worth a second finding. */
  excused: boolean
}

interface Counted {
  readonly counted: readonly Covered[]
  /** The newest whole one. */
  readonly header: Header | null
  readonly buffers: ReadonlyMap<string, Buffer>
}

/** Which segments count, and how far: the newest whole header says so for all that are older than it. */
async function findCounted(files: Files, directory: string, names: readonly SegmentName[]): Promise<Counted> {
  const buffers = new Map<string, Buffer>()
  const counted: Covered[] = []
  let nextSeq = Infinity
  for (const name of names.toReversed()) {
    const path = pathOf(directory, name)
    const bytes = await readOrNull(files, path)
    if (bytes === null) continue
    buffers.set(fileOf(name), bytes)
    counted.unshift({ ...name, bytes: endBefore(bytes, nextSeq) })
    const header = headerIn(bytes, path)
    if (header !== null) return { counted: [...header.covers, ...counted], header, buffers }
    nextSeq = firstSeqIn(bytes) ?? nextSeq
  }
  return { counted, header: null, buffers }
}

/**
 * Where a segment ends whose successor's header can't be read: what it says from event `seq` on was written after the
 * take-over, since the successor has used that number itself. Infinity: nothing of the kind.
 */
function endBefore(bytes: Buffer, seq: number): number {
  if (seq === Infinity) return Infinity
  let end = 0
  for (const line of decodeLines(bytes)) {
    const record = recordOf(line.value)
    if (record !== null && "event" in record && record.event.seq >= seq) return end
    end = line.end
  }
  return Infinity
}

/** Number of the first event; null: there is none. */
export function firstSeqIn(bytes: Buffer): number | null {
  for (const { value } of decodeLines(bytes)) {
    const record = recordOf(value)
    if (record !== null && "event" in record) return record.event.seq
  }
  return null
}

function headerIn(bytes: Buffer, path: string): Header | null {
  let header: Header | null = null
  for (const { number, value } of decodeLines(bytes)) {
    const record = recordOf(value)
    if (record !== null && "claim" in record && record.claim.format > format)
      throw newerFormat(path, record.claim.format, format)
    if (number === 2) {
      header = record !== null && "header" in record ? record.header : null
      break
    }
  }
  return header
}

type Chosen = { readonly name: string; readonly content: Snapshot }

/** The newest snapshot that is whole and lies on the history that counts. */
async function chooseSnapshot(
  files: Files,
  directory: string,
  counted: readonly Covered[],
  isSure: boolean,
  findings: Finding[],
): Promise<Chosen | null> {
  let isFirstMissing = false
  for (const name of snapshotNames) {
    const unusable = (detail: string, file: string = name) =>
      findings.push({ kind: "snapshot-unusable", file, line: null, detail })
    try {
      const content = await readSnapshot(files, directory, name)
      if (content === null) {
        isFirstMissing = true
        continue
      }
      if (isFirstMissing) unusable("It is missing.", snapshotNames[0])
      const { position } = content
      const limit = counted.find((segment) => compareSegments(segment, position) === 0)?.bytes
      // Of an owner that no journal knows: it can't have been superseded by those that are left.
      const isBeyond = counted.every((segment) => compareSegments(segment, position) < 0)
      if (isBeyond)
        findings.push(finding("snapshot-ahead", position, null, "It is missing; what followed the snapshot is gone."))
      if (limit !== undefined ? position.bytes <= limit : isBeyond || !isSure) return { name, content }
      unusable("It holds what was written after a take-over, or the journal that follows it is gone.")
    } catch (error) {
      if (!(error instanceof SnapshotDamage)) throw error
      unusable(error.message)
    }
  }
  return null
}

/** The segments that count and the one in which the snapshot has its place, which may be gone. */
function withPlaceOf(position: Covered, counted: readonly Covered[]): readonly Covered[] {
  if (counted.some((segment) => compareSegments(segment, position) === 0)) return counted
  return [...counted, position].toSorted(compareSegments)
}

/** Without a snapshot the journal must begin at the beginning. */
function noteMissingStart(
  counted: readonly Covered[],
  newest: Header | null,
  buffers: ReadonlyMap<string, Buffer>,
  findings: Finding[],
): void {
  const first = counted[0]
  if (first === undefined || (first.epoch === 1 && first.segment === 1)) return
  const bytes = buffers.get(fileOf(first))
  const firstSeq = (bytes === undefined ? null : headerIn(bytes, fileOf(first)))?.firstSeq ?? newest?.firstSeq ?? 0
  if (firstSeq !== 1)
    findings.push(finding("gap", first, null, "What came before is gone, and there is no usable snapshot."))
}

function scanSegment(scan: Scan, segment: Covered, bytes: Buffer, start: number): Tail {
  const counts = bytes.subarray(0, Math.min(segment.bytes, bytes.length))
  const missing = (segment.bytes === Infinity ? start : segment.bytes) - bytes.length
  if (missing > 0 && segment.bytes > start) {
    const kind = segment.bytes === Infinity ? "snapshot-ahead" : "gap"
    scan.findings.push(finding(kind, segment, null, `${missing} bytes are missing at its end.`))
  }
  const from = Math.min(start, counts.length)
  const end = scanLines(scan, segment, counts.subarray(from), 1 + countLines(counts.subarray(0, from)), segment.bytes)
  const late = [...decodeLines(bytes.subarray(counts.length))].filter(({ state }) => state === "whole").length
  if (late > 0) {
    scan.findings.push(
      finding("superseded-tail", segment, null, `${late} records were written after a take-over; they don't count.`),
    )
  }
  return { epoch: segment.epoch, segment: segment.segment, bytes: from + end.bytes, line: end.line }
}

/** Takes the lines in, and says where the last whole one ended and which number comes next. */
function scanLines(
  scan: Scan,
  name: SegmentName,
  bytes: Buffer,
  first: number,
  limit: number,
): { bytes: number; line: number } {
  let end = 0
  let number = first
  for (const line of decodeLines(bytes, first)) {
    if (line.state === "torn") {
      const detail = `The last record is incomplete (${bytes.length - end} bytes) and was dropped.`
      if (limit === Infinity) scan.findings.push(finding("torn-tail", name, line.number, detail))
      break
    }
    end = line.end
    number = line.number + 1
    scanRecord(scan, name, line.number, line.value)
  }
  return { bytes: end, line: number }
}

function scanRecord(scan: Scan, name: SegmentName, line: number, value: unknown): void {
  const { ledger, findings } = scan
  const record = recordOf(value)
  if (record === null) {
    findings.push(finding("damaged-line", name, line, "The checksum does not fit; the record was skipped."))
    scan.excused = true
    return
  }
  if ("claim" in record) return
  if ("header" in record) {
    scan.identity ??= record.header
    return
  }
  const { event } = record
  if (event.seq <= ledger.seq) {
    findings.push(finding("repeat", name, line, `${event.type}: an event ${event.seq} has been there before.`))
    return
  }
  if (event.seq > ledger.seq + 1 && !scan.excused) {
    findings.push(finding("gap", name, line, `The events ${ledger.seq + 1} to ${event.seq - 1} are missing.`))
  }
  scan.excused = false
  if (event.type === "opened") scan.identity ??= event
  const refusal = ledger.replay(event)
  if (refusal !== null)
    findings.push({
      ...finding("refused-event", name, line, `${event.type} (${event.seq}): ${refusal.why}`),
      job: refusal.event.job,
    })
}

function identityIn({ stateId, seed }: StateIdentity): StateIdentity {
  return { stateId, seed }
}

function finding(kind: Finding["kind"], name: SegmentName, line: number | null, detail: string): Finding {
  return { kind, file: fileOf(name), line, detail }
}

async function readOrNull(files: Files, path: string): Promise<Buffer | null> {
  try {
    return await files.read(path)
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
