/** `hawser controller`: the process in the background. Started on demand, never by hand. */
import type { Command } from "commander"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"

export function registerController(hawser: Command): void {
  hawser
    .command("controller", { hidden: true })
    .description("drive the jobs of a state directory (started on demand)")
    .action(async (_: object, self: Command) => {
      // Loaded here: clients do without them.
      const [{ runController }, { openController }, { controllerLog }] = await Promise.all([
        import("../control/controller.ts"),
        import("../hawser.ts"),
        import("./log.ts"),
      ])
      // As a function: what is wrong with the config reaches the client that has started us, too.
      await runController(() => {
        const globals = globalsOf(self)
        const { config } = contextOf(globals)
        return {
          stateDirectory: config.stateDirectory,
          open: async ({ stateDirectory, ...parts }) =>
            openController({
              config: { ...config, stateDirectory },
              log: controllerLog(),
              takeOver: globals.takeOver ?? false,
              ...parts,
            }),
        }
      })
    })
}
