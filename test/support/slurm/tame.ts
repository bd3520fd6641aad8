/** A real Slurm that a test can play with: a partition of its own in the rig's, behind shim.sh. */
import { execFile, execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { systemClock } from "../../../src/clock.ts"
import { killAll, processesWith } from "../processes.ts"
import type { Rig } from "../rig.ts"
import { Shimmed } from "../shimmed.ts"
import type { TameManager, TameNative, Why } from "../tame-manager.ts"
import { type LossyPorts, lossyPorts } from "./lossy.ts"

const script = new URL("shim.sh", import.meta.url)
const programs = ["sbatch", "squeue", "sacct", "scancel", "scontrol"] as const
const realFolder = "/usr/bin"
const columns = ["JobID", "Name", "State", "Reason", "exit_code"]
const strangerName = "somebody-elses"
const strangerScript = "#!/bin/sh\nexec sleep 300\n"
let made = 0

export class TameSlurm extends Shimmed implements TameManager, AsyncDisposable {
  /** The queue of all its jobs. */
  readonly partition: string = `tame${process.pid}n${made++}`
  readonly #rig: Rig
  readonly #ports: LossyPorts
  /** What was made, in the order of making. */
  readonly #partitions: string[] = []
  readonly #forgotten = new Set<string>()

  private constructor(rig: Rig, folder: string, ports: LossyPorts) {
    const variables = { SHIM_REAL: realFolder, SLURM_CONF: rig.slurmConf }
    super({ folder, script, programs, user: rig.user, variables })
    this.#rig = rig
    this.#ports = ports
  }

  static async start(rig: Rig, folder: string): Promise<TameSlurm> {
    const settings = readFileSync(rig.slurmConf, "utf8")
    const [, host = ""] = /^SlurmctldHost=\S+\((\S+)\)$/m.exec(settings) ?? []
    const ports = await lossyPorts({ host, port: rig.ports["slurmctld"] ?? 0 })
    const slurm = new TameSlurm(rig, folder, ports)
    slurm.#otherWays(settings)
    slurm.#create(slurm.partition, "Nodes=n[1-3]", "PriorityTier=1", "PreemptMode=OFF")
    return slurm
  }

  /** The rig's configuration, but for where the controller and accounting are said to be. */
  #otherWays(settings: string): void {
    const way = (changes: Readonly<Record<string, string | number>>): string =>
      Object.entries(changes).reduce(
        (text, [name, value]) => text.replace(new RegExp(`^${name}=.*$`, "m"), `${name}=${value}`),
        settings,
      )
    // With so little patience Slurm's commands do not try again for seconds.
    this.shim.write("nowhere.conf", way({ SlurmctldPort: 1, AccountingStoragePort: 1, MessageTimeout: 1 }))
    for (const name of ["deaf", "mute"] as const)
      this.shim.write(`${name}.conf`, way({ SlurmctldHost: "lossy(127.0.0.1)", SlurmctldPort: this.#ports[name] }))
  }

  /** A command of Slurm's as root, and what it prints. */
  #admin(...argv: readonly [string, ...string[]]): string {
    const [program, ...words] = argv
    const env = { PATH: realFolder, SLURM_CONF: this.#rig.slurmConf }
    return execFileSync(join(realFolder, program), words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], env })
  }

  #create(partition: string, ...settings: readonly string[]): void {
    this.#admin(
      "scontrol",
      "create",
      `PartitionName=${partition}`,
      "MaxTime=INFINITE",
      "DefaultTime=10:00",
      ...settings,
    )
    this.#partitions.push(partition)
  }

  #update(...settings: readonly string[]): void {
    this.#admin("scontrol", "update", `PartitionName=${this.partition}`, ...settings)
  }

  pause(): void {
    this.#update("State=DOWN")
  }

  unpause(): void {
    this.#update("State=UP")
  }

  lag(isLate: boolean): void {
    this.shim.flag("lag", isLate)
  }

  suspend(id: string): void {
    this.#admin("scontrol", "suspend", id)
  }

  resume(id: string): void {
    this.#admin("scontrol", "resume", id)
  }

  /** A node that may get lost, or taken by somebody else, is one where nobody else's jobs run. */
  foresee(why: Why): void {
    // Slurm fills the nodes from the first one on: the last one is seldom in use.
    if (why === "node-failure" || why === "preempted")
      this.#update("Nodes=n4", "OverSubscribe=EXCLUSIVE", "PreemptMode=CANCEL")
  }

  end(id: string, why: Why): void {
    if (why === "cancelled") this.#admin("scancel", id)
    else if (why === "timeout") this.#admin("scontrol", "update", `JobId=${id}`, "EndTime=now+1")
    else if (why === "preempted") this.#drive(id)
    else if (why === "node-failure") this.#loseNode(id)
    else throw new Error(`The rig's Slurm ends nothing so: ${why}`)
  }

  /** A job of another user's takes the node, in a partition that may. */
  #drive(id: string): void {
    const partition = `${this.partition}high`
    this.#create(partition, `Nodes=${this.#ownNodeOf(id)}`, "OverSubscribe=EXCLUSIVE", "PriorityTier=10")
    this.#submitStranger(partition)
  }

  #loseNode(id: string): void {
    const node = `NodeName=${this.#ownNodeOf(id)}`
    this.#admin("scontrol", "update", node, "State=DOWN", "Reason=a test of Hawser's")
    try {
      this.#admin("scontrol", "update", node, "State=RESUME")
    } catch (error) {
      // It has come back by itself (ReturnToService).
      if (!String(error).includes("Invalid node state specified")) throw error
    }
  }

  #ownNodeOf(id: string): string {
    const [node = "", others = ""] = this.#admin("squeue", "--noheader", `--jobs=${id}`, "--format=%N %h")
      .trim()
      .split(" ")
    if (node === "" || others !== "NO") throw new Error(`${id} has no node to itself: ${node} ${others}`)
    return node
  }

  /** SIGKILL to all processes of the native but its slurmstepd, which sees them end. */
  kill(id: string): void {
    killAll(processesWith([`SLURM_JOB_ID=${id}`, `SHIM_STATE=${this.shim.path}`]))
  }

  /** Slurm knows nobody of its name any more: the id is that of a stranger, also in accounting. */
  forget(id: string): void {
    this.#admin("scontrol", "update", `JobId=${id}`, `JobName=${strangerName}`)
    this.#forgotten.add(id)
  }

  /** With an id that was forgotten while it waited: that one itself, with a stranger's script. */
  stranger(id: string): void {
    if (!this.#forgotten.has(id)) return this.#submitStranger(this.partition)
    const [, folder = ""] = /^StateSaveLocation=(.*)$/m.exec(readFileSync(this.#rig.slurmConf, "utf8")) ?? []
    writeFileSync(join(folder, `hash.${Number(id) % 10}`, `job.${id}`, "script"), strangerScript)
  }

  #submitStranger(partition: string): void {
    const words = [`--partition=${partition}`, `--job-name=${strangerName}`, "--chdir=/", "--output=/dev/null"]
    this.#admin("sbatch", `--uid=${this.#rig.user2}`, ...words, `--wrap=${strangerScript.split("\n")[1]}`)
  }

  /** Slurm gives each id once, up to 67,108,863. */
  next(): void {}

  /** Those that have ended for as long as squeue knows them (MinJobAge). */
  natives(): TameNative[] {
    const format = columns.map((name) => `${name}:\t`).join(",")
    return this.#admin("squeue", "--noheader", "--states=all", `--partition=${this.partition}`, `--Format=${format}`)
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [id = "", name = "", word = "", reason = "", status = ""] = line.split("\t")
        const state = stateOf(word, reason)
        const code = state === "ended" ? String(Number(status) >> 8) : null
        return { id, name, state, code, why: word === "CANCELLED" ? "cancelled" : null }
      })
  }

  /** Nothing of it runs on, and its partitions are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    const env = { PATH: realFolder, SLURM_CONF: this.#rig.slurmConf }
    const run = promisify(execFile)
    for (const partition of this.#partitions) {
      for (let tries = 150; ; tries -= 1) {
        // It fails where a job has just ended; whether one is left the next command says.
        await run("scancel", [`--partition=${partition}`], { env }).catch(() => undefined)
        const trouble = await run("scontrol", ["delete", `PartitionName=${partition}`], { env }).then(
          () => null,
          (error: Error) => error,
        )
        if (trouble === null) break
        if (tries === 0 || !trouble.message.includes("in use")) throw trouble
        await systemClock.sleep(200)
      }
    }
    await this.#ports[Symbol.asyncDispose]()
  }
}

function stateOf(word: string, reason: string): string {
  if (word === "PENDING") return reason.startsWith("JobHeld") ? "held" : "queued"
  if (word === "SUSPENDED") return "suspended"
  return word === "RUNNING" || word === "COMPLETING" ? "running" : "ended"
}
