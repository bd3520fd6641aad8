/** A real PBS as its manager (root) has it, for one test: a queue of its own, and what runs of a native. */
import { execFileSync, spawn } from "node:child_process"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { type Jobs, readJobs } from "../../../src/schedulers/pbs/json.ts"
import { killAll, processesWith } from "../processes.ts"
import type { PbsHere } from "./here.ts"
import { PbsMom } from "./mom.ts"

/** Queues of this process. */
let made = 0

export class PbsCell {
  readonly queue: string = `hz${process.pid}n${(made += 1)}`
  readonly #here: PbsHere
  #mom: PbsMom | null = null

  constructor(here: PbsHere) {
    this.#here = here
    for (const name of [this.queue, this.#full])
      this.#manage(`create queue ${name} queue_type=execution,enabled=true,started=true`)
    this.#manage(`set queue ${this.#full} max_queued = [u:PBS_GENERIC=0]`)
  }

  /** A queue that takes none: a user has as many natives as may be. */
  get #full(): string {
    return `${this.queue}f`
  }

  /** A command of PBS's as root. Throws what it says where it does not end with 0. */
  asAdmin(program: string, ...words: readonly string[]): string {
    return this.#run(this.#program(program), words)
  }

  #asUser(program: string, ...words: readonly string[]): string {
    return this.#run("runuser", ["-u", this.#here.user, "--", this.#program(program), ...words])
  }

  #program(name: string): string {
    return join(this.#here.exec, "bin", name)
  }

  #run(program: string, words: readonly string[]): string {
    return execFileSync(program, words, { encoding: "utf8", cwd: "/", stdio: ["ignore", "pipe", "pipe"] })
  }

  #manage(line: string): void {
    this.asAdmin("qmgr", "-c", line)
  }

  /** Nothing of it starts from now on, or everything. */
  open(isOpen: boolean): void {
    this.#manage(`set queue ${this.queue} started = ${isOpen}`)
  }

  /** All natives of its queue, also those that are over. */
  jobs(): NonNullable<Jobs["jobs"]> {
    const { jobs } = readJobs(this.asAdmin("qstat", "-x", "-f", "-F", "json", this.queue))
    if (jobs === null) throw new Error("qstat does not tell of the queue's jobs.")
    return jobs
  }

  /** Somebody else's, which sleeps. */
  stranger(name: string): void {
    this.#asUser("qsub", "-N", name, "-q", this.queue, "-j", "oe", "-o", "/dev/null", "--", "/bin/sleep", "30")
  }

  /** One more process of a native that runs, with more memory than was asked for. */
  hog(id: string): void {
    const script = `globalThis.held = Buffer.alloc(${2 * memoryMax}, 1); setTimeout(() => {}, 60_000)`
    const attach = [this.#program("pbs_attach"), "-j", this.#fullId(id), process.execPath, "-e", script]
    const as = ["--reuid", this.#here.user, "--regid", this.#here.user, "--init-groups"]
    spawn("setpriv", [...as, ...attach], { cwd: "/", detached: true, stdio: "ignore" }).unref()
  }

  /** A node of its own, which it may lose. Returns its name. */
  ownNode(): string {
    const name = `${this.queue}m`
    this.#mom = new PbsMom(name, this.#here)
    this.#manage(`create node ${name} mom=${this.#here.server},port=${this.#mom.port}`)
    return name
  }

  /** The server gives up what ran there some seconds later. What runs there runs on. */
  loseNode(): void {
    this.#manage("set server node_fail_requeue = 3")
    this.#mom?.kill()
  }

  kill(id: string): void {
    killAll(processesWith([`PBS_JOBID=${this.#fullId(id)}`]))
  }

  #fullId(id: string): string {
    const full = [...this.jobs().keys()].find((one) => one === id || one.split(".")[0] === id)
    if (full === undefined) throw new Error(`PBS knows no ${id}.`)
    return full
  }

  /** Nothing of it is left. */
  async remove(): Promise<void> {
    if (this.#mom !== null) for (const id of this.jobs().keys()) this.kill(id)
    for (let tries = 100; ; tries -= 1) {
      try {
        const ids = [...this.jobs().keys()]
        // With their history.
        if (ids.length > 0) this.asAdmin("qdel", "-W", "force", "-x", ...ids)
        for (const name of [this.queue, this.#full]) this.#manage(`delete queue ${name}`)
        break
      } catch (error) {
        if (tries === 0) throw error
        await sleep(100)
      }
    }
    if (this.#mom === null) return
    this.#mom.remove()
    this.#manage(`delete node ${this.queue}m`)
    this.#manage("unset server node_fail_requeue")
  }
}

/** What a native asks for that is to have too little. */
export const memoryMax: number = 64 * 2 ** 20
