/** Reads the answers of `remote/frame.sh` out of a shell's two streams, whatever else stands in them. */

/** Longer than any line of ours: `hz-NONCE-12345678 reply 255 67108864`. */
const markBytesMax = 120
/** More than this is not sent; the other side asks hz_frame's LIMIT. */
export const replyBytesMax = 67_108_864
const noiseBytesMax = 4_096
const stderrBytesMax = 1_048_576

export interface Output {
  readonly exitCode: number
  /** The captured stdout; only its length where it was over the limit and was not sent. */
  readonly body: Buffer | number
}

export interface ReplyEvents {
  /** The command has started. */
  begin(sequence: number): void
  reply(sequence: number, output: Output): void
  /** What came can't be an answer: nothing that follows may be believed. */
  broken(reason: string): void
}

/** The answers on stdout. Lengths are bytes; noise before a mark is skipped, noise inside an answer breaks it. */
export function replyReader(prefix: string, events: ReplyEvents): (chunk: Buffer) => void {
  const scan = markScanner(prefix, () => undefined)
  let pending: Buffer[] = []
  let pendingBytes = 0
  let reply: { sequence: number; exitCode: number; length: number; trailer: Buffer } | undefined
  let isBroken = false

  const breakOff = (reason: string): void => {
    isBroken = true
    pending = []
    events.broken(reason)
  }

  const onMark = (line: string): void => {
    // Anything else is noise that quotes us, like the echo of a shell that runs with -v.
    const found = /^(\d+) (begin|reply|toolong)(?: (\d+) (\d+))?$/.exec(line)
    if (found === null) return
    const [sequence = 0, exitCode = 0, length = 0] = [found[1], found[3], found[4]].map(Number)
    if (found[2] === "begin") return events.begin(sequence)
    if (found[2] === "toolong") return events.reply(sequence, { exitCode, body: length })
    if (!(length <= replyBytesMax)) return breakOff(`An answer says that it has ${length} bytes.`)
    reply = { sequence, exitCode, length, trailer: Buffer.from(`\n${prefix}${sequence} end\n`) }
  }

  return (chunk) => {
    pending.push(chunk)
    pendingBytes += chunk.length
    while (!isBroken) {
      if (reply === undefined) {
        const data = joined(pending)
        const found = scan(data)
        if (found === undefined) {
          pending = [scan.rest(data)]
          pendingBytes = pending[0]?.length ?? 0
          if (pendingBytes > markBytesMax) breakOff("A mark has no end.")
          return
        }
        pending = [data.subarray(found.after)]
        pendingBytes = data.length - found.after
        onMark(found.line)
      } else {
        const { sequence, exitCode, length, trailer } = reply
        if (pendingBytes < length + trailer.length) return
        const data = joined(pending)
        if (!data.subarray(length, length + trailer.length).equals(trailer)) {
          return breakOff("An answer is longer or shorter than it said: something else wrote into it.")
        }
        reply = undefined
        pending = [data.subarray(length + trailer.length)]
        pendingBytes = data.length - length - trailer.length
        events.reply(sequence, { exitCode, body: data.subarray(0, length) })
      }
    }
  }
}

export interface ErrorsReader {
  (chunk: Buffer): void
  /** What stood outside all marks lately: the shell's own last words. */
  noise(): string
}

/** The stderr of each command, between its marks. More than 1 MiB of it is dropped. */
export function errorsReader(prefix: string, onErrors: (sequence: number, text: Buffer) => void): ErrorsReader {
  let noise: Buffer = Buffer.alloc(0)
  let parts: Buffer[] = []
  let bytes = 0
  let inside = false
  const keep = (data: Buffer): void => {
    if (!inside) noise = Buffer.from(Buffer.concat([noise, data]).subarray(-noiseBytesMax))
    else if (bytes < stderrBytesMax) parts.push(data)
    bytes += data.length
  }
  const scan = markScanner(prefix, keep)
  let pending: Buffer = Buffer.alloc(0)

  const read = (chunk: Buffer): void => {
    pending = Buffer.concat([pending, chunk])
    for (let found = scan(pending); found !== undefined; found = scan(pending)) {
      pending = pending.subarray(found.after)
      const [, sequence, word] = /^(\d+) (err|rre)$/.exec(found.line) ?? []
      if (word === undefined) {
        keep(Buffer.from(`${prefix}${found.line}\n`, "latin1"))
      } else if (word === "err") {
        inside = true
        parts = []
        bytes = 0
      } else {
        inside = false
        const text = Buffer.concat(parts)
        // The end mark brings a newline of its own.
        onErrors(Number(sequence), text.at(-1) === 10 ? text.subarray(0, -1) : text)
      }
    }
    const rest = scan.rest(pending)
    keep(pending.subarray(0, pending.length - rest.length))
    pending = rest
  }
  return Object.assign(read, {
    noise: () =>
      Buffer.concat([noise, ...(inside ? parts : []), pending])
        .subarray(-noiseBytesMax)
        .toString(),
  })
}

interface MarkScanner {
  /** The first whole mark: what stands on its line after the prefix, and where the next byte is. */
  (data: Buffer): { readonly line: string; readonly after: number } | undefined
  /** The end of `data` that may be the start of a mark; all before it was skipped. */
  rest(data: Buffer): Buffer
}

function markScanner(prefix: string, skip: (data: Buffer) => void): MarkScanner {
  const start = Buffer.from(prefix)
  const scan = (data: Buffer): { line: string; after: number } | undefined => {
    const at = data.indexOf(start)
    const end = at < 0 ? -1 : data.indexOf(10, at)
    if (end < 0) return undefined
    if (at > 0) skip(data.subarray(0, at))
    return { line: data.toString("latin1", at + start.length, end), after: end + 1 }
  }
  return Object.assign(scan, {
    rest: (data: Buffer) => {
      const at = data.indexOf(start)
      return data.subarray(at < 0 ? Math.max(0, data.length - start.length + 1) : at)
    },
  })
}

function joined(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
}
