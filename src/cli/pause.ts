/** `hawser pause` and `hawser play`: whether anything is submitted to an executor. */
import type { Command } from "commander"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"

export function registerPause(hawser: Command): void {
  const commands = [
    ["pause", true, "submit nothing more to executors; what is there goes on"],
    ["play", false, "submit to executors again that were paused"],
  ] as const
  for (const [name, paused, description] of commands) {
    hawser
      .command(name)
      .description(description)
      .argument("<executor...>", "in the config")
      .action(async (executors: string[], _: object, self: Command) => {
        const context = contextOf(globalsOf(self))
        await using api = await context.api()
        await api.pause({ executors, paused })
        if (context.json) context.print(JSON.stringify({ executors, paused }))
        else for (const executor of executors) context.say(`${executor}: ${paused ? "paused" : "goes on"}`)
      })
  }
}
