/** `hawser down`: ends the controller; jobs go on, and the next controller finds them. */
import type { Command } from "commander"
import { stopController } from "../control/find.ts"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"

export function registerDown(hawser: Command): void {
  hawser
    .command("down")
    .description("end the controller; jobs go on")
    .action(async (_: object, self: Command) => {
      const context = contextOf(globalsOf(self))
      const ended = await stopController({ stateDirectory: context.config.stateDirectory })
      if (context.json) context.print(JSON.stringify({ ended }))
      else context.say(ended ? "the controller ends; jobs go on" : "no controller runs")
    })
}
