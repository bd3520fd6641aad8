/** The shells and tars that the .sh files must run under, and a session that is nothing but one of them. */
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { fileURLToPath } from "node:url"
import type { Command } from "../../src/command.ts"
import { prelude } from "../../src/remote/prelude.ts"
import { shellText } from "../../src/remote/shellText.ts"
import type { Session } from "../../src/transport/session.ts"

export interface Shell {
  readonly name: string
  readonly argv: readonly string[]
}

const known: readonly Shell[] = [
  { name: "dash", argv: ["dash"] },
  { name: "bash --posix", argv: ["bash", "--posix"] },
  { name: "busybox sh", argv: ["busybox", "sh"] },
]

/** Those that this machine has. */
export const shells: readonly Shell[] = known.filter(({ argv }) => has([...argv, "-c", ":"]))

export interface Tar {
  readonly name: string
  /** For the front of PATH; null: the system's own. */
  readonly folder: string | null
}

export const tars: readonly Tar[] = [
  { name: "the system's tar", folder: null },
  ...(has(["busybox", "tar", "--help"]) ? [{ name: "busybox tar", folder: busyboxFolder() }] : []),
]

/** Every tar with the first shell, the others with the tar of their own family: each of both, but not each with each. */
export function tarsFor(shell: Shell): readonly Tar[] {
  const isBusybox = (name: string): boolean => name.startsWith("busybox")
  return tars.filter((tar) => shell === shells[0] || isBusybox(tar.name) === isBusybox(shell.name))
}

export const remoteFile = (name: string): string => fileURLToPath(new URL(`../../src/remote/${name}`, import.meta.url))

export interface ShellSessionOptions {
  readonly shell?: Shell
  readonly tar?: Tar
  readonly env?: Readonly<Record<string, string>>
  /** Passes only so many bytes on to the shell's stdin, then ends it. */
  readonly sendBytesMax?: number
  /** Passes only so many bytes of stdout on, then ends it. */
  readonly receiveBytesMax?: number
}

/** A session in which each command is a process of its own. Enough for what is sent and received in bulk. */
export function shellSession(options: ShellSessionOptions = {}): Session {
  return {
    address: "a shell",
    ask: async (command) => run(command, options),
    act: async (command) => run(command, options),
    send: async (command, source) => run(command, options, source),
    receive: async (command, sink) => run(command, options, undefined, sink),
    closed: new Promise(() => undefined),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

const text = `${shellText(["facts.sh"])}${prelude()}\n"$@"`

async function run<T>(
  command: Command<T>,
  { shell = known[0]!, tar = tars[0]!, env = {}, sendBytesMax, receiveBytesMax }: ShellSessionOptions,
  source?: Readable,
  sink?: (stdout: Readable) => Promise<void>,
): Promise<T> {
  const [program, ...flags] = shell.argv
  const child = spawn(program!, [...flags, "-c", text, "sh", ...command.argv], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      ...process.env,
      LC_ALL: "C",
      ...env,
      ...(tar.folder === null ? {} : { PATH: `${tar.folder}:${process.env["PATH"]}` }),
    },
  })
  const parts: Buffer[] = []
  const errors: Buffer[] = []
  child.stderr.on("data", (part: Buffer) => errors.push(part))
  const ended = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? 255)))
  const stdout = receiveBytesMax === undefined ? child.stdout : limit(child.stdout, receiveBytesMax)
  const taking =
    sink === undefined ? child.stdout.on("data", (part: Buffer) => parts.push(part)) : sink(readable(stdout))
  const input = source === undefined ? [] : limit(source, sendBytesMax ?? Number.POSITIVE_INFINITY)
  const sending = pipeline(input, child.stdin).catch((error: unknown) => {
    // A command may end without having read all.
    const code = error instanceof Error && "code" in error ? error.code : undefined
    if (code !== "EPIPE" && code !== "ERR_STREAM_PREMATURE_CLOSE") throw error
  })
  try {
    await Promise.all([taking, sending])
  } finally {
    // Nothing of a command is left when the promise settles.
    child.stdin.destroy()
    child.stdout.resume()
    await ended
  }
  const exitCode = await ended
  const [stdoutText, stderr] = [Buffer.concat(parts).toString(), Buffer.concat(errors).toString()]
  return command.parse({ exitCode, stdout: stdoutText, stderr, timedOut: false })
}

async function* limit(source: AsyncIterable<Buffer>, bytesMax: number): AsyncGenerator<Buffer> {
  let left = bytesMax
  for await (const part of source) {
    yield part.subarray(0, Math.min(left, part.length))
    left -= part.length
    if (left <= 0) return
  }
}

function readable(stdout: AsyncIterable<Buffer>): Readable {
  return stdout as Readable
}

function has([program, ...rest]: readonly string[]): boolean {
  return spawnSync(program!, rest, { stdio: "ignore" }).error === undefined
}

function busyboxFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hawser-busybox-"))
  const path = spawnSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).stdout.trim()
  symlinkSync(path, join(folder, "tar"))
  symlinkSync(path, join(folder, "mv"))
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
