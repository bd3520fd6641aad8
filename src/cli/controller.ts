/** `hawser controller`: the process in the background. Started on demand, never by hand. */
import type { Command } from "commander"
import { runController } from "../control/index.ts"
import { openController } from "../hawser.ts"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"
import { controllerLog } from "./log.ts"

export function registerController(hawser: Command): void {
  hawser
    .command("controller", { hidden: true })
    .description("drive the jobs of a state directory (started on demand)")
    .action(async (_: object, self: Command) => {
      const globals = globalsOf(self)
      const { config } = contextOf(globals)
      await runController({
        stateDirectory: config.stateDirectory,
        open: async ({ stateDirectory, socketPath, onDown }) =>
          await openController({
            config: { ...config, stateDirectory },
            log: controllerLog(),
            takeOver: globals.takeOver ?? false,
            socketPath,
            onDown,
          }),
      })
    })
}
