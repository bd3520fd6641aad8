/** A real Flux for a test: an instance of its own, detached, with its state in a folder of its own. */
import { execFileSync, spawn } from "node:child_process"
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

/** The real flux; null: it is not on the PATH. */
export const fluxProgram: string | null =
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "flux"))
    .find(existsSync) ?? null

/** Behind a title. */
export const withoutFlux: string = fluxProgram === null ? " (skipped: flux is not on the PATH)" : ""

export interface FluxOptions {
  /** So many brokers on this host, each with all its cores; of them the first has the state. Default 1. */
  readonly brokers?: number
  /** Whose it is; needs root. Default: ours. */
  readonly user?: string
}

/** Whoever is left alone with an instance ends it so long after its start, in seconds. */
const lifetime = "1800"
/** In the environment of its brokers, and of what they start. */
const mark = "HAWSER_TEST_FLUX"

export class FluxInstance implements AsyncDisposable {
  readonly folder: string
  readonly #options: FluxOptions
  /** It changes with each start, also over the same state. */
  readonly #uris: string[] = []

  private constructor(options: FluxOptions) {
    this.folder = mkdtempSync(join(tmpdir(), "hawser-flux-"))
    this.#options = options
    mkdirSync(join(this.folder, "state"))
    const owner = ownerOf(options)
    if (owner === null) return
    chmodSync(this.folder, 0o755)
    for (const path of [this.folder, join(this.folder, "state")]) chownSync(path, owner.uid, owner.gid)
  }

  static async start(options: FluxOptions = {}): Promise<FluxInstance> {
    const instance = new FluxInstance(options)
    await instance.begin()
    return instance
  }

  get uri(): string {
    return this.#uris.at(-1) ?? ""
  }

  /** Starts it over the state that is there; returns when it takes jobs. */
  async begin(): Promise<void> {
    if (fluxProgram === null) throw new Error("flux is not on the PATH")
    const ready = join(this.folder, "uri")
    rmSync(ready, { force: true })
    const { brokers = 1 } = this.#options
    const owner = ownerOf(this.#options)
    // The first process of an instance is started when it takes jobs; when it ends, so does the instance.
    const script = `echo "$FLUX_URI" >"$0.new" && mv "$0.new" "$0" && exec sleep ${lifetime}`
    const size = brokers === 1 ? [] : [`--test-size=${brokers}`]
    const words = ["start", ...size, `--setattr=statedir=${join(this.folder, "state")}`, "sh", "-c", script, ready]
    const broker = spawn(fluxProgram, words, {
      cwd: this.folder,
      // A bash that is started behind a socket, as Flux does it, would read somebody's .bashrc.
      env: { ...environmentOf(owner), SHELL: "/bin/sh", [mark]: this.folder },
      detached: true,
      stdio: "ignore",
      ...(owner === null ? {} : { uid: owner.uid, gid: owner.gid }),
    })
    broker.unref()
    for (let tries = 0; !existsSync(ready); tries += 1) {
      if (tries === 600 || broker.exitCode !== null) throw new Error(`Flux did not start (${broker.exitCode}).`)
      await sleep(100)
    }
    this.#uris.push(readFileSync(ready, "utf8").trim())
  }

  /** A command in it, and what it prints. */
  flux(...words: readonly string[]): string {
    if (fluxProgram === null) throw new Error("flux is not on the PATH")
    const owner = ownerOf(this.#options)
    return execFileSync(fluxProgram, words, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...environmentOf(owner), FLUX_URI: this.uri },
      ...(owner === null ? {} : { uid: owner.uid, gid: owner.gid }),
    })
  }

  /** SIGKILL to its brokers. What its jobs have started runs on. */
  crash(): void {
    this.#kill((pid) => /flux-broker|flux-start|^start\0/.test(textOf(`/proc/${pid}/cmdline`)))
  }

  /** SIGKILL to what a job of this id (in decimal) runs, past Flux; its shell sees them end. */
  killJob(id: string): void {
    const word = `FLUX_KVS_NAMESPACE=job-${id}\0`
    this.#kill((pid) => isIn(pid, [word]) && !textOf(`/proc/${pid}/cmdline`).includes("flux-shell"))
  }

  /** SIGKILL to the broker of this rank; the others go on. */
  loseBroker(rank: number): void {
    process.kill(Number(this.flux("exec", "-r", String(rank), "flux", "getattr", "broker.pid")), "SIGKILL")
  }

  /** In good order, so that its state is all there: `begin` goes on with it. */
  async shutDown(): Promise<void> {
    this.flux("shutdown", "--quiet")
    while (this.#processes().some((pid) => textOf(`/proc/${pid}/cmdline`).includes("flux-broker"))) await sleep(50)
  }

  /** Nothing of it runs on, nor of its jobs. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (let tries = 0; tries < 100 && this.#processes().length > 0; tries += 1) {
      this.#kill(() => true)
      await sleep(20)
    }
    for (const uri of this.#uris) rmSync(join(uri.replace("local://", ""), ".."), { recursive: true, force: true })
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  #kill(isMeant: (pid: number) => boolean): void {
    for (const pid of this.#processes().filter(isMeant)) {
      try {
        process.kill(pid, "SIGKILL")
      } catch {
        // It has ended.
      }
    }
  }

  /** Its brokers, what they started, and what their jobs did. */
  #processes(): number[] {
    // Jobs are told the socket of their own node's broker.
    const words = [`${mark}=${this.folder}\0`, ...this.#uris.map((uri) => `FLUX_URI=${uri.replace(/[^/]*$/, "")}`)]
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0 && pid !== process.pid)
      .filter((pid) => isIn(pid, words))
  }
}

interface Owner {
  readonly uid: number
  readonly gid: number
  readonly home: string
}

function ownerOf({ user }: FluxOptions): Owner | null {
  if (user === undefined) return null
  const line = textOf("/etc/passwd")
    .split("\n")
    .find((one) => one.startsWith(`${user}:`))
  const [, , uid, gid, , home = "/"] = line?.split(":") ?? []
  return { uid: Number(uid), gid: Number(gid), home }
}

function environmentOf(owner: Owner | null): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], HOME: owner?.home ?? process.env["HOME"] }
}

/** A line of its environment begins with one of these words. */
function isIn(pid: number, words: readonly string[]): boolean {
  const environment = `\0${textOf(`/proc/${pid}/environ`)}`
  return words.some((word) => environment.includes(`\0${word}`))
}

/** Of what has ended: nothing. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}
