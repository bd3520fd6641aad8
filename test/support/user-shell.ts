/** A shell of a job user's with an environment of its own, for a manager whose commands a test plays with. */
import { spawnSync } from "node:child_process"
import type { Clock } from "../../src/clock.ts"
import type { Command } from "../../src/command.ts"
import { quoteAll } from "../../src/quote.ts"
import { prelude } from "../../src/remote/prelude.ts"
import { localTransport } from "../../src/transport/local.ts"
import type { Transport } from "../../src/transport/transport.ts"

export class UserShell {
  readonly #argv: readonly [string, ...string[]]

  constructor(user: string, environment: Readonly<Record<string, string>>) {
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
    this.#argv = ["runuser", "-u", user, "--", "env", "-i", ...variables, "/bin/sh"]
  }

  transport(clock: Clock): Transport {
    return localTransport(clock, this.#argv)
  }

  carryOut<T>(command: Command<T>): T {
    const input = `${prelude()}(\n${quoteAll(command.argv)}\n)\n`
    const [program, ...words] = this.#argv
    const { status, stdout, stderr } = spawnSync(program, [...words, "-s"], { input, encoding: "utf8", cwd: "/" })
    return command.parse({ exitCode: status ?? 255, stdout, stderr, timedOut: false })
  }
}
