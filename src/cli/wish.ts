/** `hawser hold`, `release`, `suspend`, `resume`, `requeue`: record what is wanted; the controller carries it out. */
import type { Command } from "commander"
import { UsageError } from "../errors.ts"
import { type JobView, type Wish, wishes } from "../job/index.ts"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"
import { several } from "./several.ts"

const descriptions: Readonly<Record<Wish, string>> = {
  hold: "keep jobs from starting",
  release: "let jobs start that are held",
  suspend: "stop jobs that run, where the manager can",
  resume: "let jobs go on that are suspended",
  requeue: "have jobs that run start again, where the manager can and they may (retry.requeue)",
}

const progress: Readonly<Record<Wish, string>> = {
  hold: "holding",
  release: "releasing",
  suspend: "suspending",
  resume: "resuming",
  requeue: "requeueing",
}

export function registerWishes(hawser: Command): void {
  for (const wish of wishes) {
    hawser
      .command(wish)
      .description(descriptions[wish])
      .argument("[job...]", "id, unique beginning of an id, key, or an array (relax, relax[0-9])")
      .addOption(several("-e, --executor <name>", "all jobs of this executor to which it applies"))
      .action(async (names: string[], { executor }: { readonly executor: readonly string[] }, self: Command) => {
        if (names.length === 0 && executor.length === 0) throw nobody(wish)
        const context = contextOf(globalsOf(self))
        await using api = await context.api()
        const jobs = await api.wish({ wish, names, executors: executor })
        if (context.json) return context.print(JSON.stringify(jobs))
        for (const job of jobs) context.say(lineOf(job, wish))
        if (jobs.length === 0) context.say("there is no job to which it applies")
      })
  }
}

function lineOf(job: JobView, wish: Wish): string {
  if (job.wish === wish) return `${job.key}: ${job.state === "new" ? "held here" : progress[wish]}`
  return `${job.key}: ${job.state}`
}

function nobody(wish: Wish): UsageError {
  return new UsageError("OPTION_MISSING", {
    summary: `${wish} wants to know which jobs.`,
    advice: 'Name jobs, or an executor with -e; "hawser list" shows the jobs.',
  })
}
