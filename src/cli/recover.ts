/** `hawser recover`: one fresh look at the managers now, whatever the back-off says. */
import type { Command } from "commander"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"
import { jobTable } from "./table.ts"

export function registerRecover(hawser: Command): void {
  hawser
    .command("recover")
    .description("ask the managers now where every job stands")
    .argument("[executor]", "only this one")
    .action(async (executor: string | undefined, _: object, self: Command) => {
      const context = contextOf(globalsOf(self))
      await using api = await context.api()
      const jobs = await api.recover(executor)
      context.print(context.json ? JSON.stringify(jobs) : jobTable(jobs, context.clock.now()))
    })
}
