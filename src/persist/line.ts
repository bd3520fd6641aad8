/** Lines with a checksum: what a journal is made of, and what is left of them after a crash or a bad disk. */
import { hash } from "node:crypto"

/** One line of a journal. */
export interface Line {
  /** From 1. */
  readonly number: number
  /** Where the next one begins, from the start of what was decoded. */
  readonly end: number
  /** `damaged`: the checksum does not fit. `torn`: the file ends before the line does. */
  readonly state: "whole" | "damaged" | "torn"
  /** Of a whole line; else null. */
  readonly value: unknown
}

/** JSON behind its checksum, with the line's end. */
export function encodeLine(json: string): string {
  return `${checksum(json)} ${json}\n`
}

/** The lines in `bytes`; the first one has the number `first`. */
export function* decodeLines(bytes: Buffer, first = 1): Generator<Line> {
  let number = first
  for (let at = 0; at < bytes.length; number++) {
    const newline = bytes.indexOf(lineFeed, at)
    if (newline === -1) {
      yield { number, end: bytes.length, state: "torn", value: null }
      return
    }
    yield { number, end: newline + 1, ...decodeLine(bytes.toString("utf8", at, newline)) }
    at = newline + 1
  }
}

/** The first 16 hex digits of SHA-256. */
function checksum(text: string): string {
  return hash("sha256", text).slice(0, checksumLength)
}

const lineFeed = 0x0a
const checksumLength = 16

function decodeLine(line: string): Pick<Line, "state" | "value"> {
  const json = line.slice(checksumLength + 1)
  if (line[checksumLength] !== " " || line.slice(0, checksumLength) !== checksum(json))
    return { state: "damaged", value: null }
  return { state: "whole", value: JSON.parse(json) }
}

/** How many lines end in `bytes`. */
export function countLines(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) count++
  return count
}
