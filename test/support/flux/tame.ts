/** A real Flux that a test can play with: an instance of its own behind shim.sh, in which two brokers are two nodes. */
import { Shimmed } from "../shimmed.ts"
import type { TameManager, TameNative, Why } from "../tame-manager.ts"
import { FluxInstance, fluxProgram } from "./instance.ts"

const script = new URL("shim.sh", import.meta.url)

export class TameFlux extends Shimmed implements TameManager, AsyncDisposable {
  readonly #instance: FluxInstance

  private constructor(folder: string, instance: FluxInstance) {
    super({ folder, script, programs: ["flux"], user: null, variables: { SHIM_REAL: fluxProgram ?? "" } })
    this.#instance = instance
    this.#started()
  }

  static async start(folder: string): Promise<TameFlux> {
    return new TameFlux(folder, await FluxInstance.start({ brokers: 2 }))
  }

  /** The node that may get lost is the one where jobs run: the other has the state. */
  #started(): void {
    this.shim.write("uri", `${this.#instance.uri}\n`)
    this.#instance.flux("resource", "drain", "0")
  }

  pause(): void {
    this.#instance.flux("queue", "stop")
  }

  unpause(): void {
    this.#instance.flux("queue", "start")
  }

  lag(): never {
    throw new Error("The list of Flux's jobs does not lag.")
  }

  suspend(): never {
    throw new Error("Flux suspends nothing.")
  }

  resume(): never {
    throw new Error("Flux suspends nothing.")
  }

  end(id: string, why: Why): void {
    if (why === "cancelled") this.#instance.flux("cancel", id)
    else if (why === "timeout") this.#instance.flux("update", id, `duration=${this.#runtime(id) + 2}s`)
    else if (why === "node-failure") this.#instance.loseBroker(1)
    else throw new Error(`Flux ends nothing so: ${why}`)
  }

  /** In seconds. */
  #runtime(id: string): number {
    return Math.ceil(Number(this.#instance.flux("jobs", "-n", "-o", "{runtime}", id)))
  }

  kill(id: string): void {
    this.#instance.killJob(id)
  }

  /** And all others: its first broker is killed before it has written down anything. */
  async forget(): Promise<void> {
    this.#instance.crash()
    await this.#instance.begin()
    this.#started()
  }

  stranger(): void {
    this.#instance.flux("submit", "--job-name=somebody-elses", "sleep", "300")
  }

  override says(): never {
    throw new Error("Flux says its own words.")
  }

  /** As if it had run for half a week and more: ids begin behind the highest one that its state knows. */
  async next(id: string): Promise<void> {
    this.#instance.flux("kvs", "put", "--sync", `checkpoint.job-manager={"version":1,"max_jobid":${id}}`)
    await this.forget()
  }

  natives(): TameNative[] {
    const form = "{id.dec}\t{name}\t{state}\t{result}\t{returncode}\t{urgency}"
    return this.#instance
      .flux("jobs", "-a", "-c", "0", "-n", "-o", form)
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [id = "", name = "", state = "", result = "", code = "", urgency = ""] = line.split("\t")
        return { id, name, state: stateOf(state, urgency), code, why: result === "CANCELED" ? "cancelled" : null }
      })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#instance[Symbol.asyncDispose]()
  }
}

function stateOf(word: string, urgency: string): string {
  if (word === "INACTIVE") return "ended"
  if (word === "RUN" || word === "CLEANUP") return "running"
  return urgency === "0" ? "held" : "queued"
}
