/** `hawser run`: submits a job, shows its output as it comes, and exits as it did. */
import { constants } from "node:os"
import type { Command } from "commander"
import type { HawserApi } from "../hawser.ts"
import type { JobView } from "../job/index.ts"
import { type Context, contextOf } from "./context.ts"
import { Exit, exitCodeOfJob } from "./exit.ts"
import { follow } from "./follow.ts"
import { globalsOf } from "./globals.ts"
import { type JobOptions, addJobOptions, jobOf, requestOf } from "./jobOptions.ts"
import { detachable, limitOf } from "./patience.ts"
import { endLine } from "./table.ts"

export function registerRun(hawser: Command): void {
  addJobOptions(hawser.command("run").description("submit one job, show its output, exit with its code"))
    .option("--timeout <span>", "stop waiting after this (700s, 2h); the job goes on")
    .action(async (command: string[], options: JobOptions & { timeout?: string }, self: Command) => {
      const context = contextOf(globalsOf(self))
      const limit = limitOf(options.timeout)
      await using api = await context.api()
      const [result] = await api.submit([requestOf(command, options)])
      const { job } = jobOf(result)
      if (!context.json) context.say(`${job.id} (${job.key}) on ${job.executor}`)
      const ended = await detachable(context, api, [job], limit, async (signal) => await watch(context, api, job, signal))
      if (context.json) context.print(JSON.stringify(ended))
      else if (ended.state !== "completed") context.say(endLine(ended))
      throw new Exit(exitCodeOfJob(ended, constants.signals))
    })
}

/** Output to our own streams while the job runs; what it was at the end is complete. */
async function watch(context: Context, api: HawserApi, job: JobView, signal: AbortSignal): Promise<JobView> {
  const following = context.json
    ? []
    : [
        follow(context.clock, api, job.id, "stdout", (data) => void process.stdout.write(data), signal),
        follow(context.clock, api, job.id, "stderr", (data) => void process.stderr.write(data), signal),
      ]
  const [[ended = job]] = await Promise.all([api.ended([job.id], signal), ...following])
  return ended
}
