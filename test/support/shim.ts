/** The folder over which a test and a shim in front of a real manager's commands speak to one another. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { ListFault, SubmitFault } from "./tame-manager.ts"

export class ShimFolder {
  readonly path: string
  /** For the shim: where the folder is, and what it shares with the others. */
  readonly variables: Readonly<Record<"SHIM_STATE" | "SHIM_CALLED", string>>

  constructor(path: string) {
    this.path = path
    this.variables = { SHIM_STATE: path, SHIM_CALLED: fileURLToPath(new URL("called.sh", import.meta.url)) }
    mkdirSync(path)
  }

  /** As a whole, for somebody who looks at any time. */
  write(name: string, text: string): void {
    const path = join(this.path, name)
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }

  has(name: string): boolean {
    return existsSync(join(this.path, name))
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
    for (const verb of ["submit", "list", "history", "cancel", "wish"])
      this.fault(verb, isDown ? "down" : null, "always")
  }

  /** Those that are not empty. */
  lines(name: string): string[] {
    if (!this.has(name)) return []
    return readFileSync(join(this.path, name), "utf8")
      .split("\n")
      .filter((line) => line !== "")
  }

  calls(verb: string): number {
    return this.lines("calls").filter((line) => line.startsWith(`${verb} `)).length
  }
}
