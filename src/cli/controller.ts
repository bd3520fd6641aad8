/** `hawser controller`: the process in the background. Started on demand, never by hand. */
import type { Command } from "commander"
import { runController } from "../control/index.ts"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"

export function registerController(hawser: Command): void {
  hawser
    .command("controller", { hidden: true })
    .description("drive the jobs of a state directory (started on demand)")
    .action(async (_: object, self: Command) => {
      const globals = globalsOf(self)
      const context = contextOf(globals)
      await runController({ config: context.config, takeOver: globals.takeOver ?? false })
    })
}
