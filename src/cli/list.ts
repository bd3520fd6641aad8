/** `hawser list`: the jobs of the state directory. Reads only. */
import type { Command } from "commander"
import { UsageError } from "../errors.ts"
import type { ListFilter } from "../hawser.ts"
import { type JobState, jobStates } from "../job/index.ts"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"
import { jobTable } from "./table.ts"

interface ListOptions {
  readonly only?: string
  readonly executor?: string
  readonly key?: string
  readonly earlier?: boolean
}

export function registerList(hawser: Command): void {
  hawser
    .command("list")
    .description("show the jobs of the state directory")
    .option("--state <states>", "only these states, comma separated: queued,running")
    .option("-e, --executor <name>", "only this executor")
    .option("--key <prefix>", "only keys that start with this")
    .option("--earlier", "also jobs whose key has been used again since")
    .action(async (options: { state?: string } & ListOptions, self: Command) => {
      const context = contextOf(globalsOf(self))
      await using reader = await context.reader()
      const jobs = await reader.list(filterOf(options))
      if (context.json) context.print(JSON.stringify(jobs))
      else context.print(jobs.length === 0 ? "no jobs" : jobTable(jobs, context.clock.now()))
    })
}

function filterOf(options: { state?: string } & ListOptions): ListFilter {
  return {
    ...(options.state === undefined ? {} : { states: statesOf(options.state) }),
    ...(options.executor === undefined ? {} : { executor: options.executor }),
    ...(options.earlier === true ? { earlier: true } : {}),
    ...(options.key === undefined ? {} : { key: options.key }),
  }
}

/** Comma-separated states. Throws a UsageError that names those that there are. */
export function statesOf(text: string): JobState[] {
  return text.split(",").map((word) => {
    const state = jobStates.find((known) => known === word.trim())
    if (state !== undefined) return state
    throw new UsageError("OPTION_INVALID", {
      summary: `There is no state "${word.trim()}".`,
      advice: `States are ${jobStates.join(", ")}.`,
    })
  })
}
