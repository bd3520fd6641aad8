/** Job directories and their inputs as one tar stream. */
import { type FileHandle, open } from "node:fs/promises"
import { posix } from "node:path"
import { Readable } from "node:stream"
import { HawserError } from "../errors.ts"
import type { InputFile } from "../job/index.ts"
import { type ByteName, bytesOf, pathOf, textOf } from "./filename.ts"
import { type Found, walkInput } from "./inputs.ts"
import { tarHeader, tarPadding, tarTrailer } from "./tar.ts"

export { checkInputs } from "./inputs.ts"

/** A small file of ours. `name` is relative to the folder that it goes to. */
export interface TextFile {
  readonly name: string
  readonly mode: number
  readonly text: string
}

/** One job directory: our own files, and the inputs in its `work/`. */
export interface StageJob {
  readonly token: string
  readonly files: readonly TextFile[]
  readonly inputs: readonly InputFile[]
}

/** An input that could not be sent as it was announced. The stream was cut, so nothing of it is staged. */
export class InputError extends HawserError {
  override readonly name = "InputError"
  readonly token: string
  readonly path: string

  constructor(code: string, token: string, path: string, reason: string) {
    super(code, {
      summary: `The input ${path} could not be sent.`,
      reason: `It ${reason}.`,
      advice: "Leave inputs alone until their job is queued.",
      class: code === "INPUT_CHANGED" ? "transient" : "rejected",
    })
    this.token = token
    this.path = path
  }
}

interface PackOptions {
  /** Names the end marker. */
  readonly nonce: string
  /** Files for `bin/`. */
  readonly programs: readonly TextFile[]
  /** Time stamp of our own files, seconds since 1970; inputs keep theirs. */
  readonly now: number
}

const chunkSize = 256 * 1024

/**
 * The stream for `hz_stage`: `bin/…`, `<token>/…`, `<token>/work/…`, and `end.<nonce>` as its last member. Nothing is
 * read ahead of its reader. Ends with an InputError when an input is not what it was.
 */
export function packJobs(jobs: readonly StageJob[], options: PackOptions): Readable {
  return Readable.from(gather(members(jobs, options)), { objectMode: false, highWaterMark: chunkSize })
}

async function* members(jobs: readonly StageJob[], { nonce, programs, now }: PackOptions): AsyncGenerator<Buffer> {
  if (programs.length > 0) yield folder("bin", 0o700, now)
  for (const program of programs) yield textMember("bin", program, now)
  for (const job of jobs) {
    yield folder(job.token, 0o700, now)
    for (const file of job.files) yield textMember(job.token, file, now)
    yield folder(`${job.token}/work`, 0o700, now)
    const folders = new Set<ByteName>([`${job.token}/work`])
    for (const input of job.inputs) {
      for await (const found of walkInput(input)) {
        if (found.type !== "problem" && found.name !== "") {
          yield* foldersAbove(`${job.token}/work/${found.name}`, folders, now)
        }
        yield* inputMember(job.token, found)
      }
    }
  }
  yield textMember("", { name: `end.${nonce}`, mode: 0o600, text: "" }, now)
  yield tarTrailer
}

function folder(name: string, mode: number, mtime: number): Buffer {
  return tarHeader({ name, type: "directory", mode, size: 0, mtime })
}

/** Those that no input stands for: without a member of their own they would get the modes of a bare mkdir. */
function* foldersAbove(name: ByteName, folders: Set<ByteName>, now: number): Generator<Buffer> {
  const above = posix.dirname(name)
  if (!folders.has(above)) {
    yield* foldersAbove(above, folders, now)
    yield folder(above, 0o755, now)
  }
  folders.add(above).add(name)
}

function textMember(into: string, file: TextFile, mtime: number): Buffer {
  const body = Buffer.from(file.text, "utf8")
  const name = into === "" ? file.name : `${into}/${file.name}`
  const header = tarHeader({ name: bytesOf(name), type: "file", mode: file.mode, size: body.length, mtime })
  return Buffer.concat([header, body, tarPadding(body.length)])
}

async function* inputMember(token: string, found: Found): AsyncGenerator<Buffer> {
  if (found.type === "problem")
    throw new InputError("INPUT_UNREADABLE", token, found.problem.path, found.problem.reason)
  const name = `${token}/work/${found.name}`
  if (found.type === "symlink") {
    yield tarHeader({ name, type: "symlink", mode: 0o777, size: 0, mtime: 0, target: found.target })
  } else if (found.type === "file") {
    yield* fileMember(token, name, found.path)
  } else if (found.name !== "") {
    // A folder that its owner can't write to could not be filled by busybox tar, moved into place or removed.
    yield folder(name, (found.stats.mode & 0o777) | 0o700, found.stats.mtimeMs / 1000)
  }
}

async function* fileMember(token: string, name: ByteName, path: ByteName): AsyncGenerator<Buffer> {
  const file = await open(pathOf(path), "r").catch((error: unknown) => {
    throw new InputError("INPUT_UNREADABLE", token, textOf(path), `can't be opened (${String(error)})`)
  })
  try {
    const before = await file.stat()
    yield tarHeader({ name, type: "file", mode: before.mode & 0o777, size: before.size, mtime: before.mtimeMs / 1000 })
    const sent = yield* contents(file, before.size)
    const after = await file.stat()
    if (sent !== before.size || after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
      throw new InputError("INPUT_CHANGED", token, textOf(path), "changed while it was read")
    }
    yield tarPadding(before.size)
  } finally {
    await file.close()
  }
}

/** At most `size` bytes. Returns how many there were. */
async function* contents(file: FileHandle, size: number): AsyncGenerator<Buffer, number> {
  let sent = 0
  while (sent < size) {
    const buffer = Buffer.allocUnsafe(Math.min(chunkSize, size - sent))
    const { bytesRead } = await file.read(buffer, 0, buffer.length)
    if (bytesRead === 0) break
    sent += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
  return sent
}

/** Joins what is small, so that a thousand small jobs are not ten thousand small writes. */
async function* gather(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let size = 0
  for await (const buffer of source) {
    held.push(buffer)
    size += buffer.length
    if (size < chunkSize) continue
    yield Buffer.concat(held, size)
    held = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(held, size)
}
