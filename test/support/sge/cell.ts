/** The rig's Grid Engine as its administrator has it, for one test: a queue of its own, limits, and what runs of a native. */
import { execFileSync, spawn } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { gridEngineVariables } from "../gridengine.ts"
import { killAll, processesWith } from "../processes.ts"
import type { Rig } from "../rig.ts"

/** Queues of this process. */
let made = 0

export class GridCell {
  readonly queue: string = `hz.${process.pid}.${(made += 1)}`
  /** Whose the natives are. No other test counts on that user's having none. */
  readonly user: string
  readonly variables: Readonly<Record<string, string>>
  readonly #folder: string
  readonly #root: string

  /** `folder`: for its files. */
  constructor({ user2, sgeRoot, ...rest }: Rig, folder: string) {
    this.user = user2
    this.#root = sgeRoot
    this.#folder = folder
    this.variables = gridEngineVariables({ user2, sgeRoot, ...rest })
    const path = join(folder, "queue")
    const changes = { qname: this.queue, slots: "20", user_lists: this.queue }
    writeFileSync(path, changed(this.asAdmin("qconf", "-sq", "main.q"), changes))
    // Nobody else's natives start there: a list of users by the same name.
    this.asAdmin("qconf", "-au", this.user, this.queue)
    this.asAdmin("qconf", "-Aq", path)
  }

  /** Throws what it says where it does not end with 0. */
  asAdmin(program: string, ...words: readonly string[]): string {
    return this.#run(program, words)
  }

  asUser(program: string, ...words: readonly string[]): string {
    return this.#run("runuser", ["-u", this.user, "--", program, ...words])
  }

  #run(program: string, words: readonly string[]): string {
    const env = { PATH: process.env["PATH"], LC_ALL: "C", ...this.variables }
    return execFileSync(program, words, { encoding: "utf8", env, cwd: "/", stdio: ["ignore", "pipe", "pipe"] })
  }

  /** Id and state letters of all natives of the user's, whoever submitted them. */
  letters(): ReadonlyMap<string, string> {
    const lines = this.asAdmin("qstat", "-s", "prs", "-u", this.user).split("\n")
    const words = lines.map((line) => line.trim().split(/ +/)).filter(([id = ""]) => /^\d+$/.test(id))
    return new Map(words.map(([id = "", , , , letters = ""]) => [id, letters]))
  }

  /** The file that qacct reads. */
  get accounting(): string {
    return join(this.#common, "accounting")
  }

  /** A file that all can read, for flock. */
  get lock(): string {
    return join(this.#common, "bootstrap")
  }

  get #common(): string {
    return join(this.#root, this.variables["SGE_CELL"] ?? "", "common")
  }

  /** A native that its user has, and that starts nowhere. Returns its id. */
  #waiting(): string {
    return this.#submit("-l", "hostname=!*", "sleep", "1")
  }

  /** Somebody else's, which sleeps. Returns its id. */
  stranger(name: string): string {
    return this.#submit("-N", name, "sleep", "300")
  }

  #submit(...words: readonly string[]): string {
    const form = ["-terse", "-q", this.queue, "-b", "y", "-wd", "/", "-o", "/dev/null", "-j", "y"]
    return this.asUser("qsub", ...form, ...words).trim()
  }

  /** As many natives as its user then has are too many, while `during` lasts: more than other tests have at a time. */
  async whileFull(during: () => Promise<void>): Promise<void> {
    const waiting = this.#waiting()
    const told = this.asUser("qresub", ...Array.from({ length: jobsMax - 1 }, () => waiting))
    const all = [waiting, ...[...told.matchAll(/^Your job (\d+) /gm)].map(([, id = ""]) => id)]
    try {
      this.#limit(jobsMax)
      await during()
    } finally {
      this.#limit(0)
      this.asAdmin("qdel", "-f", all.join(","))
    }
  }

  #limit(jobs: number): void {
    const path = join(this.#folder, "global")
    const told = this.asAdmin("qconf", "-sconf", "global").replace(/^#.*\n/gm, "")
    writeFileSync(path, changed(told, { max_u_jobs: String(jobs) }))
    this.asAdmin("qconf", "-Mconf", path)
  }

  /** One more process of a native that runs, with more memory than was asked for. */
  hog(id: string): void {
    const [pid] = this.processes(id)
    if (pid === undefined) throw new Error(`Nothing runs of ${id}.`)
    const groups =
      /^Groups:(.*)$/m
        .exec(textOf(`/proc/${pid}/status`))?.[1]
        ?.trim()
        .split(/\s+/) ?? []
    // Grid Engine knows what belongs to a native by a group of its own.
    const group = Math.max(...groups.map(Number))
    const words = [`--reuid=${this.user}`, `--regid=${this.user}`, `--groups=${group}`, process.execPath]
    const script = `globalThis.held = Buffer.alloc(${2 * memoryMax}, 1); setTimeout(() => {}, 60_000)`
    const env = { SGE_ROOT: this.#root, JOB_ID: id }
    spawn("setpriv", [...words, "-e", script], { env, cwd: "/", detached: true, stdio: "ignore" }).unref()
  }

  kill(id: string): void {
    killAll(this.processes(id))
  }

  /** What carries its id, of this Grid Engine's. */
  processes(id: string): number[] {
    return processesWith([`JOB_ID=${id}`, `SGE_ROOT=${this.#root}`])
  }

  #forget(id: string): void {
    try {
      this.asAdmin("qdel", "-f", id)
    } catch {
      // It has ended just now.
    }
  }

  /** Nothing of these runs on, and the queue is gone. */
  async remove(ids: readonly string[]): Promise<void> {
    const known = this.letters()
    for (const id of ids.filter((one) => known.has(one))) this.#forget(id)
    for (const id of ids) this.kill(id)
    for (let tries = 50; ; tries -= 1) {
      try {
        this.asAdmin("qconf", "-dq", this.queue)
        this.asAdmin("qconf", "-dul", this.queue)
        return
      } catch (error) {
        if (tries === 0) throw error
        await sleep(100)
      }
    }
  }
}

/** What qconf shows of something, with other values. */
function changed(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce(
    (told, [name, value]) => told.replace(new RegExp(`^${name} .*$`, "m"), `${name} ${value}`),
    text,
  )
}

/** Of one user: the limit. */
const jobsMax = 24

/** What a native asks for that is to have too little. */
export const memoryMax: number = 64 * 2 ** 20

/** Of what has ended: nothing. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}
