/** The rig's real OAR, for a test that plays with it: a queue of its own, and shim.sh before the commands. */
import { appendFileSync } from "node:fs"
import { join } from "node:path"
import type { Rig } from "../rig.ts"
import { Shimmed } from "../shimmed.ts"
import type { ListFault, SubmitFault, TameManager, TameNative, Why } from "../tame-manager.ts"
import { OarCell } from "./cell.ts"

const script = new URL("shim.sh", import.meta.url)
const programs = ["oarsub", "oarstat", "oarnodes", "oardel", "oarhold", "oarresume"] as const
const strangerName = "somebody-elses"
/** No other test's natives come there as long as there is room: OAR fills its nodes from the first one on. */
const lostNode = "n3"
const silentNode = "n4"

export class TameOar extends Shimmed implements TameManager, AsyncDisposable {
  readonly #cell: OarCell
  readonly #forgotten = new Set<string>()
  #lost = false

  constructor(folder: string, target: Rig) {
    const cell = new OarCell(target)
    const variables = { SHIM_REAL: cell.folder("bin"), SHIM_NOWHERE: cell.folder("nowhere") }
    super({ folder, script, programs, user: cell.user, variables })
    this.#cell = cell
  }

  /** Where natives run that nothing else is said of. */
  get queue(): string {
    return this.#cell.queue
  }

  override fault(verb: string, kind: SubmitFault | ListFault | null, often: "once" | "always" = "once"): void {
    if (kind === "limit") this.#cell.limit()
    super.fault(verb, kind, often)
  }

  pause(): void {
    this.#cell.open(false)
  }

  unpause(): void {
    this.#cell.open(true)
  }

  lag(isLate: boolean): void {
    this.shim.flag("lag", isLate)
  }

  suspend(): never {
    throw new Error("OAR suspends by control groups, which the rig has none of.")
  }

  resume(): never {
    throw new Error("OAR suspends by control groups, which the rig has none of.")
  }

  foresee(why: Why): void {
    if (why === "preempted") this.shim.write("resource", "besteffort\n--type\n")
    if (why === "node-failure") this.#on(lostNode)
  }

  #on(node: string): void {
    this.shim.write("resource", `network_address = '${node}'\n--property\n`)
  }

  /** What is submitted from now on goes to a node that does not answer, until it does. */
  silence(isSilent: boolean): void {
    if (isSilent) this.#on(silentNode)
    this.#cell.silence(silentNode, isSilent)
  }

  end(id: string, why: Why): void {
    if (why === "cancelled") this.#cell.asRoot("oardel", id)
    else if (why === "timeout") this.#shorten(id)
    else if (why === "preempted") this.#drive(id)
    else if (why === "node-failure") this.#loseNode()
    else throw new Error(`OAR ends nothing so: ${why}`)
  }

  /** Its time is over when OAR looks next, every ten seconds. */
  #shorten(id: string): void {
    this.#cell.sql(`UPDATE moldable_job_descriptions SET moldable_walltime = 1 WHERE moldable_job_id = ${id}`)
  }

  /** Somebody who is not besteffort wants what it has. */
  #drive(id: string): void {
    const [[resource = ""] = []] = this.#cell.sql(
      `SELECT resource_id FROM assigned_resources, jobs WHERE job_id = ${id} AND moldable_job_id = assigned_moldable_job`,
    )
    this.#note(this.#cell.stranger(strangerName, `resource_id = ${resource}`))
  }

  #loseNode(): void {
    this.#cell.asAdmin("oarnodesetting", "-n", "-h", lostNode, "-s", "Dead")
    this.#lost = true
  }

  kill(id: string): void {
    this.#cell.kill(id)
  }

  /** OAR knows nobody of its name any more. */
  forget(id: string): void {
    this.#cell.sql(`UPDATE jobs SET job_name = '${strangerName}' WHERE job_id = ${id}`)
    this.#forgotten.add(id)
  }

  /** With an id that was forgotten while it waited: that one itself, which sleeps. */
  stranger(id: string): void {
    if (this.#forgotten.has(id)) this.#cell.sql(`UPDATE jobs SET command = 'sleep 300' WHERE job_id = ${id}`)
    else this.#note(this.#cell.stranger(strangerName))
  }

  #note(id: string): void {
    appendFileSync(join(this.shim.path, "natives"), `${id} ${strangerName}\n`)
  }

  /** OAR counts its natives itself. */
  next(): void {}

  natives(): TameNative[] {
    const ids = this.#ids
    if (ids.length === 0) return []
    const fragged =
      "SELECT count(*) FROM event_logs WHERE event_logs.job_id = jobs.job_id AND type = 'FRAG_JOB_REQUEST'"
    return this.#cell
      .sql(`SELECT job_id, job_name, state, exit_code >> 8, (${fragged}) FROM jobs WHERE job_id IN (${ids.join(",")})`)
      .map(([id = "", name = "", word = "", code = "", requests = "0"]) => {
        const state = stateOf(word)
        const isCancelled = state === "ended" && requests !== "0"
        return { id, name, state, code: code === "" ? null : code, why: isCancelled ? "cancelled" : null }
      })
  }

  /** How many natives OAR has made of others by itself. */
  resubmissions(): number {
    return this.#cell.sql(`SELECT job_id FROM jobs WHERE queue_name = '${this.queue}' AND resubmit_job_id > 0`).length
  }

  get #ids(): string[] {
    return this.shim.lines("natives").map((line) => line.split(" ")[0] ?? "")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cell.remove(this.#ids, `SHIM_STATE=${this.shim.path}`)
    if (this.#lost) this.#cell.asAdmin("oarnodesetting", "-h", lostNode, "-s", "Alive")
  }
}

function stateOf(word: string): string {
  if (word === "Terminated" || word === "Error") return "ended"
  if (word === "Hold") return "held"
  return word === "Running" || word === "Finishing" || word === "toError" ? "running" : "queued"
}
