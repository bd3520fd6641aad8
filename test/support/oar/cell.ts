/** The rig's OAR as its administrator has it, for one test: a queue of its own, and what runs of a native. */
import { execFileSync } from "node:child_process"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { killAll, processesWith } from "../processes.ts"
import type { Rig } from "../rig.ts"

/** Queues of this process. */
let made = 0

const ended = "('Terminated','Error')"

export class OarCell {
  readonly queue: string = `hz${process.pid}n${(made += 1)}`
  /** Whose the natives are. */
  readonly user: string
  readonly #rig: Rig

  constructor(target: Rig) {
    this.user = target.user2
    this.#rig = target
    this.asAdmin("oarnotify", "--add-queue", `${this.queue},2,oar_sched_gantt_with_timesharing`)
  }

  /** There is another queue by name, in which its user has as many natives as may be. What such rules say is up to the sites. */
  limit(): void {
    this.sql(`INSERT INTO admission_rules (priority, rule) VALUES (1, '${this.#rule}')`)
  }

  get #rule(): string {
    return `if ($queue_name eq "${this.queue}full") { die("[ADMISSION RULE] Error: maximum number of jobs in this queue reached\\n"); }\n`
  }

  /** The folder of a command for users. */
  folder(which: "bin" | "nowhere"): string {
    return join(this.#rig.dir, "oar", which)
  }

  /** A command of OAR's, as `oar` itself. Throws what it says where it does not end with 0. */
  asAdmin(program: string, ...words: readonly string[]): string {
    const conf = join(this.#rig.dir, "oar/oar.conf")
    const variables = ["OARDIR=/usr/lib/oar", "OARDO_USER=oar", `OARCONFFILE=${conf}`]
    return this.#run("oar", "env", ...variables, `/usr/lib/oar/${program}`, ...words)
  }

  /** What its user may, and root may for each: OAR writes down who it was. */
  asRoot(program: string, ...words: readonly string[]): string {
    return this.#run("root", join(this.folder("bin"), program), ...words)
  }

  asUser(program: string, ...words: readonly string[]): string {
    return this.#run(this.user, join(this.folder("bin"), program), ...words)
  }

  /** Rows of its database, with a tab between the columns. */
  sql(text: string): string[][] {
    const where = ["--host", join(this.#rig.run, "postgres"), "--port", String(this.#rig.ports["postgres"])]
    const form = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--field-separator", "\t", "oar"]
    const told = this.#run("oar", "psql", ...where, ...form, "--command", text)
    return told
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\t"))
  }

  #run(user: string, ...argv: readonly string[]): string {
    const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/oar/oardodo", LC_ALL: "C", PWD: "/" }
    const [program, ...words] = ["runuser", "-u", user, "--", ...argv]
    return execFileSync(program ?? "", words, {
      encoding: "utf8",
      env,
      cwd: "/",
      stdio: ["ignore", "pipe", "pipe"],
    })
  }

  /** Nothing of it starts from now on, or everything. */
  open(isOpen: boolean): void {
    this.asAdmin("oarnotify", isOpen ? "--enable-queue" : "--disable-queue", this.queue)
  }

  /** Whether a node answers; one that does is up again. */
  silence(node: string, isSilent: boolean): void {
    const path = join(this.#rig.run, "oar/silent")
    if (isSilent) return writeFileSync(path, `${node}\n`)
    rmSync(path)
    this.asAdmin("oarnodesetting", "-h", node, "-s", "Alive")
  }

  /** Somebody else's, which sleeps, where it is said, or where there is room. Returns its id. */
  stranger(name: string, property?: string): string {
    const place = property === undefined ? [] : ["--property", property]
    const form = ["--name", name, "--directory", "/", "--stdout", "/dev/null", "--stderr", "/dev/null"]
    const told = this.asUser("oarsub", ...form, ...place, "--resource", "/core=1,walltime=0:10:0", "sleep 300")
    return /^OAR_JOB_ID=(\d+)$/m.exec(told)?.[1] ?? ""
  }

  kill(id: string): void {
    killAll(this.#processes(id))
  }

  /** Of this OAR's. */
  #processes(id: string): number[] {
    return processesWith([`OAR_JOB_ID=${id}`, `OAR_FILE_NODES=${join(this.#rig.run, "oar", id)}`])
  }

  /** Nothing of these runs on, no command of `caller` either, and the queue is gone. A command that finds no database tries on for ever. */
  async remove(ids: readonly string[], caller: string): Promise<void> {
    killAll(processesWith([caller]))
    const all = `queue_name = '${this.queue}' OR job_id IN (${["NULL", ...ids].join(",")})`
    const left = (): string[] =>
      this.sql(`SELECT job_id FROM jobs WHERE (${all}) AND state NOT IN ${ended}`).map(([id = ""]) => id)
    const living = left()
    if (living.length > 0) this.asAdmin("oardel", ...living)
    for (let tries = 300; left().length > 0; tries -= 1) {
      if (tries === 0) throw new Error(`OAR does not end these: ${left().join(", ")}`)
      await sleep(100)
    }
    this.sql(`DELETE FROM admission_rules WHERE rule = '${this.#rule}'`)
    this.asAdmin("oarnotify", "--remove-queue", this.queue)
  }
}
