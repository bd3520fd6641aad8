/** A fake command on PATH that plays a manager's own commands (fake/fake.sh), and what a test can do to that manager. */
import { spawnSync } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Clock } from "../../src/clock.ts"
import type { Command } from "../../src/command.ts"
import { quoteAll } from "../../src/quote.ts"
import { prelude } from "../../src/remote/prelude.ts"
import { localTransport } from "../../src/transport/local.ts"
import type { Transport } from "../../src/transport/transport.ts"
import type { ListFault, SubmitFault, TameManager, TameNative, Why } from "./tame-manager.ts"

const programFolder = fileURLToPath(new URL("fake", import.meta.url))

/** The commands that each of them plays. */
const programs = {
  pbs: ["qsub", "qselect", "qstat", "qdel", "qsig", "qhold", "qrls"],
  torque: ["qsub", "qselect", "qstat", "qdel", "qsig", "qhold", "qrls"],
  slurm: ["sbatch", "squeue", "sacct", "scancel", "scontrol"],
  sge: ["qsub", "qstat", "qacct", "qdel", "qhold", "qrls", "qmod", "qconf"],
  lsf: ["bsub", "bjobs", "bkill", "bstop", "bresume", "bparams"],
  flux: ["flux"],
  oar: ["oarsub", "oarstat", "oarnodes", "oardel", "oarhold", "oarresume"],
  htcondor: [
    "condor_submit",
    "condor_q",
    "condor_history",
    "condor_rm",
    "condor_vacate_job",
    "condor_hold",
    "condor_release",
    "condor_suspend",
    "condor_continue",
  ],
} as const

export type Flavour = keyof typeof programs

export class FakeCluster implements TameManager {
  private readonly state: string
  readonly #env: Readonly<Record<string, string>>

  constructor(folder: string, flavour: Flavour) {
    this.state = join(folder, "cluster")
    const bin = join(folder, "bin")
    mkdirSync(join(this.state, "natives"), { recursive: true })
    mkdirSync(bin)
    for (const name of programs[flavour]) symlinkSync(join(programFolder, "fake.sh"), join(bin, name))
    this.#env = {
      FAKE_STATE: this.state,
      FAKE_FLAVOUR: flavour,
      FAKE_PROGRAM: programFolder,
      PATH: `${bin}:${process.env["PATH"] ?? "/usr/bin:/bin"}`,
    }
  }

  /** A shell that finds the manager's commands. */
  get command(): readonly [string, ...string[]] {
    return ["env", ...Object.entries(this.#env).map(([name, value]) => `${name}=${value}`), "/bin/sh"]
  }

  transport(clock: Clock): Transport {
    return localTransport(clock, this.command)
  }

  carryOut<T>(command: Command<T>): T {
    const input = `${prelude()}(\n${quoteAll(command.argv)}\n)\n`
    const { status, stdout, stderr } = spawnSync("/bin/sh", ["-s"], { input, encoding: "utf8", env: this.#env })
    return command.parse({ exitCode: status ?? 255, stdout, stderr, timedOut: false })
  }

  fault(verb: "submit", kind: SubmitFault | null, often?: "once" | "always"): void
  fault(verb: "list" | "history", kind: ListFault | null, often?: "once" | "always"): void
  fault(verb: "cancel", kind: "down" | null, often?: "once" | "always"): void
  fault(verb: string, kind: string | null, often: "once" | "always" = "once"): void {
    const path = join(this.state, `fault.${verb}`)
    if (kind === null) rmSync(path, { force: true })
    else writeFileSync(path, `${often} ${kind}\n`)
  }

  down(isDown: boolean): void {
    for (const verb of ["submit", "list", "history", "cancel"] as const)
      this.fault(verb as "list", isDown ? "down" : null, "always")
  }

  pause(): void {
    this.#flag("paused", true)
  }

  unpause(): void {
    this.#flag("paused", false)
    for (const { id, state } of this.natives()) if (state === "queued") this.#play("start", id)
  }

  blind(): void {
    this.#flag("blind", true)
  }

  lag(isLate: boolean): void {
    this.#flag("lag", isLate)
  }

  suspend(id: string): void {
    this.#play("freeze", id)
  }

  resume(id: string): void {
    this.#play("thaw", id)
  }

  end(id: string, why: Why, signal: "TERM" | "KILL" = "KILL"): void {
    this.#play("finish", id, why, signal)
  }

  kill(id: string): void {
    const folder = join(this.state, "natives", id)
    writeFileSync(join(folder, "signal"), "9\n")
    process.kill(-Number(readFileSync(join(folder, "pid"), "utf8")), "SIGKILL")
  }

  forget(id: string): void {
    const folder = join(this.state, "natives", id)
    // In two steps: its own process may be writing there just now.
    renameSync(folder, join(this.state, `forgotten.${id}`))
  }

  stranger(id: string): void {
    this.next(id)
    this.#play("accept", "somebody-elses", "line", "exec sleep 300")
  }

  says(id: string, word: string | null): void {
    const path = join(this.state, "natives", id, "word")
    if (word === null) rmSync(path, { force: true })
    else writeFileSync(path, `${word}\n`)
  }

  next(id: string): void {
    writeFileSync(join(this.state, "next"), `${id}\n`)
  }

  natives(): TameNative[] {
    return readdirSync(join(this.state, "natives")).map((id) => ({
      id,
      name: this.#read(id, "name") ?? "",
      state: this.#read(id, "state") ?? "",
      code: this.#read(id, "code"),
      why: this.#read(id, "why"),
    }))
  }

  calls(verb: string): number {
    const path = join(this.state, "calls")
    if (!existsSync(path)) return 0
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line.startsWith(`${verb} `)).length
  }

  /** Nothing of it runs on. */
  [Symbol.dispose](): void {
    for (const folder of ["natives", "."]) {
      for (const name of readdirSync(join(this.state, folder))) {
        const path = join(this.state, folder, name, "pid")
        if (!existsSync(path)) continue
        try {
          process.kill(-Number(readFileSync(path, "utf8")), "SIGKILL")
        } catch {
          // It has ended.
        }
      }
    }
  }

  #read(id: string, key: string): string | null {
    const path = join(this.state, "natives", id, key)
    return existsSync(path) ? readFileSync(path, "utf8").trim() : null
  }

  #flag(name: string, isSet: boolean): void {
    if (isSet) writeFileSync(join(this.state, name), "")
    else rmSync(join(this.state, name), { force: true })
  }

  #play(...words: readonly string[]): void {
    const { status, stderr } = spawnSync("/bin/sh", [join(programFolder, "fake.sh"), ...words], {
      env: this.#env,
      encoding: "utf8",
    })
    if (status === null || stderr !== "") throw new Error(`The fake failed: ${words.join(" ")}: ${stderr}`)
  }
}
