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
import { write } from "./streams.ts"
import { failureLines } from "./table.ts"
import { tellWhy } from "./waiting.ts"

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
      const ended = await detachable(context, api, [job], limit, async (signal) => watch(context, api, job, signal))
      if (context.json) context.print(JSON.stringify(ended))
      else if (ended.state !== "completed") for (const line of failureLines(ended)) context.say(line)
      throw new Exit(exitCodeOfJob(ended, constants.signals))
    })
}

/** Output to our own streams while the job runs, and why it waits; what it was at the end is complete. */
async function watch(context: Context, api: HawserApi, job: JobView, signal: AbortSignal): Promise<JobView> {
  const over = new AbortController()
  const about = { clock: context.clock, api, name: job.id, signal, over: over.signal }
  const following = context.json
    ? []
    : [
        follow({ ...about, stream: "stdout", write: async (data) => write(process.stdout, data) }),
        follow({ ...about, stream: "stderr", write: async (data) => write(process.stderr, data) }),
      ]
  void tellWhy(context, api, [job], AbortSignal.any([signal, over.signal]))
  const ending = api.ended([job.id], signal).finally(() => over.abort())
  const [[ended = job]] = await Promise.all([ending, ...following])
  return ended
}
