/** `hawser down`: ends the controller; jobs go on, and the next controller finds them. */
import type { Command } from "commander"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"

export function registerDown(hawser: Command): void {
  hawser
    .command("down")
    .description("end the controller; jobs go on")
    .action(async (_: object, self: Command) => {
      const context = contextOf(globalsOf(self))
      const api = await context.running()
      if (api === null) return context.say("no controller runs")
      await using client = api
      await client.down()
      context.say("the controller ends; jobs go on")
    })
}
