/** A segment of the journal line by line: what is whole in it, what is not, and what was lost by that. Pure. */
import type { Owner } from "./host.ts"
import { type Line, decodeLines } from "./line.ts"
import { recordOf } from "./segment.ts"

export interface Survey {
  readonly bytes: number
  /** From the claim; null: it can't be read. */
  readonly owner: Owner | null
  readonly format: number | null
  /** Lines that are whole. */
  readonly records: number
  /** Of the events in it, as far as `counted` goes; null: there is none. */
  readonly firstSeq: number | null
  readonly lastSeq: number | null
  /** Whole records behind what counts. */
  readonly lateRecords: number
  readonly damaged: readonly DamagedLine[]
  /** Length of what stands behind the last line's end, where that counts. */
  readonly tornBytes: number
}

export interface DamagedLine {
  readonly line: number
  /** Where it begins in the file. */
  readonly at: number
  /** Does it stand in what counts? */
  readonly counts: boolean
  /** Numbers of the events that are missing there; null: none is. */
  readonly lost: { readonly first: number; readonly last: number } | null
  /** What is still legible in it: `observed of job 5f0c`. */
  readonly legible: string | null
}

export interface SurveyOptions {
  /** So many bytes count. */
  readonly counted: number
  /** Number of the first event of the segment before and of the one behind, as far as they are known. */
  readonly previousSeq: number | null
  readonly nextSeq: number | null
}

export function survey(bytes: Buffer, options: SurveyOptions): Survey {
  const { counted } = options
  const lines = [...placed(bytes)]
  const whole = lines.flatMap((line) => {
    const record = line.state === "whole" ? recordOf(line.value) : null
    return record === null ? [] : [{ ...line, record }]
  })
  const claim = whole.map(({ record }) => record).find((record) => "claim" in record)?.claim
  const seqs = whole.flatMap(({ record, end }) => ("event" in record && end <= counted ? [record.event.seq] : []))
  const last = lines.at(-1)
  return {
    bytes: bytes.length,
    owner: claim?.owner ?? null,
    format: claim?.format ?? null,
    records: whole.length,
    firstSeq: seqs[0] ?? null,
    lastSeq: seqs.at(-1) ?? null,
    lateRecords: whole.filter(({ end }) => end > counted).length,
    damaged: damagedAmong(lines, bytes, options),
    tornBytes: last?.state === "torn" && last.at < counted ? last.end - last.at : 0,
  }
}

interface Placed extends Line {
  readonly at: number
}

function* placed(bytes: Buffer): Generator<Placed> {
  let at = 0
  for (const line of decodeLines(bytes)) {
    yield { ...line, at }
    at = line.end
  }
}

function damagedAmong(
  lines: readonly Placed[],
  bytes: Buffer,
  { counted, previousSeq, nextSeq }: SurveyOptions,
): DamagedLine[] {
  const found: DamagedLine[] = []
  let before = previousSeq
  for (let index = 0; index < lines.length;) {
    const end = endOfRun(lines, index)
    const run = lines.slice(index, end)
    const lost = run.length === 0 ? [] : numbersLost(run, before, seqAfter(lines, end), nextSeq)
    for (const [at, line] of run.entries()) {
      const legible = legibleIn(bytes.toString("utf8", line.at, line.end))
      found.push({ line: line.number, at: line.at, counts: line.at < counted, lost: lost[at] ?? null, legible })
    }
    before = seqOf(lines[end]) ?? before
    index = end + 1
  }
  return found
}

/** For each line of a run the numbers between its whole neighbours: one each, and the first line has all that are left. */
function numbersLost(
  run: readonly Placed[],
  before: number | null,
  after: number | null,
  nextSeq: number | null,
): DamagedLine["lost"][] {
  // The first two lines of a segment are no events.
  const events = run.filter(({ number }) => number > 2).length
  const known = after ?? nextSeq
  if (before === null && known === null) return []
  const from = before ?? Math.max(0, (known ?? 0) - 1 - events)
  // What was lost at the end of a journal the next owner did not know: it has used those numbers again.
  const to = after ?? Math.max(nextSeq ?? 0, from + 1 + events)
  return run.map((_, index) => {
    const last = to - (run.length - index)
    const first = index === 0 ? from + 1 : last
    return last > from ? { first, last } : null
  })
}

function endOfRun(lines: readonly Placed[], start: number): number {
  let end = start
  while (isDamaged(lines[end])) end++
  return end
}

function seqAfter(lines: readonly Placed[], start: number): number | null {
  for (let index = start; index < lines.length; index++) {
    const seq = seqOf(lines[index])
    if (seq !== null) return seq
  }
  return null
}

function isDamaged(line: Line | undefined): boolean {
  if (line === undefined) return false
  return line.state === "damaged" || (line.state === "whole" && recordOf(line.value) === null)
}

function seqOf(line: Line | undefined): number | null {
  const record = line?.state === "whole" ? recordOf(line.value) : null
  return record !== null && "event" in record ? record.event.seq : null
}

function legibleIn(text: string): string | null {
  const type = /"type":"([a-z-]+)"/.exec(text)?.[1]
  const job = /"job":"([^"\\]{1,64})"/.exec(text)?.[1]
  if (type === undefined && job === undefined) return null
  return `${type ?? "an event"}${job === undefined ? "" : ` of job ${job}`}`
}
