/** The folder over which a test and a shim in front of a real manager's commands speak to one another. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { ListFault, SubmitFault } from "./tame-manager.ts"

export class ShimFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
    mkdirSync(path)
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text)
  }

  flag(name: string, isSet: boolean): void {
    if (isSet) this.write(name, "")
    else rmSync(join(this.path, name), { force: true })
  }

  fault(verb: string, kind: SubmitFault | ListFault | null, often: "once" | "always" = "once"): void {
    if (kind === null) this.flag(`fault.${verb}`, false)
    else this.write(`fault.${verb}`, `${often} ${kind}\n`)
  }

  down(isDown: boolean): void {
    for (const verb of ["submit", "list", "history", "cancel"]) this.fault(verb, isDown ? "down" : null, "always")
  }

  calls(verb: string): number {
    const path = join(this.path, "calls")
    if (!existsSync(path)) return 0
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line.startsWith(`${verb} `)).length
  }
}
