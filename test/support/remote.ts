/** A home on this machine, and the verbs and wrappers that run in it under each shell. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Command, CommandResult } from "../../src/command.ts"
import type { Records } from "../../src/remote/layout.ts"
import { prelude, wrapperText } from "../../src/remote/prelude.ts"
import { shellText } from "../../src/remote/shellText.ts"
import { parseRecords } from "../../src/remote/records.ts"
import type { Shell } from "./staging-shells.ts"

export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly pid: number
  readonly end: Promise<End>
}

/** A home with a blank in its name, gone with `using`. */
export class Home {
  readonly #folder: string
  readonly path: string
  readonly wrapper: string
  readonly #groups: number[] = []

  constructor(folder: string = mkdtempSync(join(tmpdir(), "hawser-remote-"))) {
    this.#folder = folder
    this.path = join(folder, "a home")
    for (const name of ["bin", "events", "jobs"]) mkdirSync(join(this.path, name), { recursive: true })
    this.wrapper = join(this.path, "bin/wrapper.0.sh")
    writeFileSync(this.wrapper, wrapperText())
  }

  /** Its process group ends with the home. */
  owns<T extends { readonly pid: number }>(running: T): T {
    this.#groups.push(running.pid)
    return running
  }

  [Symbol.dispose](): void {
    for (const group of this.#groups) {
      try {
        process.kill(-group, "SIGKILL")
      } catch {
        // It has ended.
      }
    }
    spawnSync("chmod", ["-R", "u+rwx", this.#folder])
    // What a test has just ended may be writing its last.
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }

  /** A job directory whose payload.sh is `payload`. */
  job(token: string, payload = "exit 0", patterns: readonly string[] = []): string {
    const directory = join(this.path, "jobs", token)
    mkdirSync(join(directory, "work"), { recursive: true })
    writeFileSync(join(directory, "token"), `${token}\nhash\n`)
    writeFileSync(join(directory, "payload.sh"), `${payload}\n`)
    writeFileSync(join(directory, "patterns.sh"), `set -- ${patterns.map((pattern) => `'${pattern}'`).join(" ")}\n`)
    return directory
  }

  read(token: string, name: string): string | null {
    const path = join(this.path, "jobs", token, name)
    return existsSync(path) ? readFileSync(path, "utf8") : null
  }

  records(shell: Shell, token: string): Records {
    const command = { argv: ["hz_records", this.path, token], parse: ({ stdout }: CommandResult) => stdout }
    return parseRecords(verb(shell, command), [token])[0]!
  }
}

/** Starts a wrapper as its manager would: in a process group of its own, with nothing on stdin. */
export function startWrapper(
  shell: Shell,
  home: Home,
  token: string,
  nativeId = "4711",
  words: readonly string[] = ["0"],
  env: Readonly<Record<string, string>> = {},
): Running {
  return home.owns(start(shell, [home.wrapper, home.path, token, nativeId, ...words], env))
}

/** Starts a verb, in a shell of its own. */
export function startVerb(shell: Shell, argv: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  return start(shell, ["-c", verbText, "sh", ...argv], { LC_ALL: "C", ...env })
}

export function verbResult(
  shell: Shell,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): CommandResult {
  const [program, ...flags] = shell.argv
  const { status, stdout, stderr } = spawnSync(program!, [...flags, "-c", verbText, "sh", ...argv], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C", ...env },
  })
  return { exitCode: status ?? 255, stdout, stderr, timedOut: false }
}

export function verb<T>(shell: Shell, command: Command<T>, env: Readonly<Record<string, string>> = {}): T {
  return command.parse(verbResult(shell, command.argv, env))
}

/** Looks every 20 ms until there is an answer; "" is none, for a file is there before its content. Throws after 25 s. */
export async function until<T>(look: () => T | null | undefined | false): Promise<T> {
  const end = Date.now() + 25_000
  while (Date.now() < end) {
    const found = look()
    if (found !== null && found !== undefined && found !== false && found !== "") return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`It never came true: ${look.toString()}`)
}

/** Whether a process is there and is no zombie. */
export function lives(pid: number): boolean {
  return groupOf(pid) !== null
}

/** The living processes of a process group. */
export function membersOf(group: number): number[] {
  const pids = readdirSync("/proc").map(Number)
  return pids.filter((pid) => Number.isInteger(pid) && groupOf(pid) === group)
}

function groupOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    const [state = "Z", , group] = stat.slice(stat.lastIndexOf(") ") + 2).split(" ")
    return /[ZX]/.test(state) ? null : Number(group)
  } catch {
    return null
  }
}

const verbText = `${shellText(["facts.sh"])}${prelude()}"$@"`

function start(shell: Shell, argv: readonly string[], env: Readonly<Record<string, string>>): Running {
  const [program, ...flags] = shell.argv
  const child = spawn(program!, [...flags, ...argv], {
    cwd: "/",
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: "/", ...env },
  })
  let [stdout, stderr] = ["", ""]
  child.stdout.on("data", (part: Buffer) => (stdout += part.toString()))
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString()))
  const end = new Promise<End>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr })),
  )
  return { child, pid: child.pid!, end }
}
