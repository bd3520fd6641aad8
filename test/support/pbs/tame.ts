/** A real PBS, for a test that plays with it: a queue of its own, and shim.sh before the commands. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Shimmed } from "../shimmed.ts"
import type { TameManager, TameNative, Why } from "../tame-manager.ts"
import { memoryMax, PbsCell } from "./cell.ts"
import type { PbsHere } from "./here.ts"

const script = new URL("shim.sh", import.meta.url)
const programs = ["qsub", "qselect", "qstat", "qdel", "qsig", "qhold", "qrls"] as const
const strangerName = "somebody-elses"

export class TamePbs extends Shimmed implements TameManager, AsyncDisposable {
  readonly #cell: PbsCell
  readonly #forgotten = new Set<string>()

  constructor(folder: string, here: PbsHere) {
    const variables = { SHIM_REAL: join(here.exec, "bin") }
    super({ folder, script, programs, user: here.user, variables })
    this.#cell = new PbsCell(here)
  }

  /** Where natives run that nothing else is said of. */
  get queue(): string {
    return this.#cell.queue
  }

  pause(): void {
    this.#cell.open(false)
  }

  unpause(): void {
    this.#cell.open(true)
  }

  lag(): never {
    throw new Error("The history of PBS is its server's own, and does not lag.")
  }

  suspend(id: string): void {
    this.#cell.asAdmin("qsig", "-s", "suspend", id)
  }

  resume(id: string): void {
    this.#cell.asAdmin("qsig", "-s", "resume", id)
  }

  foresee(why: Why): void {
    if (why === "out-of-memory") this.shim.write("resource", `mem=${memoryMax / 2 ** 20}mb\n`)
    if (why === "node-failure") this.shim.write("resource", `select=1:vnode=${this.#cell.ownNode()}\n`)
  }

  end(id: string, why: Why): void {
    if (why === "cancelled") this.#cell.asAdmin("qdel", id)
    else if (why === "timeout") this.#cell.asAdmin("qalter", "-l", "walltime=1", id)
    else if (why === "out-of-memory") this.#cell.hog(id)
    else if (why === "node-failure") this.#cell.loseNode()
    else throw new Error(`PBS ends nothing so: ${why}`)
  }

  kill(id: string): void {
    this.#cell.kill(id)
  }

  /** PBS knows nobody of its name any more. */
  forget(id: string): void {
    this.#cell.asAdmin("qalter", "-N", strangerName, id)
    this.#forgotten.add(id)
  }

  /** With an id that was forgotten while it waited: that one itself, whose shell sleeps. */
  stranger(id: string): void {
    if (!this.#forgotten.has(id)) return this.#cell.stranger(strangerName)
    const path = join(this.shim.path, "stranger.sh")
    writeFileSync(path, "#!/bin/sh\nexec sleep 300\n", { mode: 0o755 })
    this.#cell.asAdmin("qalter", "-S", path, id)
  }

  /** PBS counts its natives itself. */
  next(): void {}

  natives(): TameNative[] {
    return [...this.#cell.jobs()].map(([id, { Job_Name: name = "", job_state: letter = "", ...more }]) => ({
      id: id.split(".")[0] ?? id,
      name,
      state: states[letter] ?? "running",
      code: more["Exit_status"] ?? null,
      why: letter === "F" && more["substate"] === "91" ? "cancelled" : null,
    }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cell.remove()
  }
}

const states: Readonly<Record<string, string>> = { Q: "queued", H: "held", S: "suspended", F: "ended" }
