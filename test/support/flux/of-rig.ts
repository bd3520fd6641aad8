/** A Flux of the rig's user, found by his login shell: where hawser.yaml names no more than host and scheduler. */
import { chownSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Rig, rig } from "../rig.ts"
import { FluxInstance, fluxProgram } from "./instance.ts"

/** Why there is none here; null: there may be one. */
export const noFluxOfRig: string | null =
  fluxProgram === null
    ? "flux is not on the PATH"
    : typeof rig === "string"
      ? rig
      : process.getuid?.() === 0
        ? null
        : "starting a Flux of another user needs root"

/** One at a time: the program in his `~/bin`, which Debian's login shells look into, names its instance. */
export class FluxOfRig implements AsyncDisposable {
  readonly #instance: FluxInstance
  readonly #program: string

  private constructor(instance: FluxInstance, program: string) {
    this.#instance = instance
    this.#program = program
  }

  static async start({ user }: Rig): Promise<FluxOfRig> {
    const home = join("/home", user)
    const { uid, gid } = statSync(home)
    const bin = join(home, "bin")
    if (!existsSync(bin)) mkdirSync(bin)
    chownSync(bin, uid, gid)
    // Four nodes, as the rig's Slurm has.
    const instance = await FluxInstance.start({ brokers: 4, user })
    const program = join(bin, "flux")
    // In a job, the instance is that of the job.
    const text = `#!/bin/sh\n: "\${FLUX_URI:=${instance.uri}}"\nexport FLUX_URI\nexec ${fluxProgram} "$@"\n`
    writeFileSync(program, text, { mode: 0o755 })
    return new FluxOfRig(instance, program)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.#program, { force: true })
    await this.#instance[Symbol.asyncDispose]()
  }
}
