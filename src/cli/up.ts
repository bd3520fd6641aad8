/** `hawser up`: keeps a controller running until `hawser down`. */
import type { Command } from "commander"
import { openClient } from "../control/index.ts"
import { contextOf, entry } from "./context.ts"
import { globalsOf } from "./globals.ts"

export function registerUp(hawser: Command): void {
  hawser
    .command("up")
    .description("keep a controller running in the background")
    .action(async (_: object, self: Command) => {
      const globals = globalsOf(self)
      const context = contextOf(globals)
      const { stateDirectory, file } = context.config
      await using api = await openClient({ stateDirectory, configFile: file, takeOver: globals.takeOver ?? false, entry })
      await api.stay()
      const { controller } = await api.status()
      if (context.json) context.print(JSON.stringify(controller))
      else context.say(`controller ${controller?.pid} runs for ${stateDirectory}; "hawser down" ends it`)
    })
}
