/** Reads a tar stream member by member, byte for byte, as GNU tar, busybox tar and bsdtar write it. */
import type { ByteName } from "./filename.ts"
import { checksumOf } from "./tar.ts"

export interface TarEntry {
  /** As it stands in the archive; folders may end with a slash. */
  readonly name: ByteName
  readonly type: "file" | "hardlink" | "symlink" | "directory" | "other"
  readonly mode: number
  /** Bytes of its body; 0 where it has none. */
  readonly size: number
  /** Of links. */
  readonly target: ByteName
}

/** Ends before the entry does when the stream is cut: then it throws. */
export type TarBody = AsyncIterable<Buffer>

/** The stream is no tar stream, or was cut within a member. */
export class TarError extends Error {
  override readonly name = "TarError"
}

const blockSize = 512
const longNameMax = 1_048_576

const types: Readonly<Record<string, TarEntry["type"]>> = {
  "\0": "file",
  "0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "5": "directory",
}

/**
 * Calls `visit` for each member, one after the other; what it leaves of the body is skipped. Archives that follow one
 * another are read as one. Returns at the end of the stream, which is no proof that it was whole.
 */
export async function readTar(
  stream: AsyncIterable<Buffer>,
  visit: (entry: TarEntry, body: TarBody) => Promise<void>,
): Promise<void> {
  const source = new Source(stream)
  try {
    let said: Partial<Pick<TarEntry, "name" | "target" | "size">> = {}
    for (let header = await source.block(); header !== null; header = await source.block()) {
      if (header[0] === 0 && header.every((byte) => byte === 0)) continue
      const entry = decode(header)
      if (entry.flag === "L" || entry.flag === "K" || entry.flag === "x" || entry.flag === "g") {
        const extra = await source.all(entry.size)
        said = { ...said, ...extension(entry.flag, extra) }
        continue
      }
      const whole = { ...entry, ...said }
      said = {}
      await visit(whole, source.body(whole.size))
      await source.finishBody()
    }
  } finally {
    await source.close()
  }
}

function decode(header: Buffer): TarEntry & { readonly flag: string } {
  if (number(header, 148, 8) !== checksumOf(header)) throw new TarError("A tar header is damaged.")
  const flag = header.toString("latin1", 156, 157)
  const type = types[flag] ?? "other"
  const isUstar = header.toString("latin1", 257, 263) === "ustar\0"
  const prefix = isUstar ? text(header, 345, 155) : ""
  const name = text(header, 0, 100)
  const hasBody = type === "file" || type === "other"
  return {
    flag,
    type: type === "file" && name.endsWith("/") ? "directory" : type,
    name: prefix === "" ? name : `${prefix}/${name}`,
    mode: number(header, 100, 8),
    size: hasBody ? number(header, 124, 12) : 0,
    target: text(header, 157, 100),
  }
}

/** What the members `L`, `K` and `x` say of the next one. Global pax headers are of no interest. */
function extension(flag: string, body: Buffer): Partial<Pick<TarEntry, "name" | "target" | "size">> {
  if (flag === "L") return { name: text(body, 0, body.length) }
  if (flag === "K") return { target: text(body, 0, body.length) }
  if (flag === "g") return {}
  const records = paxRecords(body.toString("latin1"))
  const [name, target, size] = [records.get("path"), records.get("linkpath"), records.get("size")]
  return {
    ...(name === undefined ? {} : { name }),
    ...(target === undefined ? {} : { target }),
    ...(size === undefined ? {} : { size: Number(size) }),
  }
}

/** `LENGTH KEY=VALUE\n`, again and again; the length counts itself. */
function paxRecords(body: string): Map<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < body.length;) {
    const length = Number(/^\d+(?= )/.exec(body.slice(at, at + 20))?.[0] ?? Number.NaN)
    const record = body.slice(at, at + length)
    const equals = record.indexOf("=")
    if (!(length > 0) || record.length < length || equals === -1) throw new TarError("A pax header is damaged.")
    records.set(record.slice(record.indexOf(" ") + 1, equals), record.slice(equals + 1, -1))
    at += length
  }
  return records
}

function text(buffer: Buffer, start: number, length: number): ByteName {
  const end = buffer.subarray(start, start + length).indexOf(0)
  return buffer.toString("latin1", start, end === -1 ? start + length : start + end)
}

/** Octal, or base 256 where the first bit is set. */
function number(buffer: Buffer, start: number, length: number): number {
  const field = buffer.subarray(start, start + length)
  if (((field[0] ?? 0) & 0x80) !== 0) return field.subarray(1).reduce((total, byte) => total * 256 + byte, 0)
  const digits = text(field, 0, length).trim()
  const value = digits === "" ? 0 : Number.parseInt(digits, 8)
  if (!Number.isSafeInteger(value) || value < 0) throw new TarError("A tar header is damaged.")
  return value
}

/** Chunks as they come, taken in the sizes that are asked for. */
class Source {
  readonly #chunks: AsyncIterator<Buffer>
  #held: Buffer = Buffer.alloc(0)
  /** Bytes of the body that nobody has taken, and of its padding. */
  #body = 0
  #padding = 0

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]()
  }

  /** Null at the end of the stream. */
  async block(): Promise<Buffer | null> {
    if (this.#held.length === 0 && !(await this.#more())) return null
    return this.exactly(blockSize)
  }

  async exactly(size: number): Promise<Buffer> {
    const parts: Buffer[] = []
    for (let left = size; left > 0;) {
      const part = await this.#some(left)
      parts.push(part)
      left -= part.length
    }
    const [first] = parts
    return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts)
  }

  /** A body as one buffer; only for what is known to be small. */
  async all(size: number): Promise<Buffer> {
    if (size > longNameMax) throw new TarError("A tar header is damaged.")
    const body = await this.exactly(size)
    await this.exactly(paddingOf(size))
    return body
  }

  body(size: number): TarBody {
    this.#body = size
    this.#padding = paddingOf(size)
    return this.#parts()
  }

  async *#parts(): AsyncGenerator<Buffer> {
    while (this.#body > 0) {
      const part = await this.#some(this.#body)
      this.#body -= part.length
      yield part
    }
  }

  async finishBody(): Promise<void> {
    for (let left = this.#body + this.#padding; left > 0;) left -= (await this.#some(left)).length
    this.#body = this.#padding = 0
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #some(most: number): Promise<Buffer> {
    while (this.#held.length === 0) {
      if (!(await this.#more())) throw new TarError("The tar stream was cut.")
    }
    const part = this.#held.subarray(0, most)
    this.#held = this.#held.subarray(part.length)
    return part
  }

  async #more(): Promise<boolean> {
    const next = await this.#chunks.next().catch((cause: unknown) => {
      throw new TarError("The tar stream was cut.", { cause })
    })
    if (next.done === true) return false
    this.#held = next.value
    return true
  }
}

function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize
}
