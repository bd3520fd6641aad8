/** The headers of a tar stream, byte for byte: GNU tar, busybox tar and bsdtar read them all. */
import type { ByteName } from "./filename.ts"

export interface TarMember {
  readonly name: ByteName
  readonly type: "file" | "directory" | "symlink"
  /** Permission bits only. */
  readonly mode: number
  /** Bytes that follow; files only. */
  readonly size: number
  /** Seconds since 1970. */
  readonly mtime: number
  /** Text of a symlink. */
  readonly target?: ByteName
}

const blockSize = 512
const nameMax = 100
const flags = { file: "0", directory: "5", symlink: "2" } as const

/**
 * The header of one member, with what must stand before it. Long names travel as GNU `L` and `K` members and not as
 * pax: old busybox skips pax headers, and a pax path must be UTF-8.
 */
export function tarHeader(member: TarMember): Buffer {
  const name = member.type === "directory" ? `${member.name}/` : member.name
  const target = member.target ?? ""
  return Buffer.concat([
    ...(target.length > nameMax ? longName("K", target) : []),
    ...(name.length > nameMax ? longName("L", name) : []),
    block({ ...member, name, target, flag: flags[member.type] }),
  ])
}

/** What stands between a file's last byte and the next header. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize)
}

/** The end of an archive. */
export const tarTrailer: Buffer = Buffer.alloc(2 * blockSize)

function longName(flag: "K" | "L", name: ByteName): Buffer[] {
  const body = Buffer.from(`${name}\0`, "latin1")
  const header = block({ name: "././@LongLink", target: "", mode: 0o644, size: body.length, mtime: 0, flag })
  return [header, body, tarPadding(body.length)]
}

interface Block {
  readonly name: ByteName
  readonly target: ByteName
  readonly mode: number
  readonly size: number
  readonly mtime: number
  readonly flag: string
}

/** Owner and group are 0: the other side never restores them. */
function block({ name, target, mode, size, mtime, flag }: Block): Buffer {
  const header = Buffer.alloc(blockSize)
  header.write(name.slice(0, nameMax), 0, "latin1")
  header.write(octal(mode, 7), 100)
  header.write(octal(0, 7), 108)
  header.write(octal(0, 7), 116)
  writeNumber(header, 124, size)
  writeNumber(header, 136, Math.max(0, Math.floor(mtime)))
  header.write(" ".repeat(8), 148)
  header.write(flag, 156)
  header.write(target.slice(0, nameMax), 157, "latin1")
  header.write("ustar\0" + "00", 257, "latin1")
  header.write(`${octal(checksumOf(header), 6)}\0 `, 148, "latin1")
  return header
}

/** The sum of a header's bytes, with blanks where the sum itself stands. */
export function checksumOf(header: Buffer): number {
  let sum = 8 * 32
  for (let at = 0; at < blockSize; at += 1) if (at < 148 || at >= 156) sum += header[at] ?? 0
  return sum
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0")
}

/** Twelve bytes: octal, or base 256 for 8 GiB and more. */
function writeNumber(header: Buffer, offset: number, value: number): void {
  if (value < 8 ** 11) {
    header.write(octal(value, 11), offset)
    return
  }
  header[offset] = 0x80
  header.writeUIntBE(value, offset + 6, 6)
}
