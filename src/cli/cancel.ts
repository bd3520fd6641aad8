/** `hawser cancel`: records the wish; the controller repeats it until the evidence shows that the jobs are over. */
import type { Command } from "commander"
import { isFinal } from "../job/index.ts"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"
import { endLine } from "./table.ts"

export function registerCancel(hawser: Command): void {
  hawser
    .command("cancel")
    .description("cancel jobs")
    .argument("<job...>", "id, unique beginning of an id, or key")
    .action(async (names: string[], _: object, self: Command) => {
      const context = contextOf(globalsOf(self))
      await using api = await context.api()
      const jobs = await api.cancel(names)
      if (context.json) context.print(JSON.stringify(jobs))
      else for (const job of jobs) context.say(isFinal(job.state) ? `${endLine(job)}: it was over already` : `${job.key}: cancelling`)
    })
}
