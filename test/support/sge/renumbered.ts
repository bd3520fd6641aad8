/** Grid Engine, made to give an id again: it is killed and told where it has come to. Nobody else may need it meanwhile. */
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Rig } from "../rig.ts"
import { root } from "../root.ts"
import { TameGridEngine } from "./tame.ts"

const program = join(root, "rig/rig.sh")

export class RenumberedGridEngine extends TameGridEngine {
  readonly #counter: string

  constructor(folder: string, target: Rig) {
    super(folder, target)
    this.#counter = join(target.sgeRoot, "qmaster/jobseqnum")
  }

  /** As if it had counted to 9999999 since, and begun again; what it still has may not have a higher id. */
  override stranger(id: string): void {
    // An execd that has lost its manager looks for it again a quarter of a minute later, one that is started at once.
    rig("kill", "qmaster")
    rig("kill", "execd")
    writeFileSync(this.#counter, `${Number(id) - 1}\n`)
    rig("start", "qmaster")
    rig("start", "execd")
    super.stranger()
  }

  /** It counts on by itself. */
  override next(): void {}
}

function rig(...words: readonly string[]): void {
  execFileSync(program, words, { stdio: "ignore" })
}
