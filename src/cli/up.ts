/** `hawser up`: keeps a controller running until `hawser down`. */
import type { Command } from "commander"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"

export function registerUp(hawser: Command): void {
  hawser
    .command("up")
    .description("keep a controller running in the background; at a terminal, log in where a login is needed")
    .action(async (_: object, self: Command) => {
      const context = contextOf(globalsOf(self))
      await using api = await context.controller()
      await api.stay()
      const { controller, executors } = await api.status()
      const closed = executors.filter(({ health }) => health === "needs-login")
      if (context.canAsk)
        for (const { name } of closed) await api.recover(name).catch((error: Error) => context.say(error.message))
      if (context.json) context.print(JSON.stringify(controller))
      else context.say(`controller ${controller?.pid} runs for ${context.config.stateDirectory}; "hawser down" ends it`)
    })
}
