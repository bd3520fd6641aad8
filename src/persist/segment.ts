/** The files of the journal: their names, their order, and the two records that each begins with. */
import { join } from "node:path"
import type { AnyEvent } from "../job/index.ts"
import type { Owner } from "./host.ts"
import type { StateIdentity } from "./store.ts"

/** What this version writes. A higher number in a claim or a snapshot is refused. */
export const format = 1

/** `journal.EPOCH.ndjson`, and `journal.EPOCH.SEGMENT.ndjson` for those that the same owner begins later. */
export interface SegmentName {
  readonly epoch: number
  /** From 1. */
  readonly segment: number
}

/** How much of a segment counts. */
export interface Covered extends SegmentName {
  readonly bytes: number
}

/** The first record of a segment: whose it is. It is there from the moment on when the file has its name. */
export interface Claim extends SegmentName {
  readonly format: number
  readonly nonce: string
  readonly owner: Owner
}

/**
 * The second record: which older segments count, and how far. Written once they were read to their end; what is
 * appended to them later, or is not listed, does not count.
 */
export interface Header extends StateIdentity {
  readonly firstSeq: number
  readonly covers: readonly Covered[]
}

/** One record of a journal. */
export type JournalRecord = { readonly claim: Claim } | { readonly header: Header } | { readonly event: AnyEvent }

export function fileOf({ epoch, segment }: SegmentName): string {
  return segment === 1 ? `journal.${epoch}.ndjson` : `journal.${epoch}.${segment}.ndjson`
}

export function pathOf(directory: string, name: SegmentName): string {
  return join(directory, fileOf(name))
}

/** The segments among the names of a directory, oldest first. */
export function segmentsAmong(names: readonly string[]): SegmentName[] {
  return names
    .map((name) => /^journal\.([1-9]\d*)(?:\.([1-9]\d*))?\.ndjson$/.exec(name))
    .filter((match) => match !== null)
    .map((match) => ({ epoch: Number(match[1]), segment: Number(match[2] ?? 1) }))
    .sort(compareSegments)
}

export function compareSegments(a: SegmentName, b: SegmentName): number {
  return a.epoch - b.epoch || a.segment - b.segment
}

export function textOf(record: { readonly claim: Claim } | { readonly header: Header }): string {
  return JSON.stringify(record)
}

/** What a line with a right checksum says; null: nothing that this version knows. */
export function recordOf(value: unknown): JournalRecord | null {
  if (!isObject(value)) return null
  if (isObject(value.claim) || isObject(value.header)) return value as JournalRecord
  if (typeof value.seq === "number" && typeof value.type === "string") return { event: value as unknown as AnyEvent }
  return null
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null
}
