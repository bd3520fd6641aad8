/** `hawser config`: the config as it was understood. */
import type { Command } from "commander"
import { stringify } from "yaml"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"

export function registerConfig(hawser: Command): void {
  hawser
    .command("config")
    .description("show the config as it was understood")
    .action((_: object, self: Command) => {
      const context = contextOf(globalsOf(self))
      context.print(context.json ? JSON.stringify(context.config) : stringify(context.config).trimEnd())
    })
}
