/** The rig's real Grid Engine, for a test that plays with it: a queue of its own, and shim.sh before the commands. */
import { appendFileSync, copyFileSync, existsSync } from "node:fs"
import { delimiter, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { Rig } from "../rig.ts"
import { Shimmed } from "../shimmed.ts"
import type { ListFault, SubmitFault, TameManager, TameNative, Why } from "../tame-manager.ts"
import { GridCell, memoryMax } from "./cell.ts"

const script = new URL("shim.sh", import.meta.url)
const programs = ["qsub", "qstat", "qacct", "qdel", "qhold", "qrls", "qmod", "qconf"] as const

/** Seconds in which one that is to run out of time has to be seen running. */
const walltime = 8

export class TameGridEngine extends Shimmed implements TameManager, AsyncDisposable {
  readonly #cell: GridCell
  #limit: Promise<void> = Promise.resolve()
  #isOver = false

  /** Its user can run no native elsewhere. */
  constructor(folder: string, target: Rig) {
    const cell = new GridCell(target, folder)
    const variables = { ...cell.variables, SHIM_REAL: folderOf("qsub"), SHIM_LOCK: cell.lock }
    super({ folder, script, programs, user: cell.user, variables })
    this.#cell = cell
  }

  /** Where natives run that nothing else is said of. */
  get queue(): string {
    return this.#cell.queue
  }

  override fault(verb: string, kind: SubmitFault | ListFault | null, often: "once" | "always" = "once"): void {
    super.fault(verb, kind, often)
    if (kind === "limit") this.#limit = this.#setLimit()
  }

  /** While one submission meets it. */
  async #setLimit(): Promise<void> {
    await this.#until("limit.wanted")
    await this.#cell.whileFull(async () => {
      this.shim.write("limit.on", "")
      await this.#until("limit.met")
    })
    this.shim.flag("limit.on", false)
  }

  async #until(name: string): Promise<void> {
    while (!this.#isOver && !this.shim.has(name)) await sleep(50)
  }

  pause(): void {
    this.#cell.asAdmin("qmod", "-d", this.queue)
  }

  unpause(): void {
    this.#cell.asAdmin("qmod", "-e", this.queue)
  }

  override blind(): never {
    throw new Error("Grid Engine starts nothing where the directory is not.")
  }

  lag(isLate: boolean): void {
    const path = join(this.shim.path, "accounting")
    if (!isLate) this.shim.flag("accounting", false)
    else if (existsSync(this.#cell.accounting)) copyFileSync(this.#cell.accounting, path)
    else this.shim.write("accounting", "")
  }

  suspend(id: string): void {
    this.#cell.asAdmin("qmod", "-sj", id)
  }

  resume(id: string): void {
    this.#cell.asAdmin("qmod", "-usj", id)
  }

  foresee(why: Why, signal: "TERM" | "KILL" = "KILL"): void {
    if (why === "timeout") this.shim.write("resource", `h_rt=${walltime}\n`)
    else if (why === "out-of-memory") this.shim.write("resource", `h_vmem=${memoryMax}\n`)
    else throw new Error(`Grid Engine ends nothing so: ${why}`)
    // What a queue ends its natives by instead of KILL. (queue_conf(5))
    if (signal === "TERM") this.#cell.asAdmin("qconf", "-mattr", "queue", "terminate_method", "SIGTERM", this.queue)
  }

  /** Its time is over by itself, soon. */
  end(id: string, why: Why): void {
    if (!this.shim.has("resource")) throw new Error(`That was not foreseen: ${why}`)
    if (why === "out-of-memory") this.#cell.hog(id)
  }

  kill(id: string): void {
    this.#cell.kill(id)
  }

  /** Its record in accounting, of which there is one if it runs, looks like that of a success without any usage. */
  forget(id: string): void {
    this.#cell.asAdmin("qdel", "-f", id)
  }

  stranger(_id?: string): void {
    const name = "somebody-elses"
    appendFileSync(join(this.shim.path, "natives"), `${this.#cell.stranger(name)} ${name}\n`)
  }

  next(_id?: string): void {
    throw new Error("Grid Engine counts its natives itself.")
  }

  natives(): TameNative[] {
    const letters = this.#cell.letters()
    const deleted = new Set(this.shim.lines("deleted"))
    // Of two that had one id, one after the other, the last.
    const names = new Map(this.shim.lines("natives").map((line) => line.split(" ") as [string, string]))
    return [...names].map(([id, name]) => {
      const state = stateOf(letters.get(id))
      return { id, name, state, code: null, why: state === "ended" && deleted.has(id) ? "cancelled" : null }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#limit
    await this.#cell.remove(this.shim.lines("natives").map((line) => line.split(" ")[0] ?? ""))
  }
}

function stateOf(letters: string | undefined): string {
  if (letters === undefined) return "ended"
  if (/[sST]/.test(letters)) return "suspended"
  if (/w/.test(letters)) return letters.includes("h") ? "held" : "queued"
  return "running"
}

function folderOf(program: string): string {
  const found = (process.env["PATH"] ?? "").split(delimiter).find((folder) => existsSync(join(folder, program)))
  if (found === undefined) throw new Error(`${program} is not on the PATH`)
  return found
}
