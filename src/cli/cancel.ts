/** `hawser cancel`: records the wish; the controller repeats it until the evidence shows that the jobs are over. */
import type { Command } from "commander"
import { UsageError } from "../errors.ts"
import { isFinal, jobStates } from "../job/index.ts"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"
import { several } from "./several.ts"
import { endLine } from "./table.ts"

const openStates = jobStates.filter((state) => !isFinal(state))

export function registerCancel(hawser: Command): void {
  hawser
    .command("cancel")
    .description("cancel jobs")
    .argument("[job...]", "id, unique beginning of an id, key, or an array (relax, relax[0-9])")
    .addOption(several("-e, --executor <name>", "all jobs of this executor that are not over"))
    .action(async (names: string[], { executor }: { readonly executor: readonly string[] }, self: Command) => {
      if (names.length === 0 && executor.length === 0) throw nobody()
      const context = contextOf(globalsOf(self))
      await using api = await context.api()
      const open = await Promise.all(executor.map((name) => api.list({ executor: name, states: openStates })))
      // A pilot is needed by the jobs of another executor; by its name it can be cancelled.
      const theirs = open.flat().filter(({ serves }) => serves === null)
      const jobs = await api.cancel([...new Set([...names, ...theirs.map(({ id }) => id)])])
      if (context.json) context.print(JSON.stringify(jobs))
      else
        for (const job of jobs)
          context.say(isFinal(job.state) ? `${endLine(job)}: it was over already` : `${job.key}: cancelling`)
    })
}

function nobody(): UsageError {
  return new UsageError("OPTION_MISSING", {
    summary: "cancel wants to know which jobs.",
    advice: 'Name jobs, or an executor with -e; "hawser list" shows the jobs.',
  })
}
