/** A real manager behind a shim.sh before its commands: what a test can have go wrong with them, whichever it is. */
import { spawnSync } from "node:child_process"
import { chownSync, mkdirSync, statSync, symlinkSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Clock } from "../../src/clock.ts"
import type { Command } from "../../src/command.ts"
import { quoteAll } from "../../src/quote.ts"
import { prelude } from "../../src/remote/prelude.ts"
import { localTransport } from "../../src/transport/local.ts"
import type { Transport } from "../../src/transport/transport.ts"
import { ShimFolder } from "./shim.ts"
import type { ListFault, SubmitFault } from "./tame-manager.ts"

interface Setting {
  /** The test's own. The user may write there. */
  readonly folder: string
  readonly script: URL
  /** The commands that it stands before. */
  readonly programs: readonly string[]
  /** Who submits; null: whoever runs the test. */
  readonly user: string | null
  /** Of the shells, and so of the script, which knows by them where the real commands are. */
  readonly variables: Readonly<Record<string, string>>
}

export abstract class Shimmed {
  protected readonly shim: ShimFolder
  readonly #shell: readonly [string, ...string[]]

  protected constructor({ folder, script, programs, user, variables }: Setting) {
    this.shim = new ShimFolder(join(folder, "shim"))
    const bin = join(folder, "bin")
    mkdirSync(bin)
    for (const name of programs) symlinkSync(fileURLToPath(script), join(bin, name))
    const home = user === null ? homedir() : join("/home", user)
    const { uid, gid } = statSync(home)
    if (user !== null) for (const path of [folder, this.shim.path]) chownSync(path, uid, gid)
    const name = user === null ? {} : { USER: user, LOGNAME: user }
    const all = { ...variables, ...this.shim.variables, ...name, PATH: `${bin}:/usr/bin:/bin`, HOME: home }
    const environment = Object.entries(all).map(([key, value]) => `${key}=${value}`)
    const as = user === null ? ([] as const) : (["runuser", "-u", user, "--"] as const)
    const [program = "env", ...words] = [...as, "env", "-i", ...environment, "/bin/sh"]
    this.#shell = [program, ...words]
  }

  transport(clock: Clock): Transport {
    return localTransport(clock, this.#shell)
  }

  carryOut<T>(command: Command<T>): T {
    const input = `${prelude()}(\n${quoteAll(command.argv)}\n)\n`
    const [program, ...words] = this.#shell
    const { status, stdout, stderr } = spawnSync(program, [...words, "-s"], { input, encoding: "utf8", cwd: "/" })
    return command.parse({ exitCode: status ?? 255, stdout, stderr, timedOut: false })
  }

  fault(verb: string, kind: SubmitFault | ListFault | null, often: "once" | "always" = "once"): void {
    this.shim.fault(verb, kind, often)
  }

  down(isDown: boolean): void {
    this.shim.down(isDown)
  }

  blind(): void {
    this.shim.flag("blind", true)
  }

  says(id: string, word: string | null): void {
    if (word === null) this.shim.flag("says", false)
    else this.shim.write("says", `${id} ${word}\n`)
  }

  calls(verb: string): number {
    return this.shim.calls(verb)
  }
}
