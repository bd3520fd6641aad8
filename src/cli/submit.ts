/** `hawser submit`: records a job, and returns when its manager has it or the reason why it waits is known. */
import type { Command } from "commander"
import type { HawserApi, SubmitRequest } from "../hawser.ts"
import type { JobView } from "../job/index.ts"
import { type Context, contextOf } from "./context.ts"
import { Exit, exitCodes } from "./exit.ts"
import { globalsOf } from "./globals.ts"
import { type JobOptions, addJobOptions, jobOf, requestOf } from "./jobOptions.ts"
import { eachOf, isRejected, submitMany } from "./many.ts"
import { failureLines, oneLine } from "./table.ts"

export function registerSubmit(hawser: Command): void {
  addJobOptions(hawser.command("submit").description("submit one job, or an array of them, and return"))
    .option(
      "--array <indices>",
      "many jobs, KEY[0] to KEY[9]: 0-9, 1,3,8-20:4, 0-99%10 (ten at once); each finds its index in HAWSER_ARRAY_INDEX, and %a in --input, --output and --into",
    )
    .action(async (command: string[], options: JobOptions, self: Command) => {
      const context = contextOf(globalsOf(self))
      const asked = { where: "--array", request: requestOf(command, options) }
      const all = eachOf(asked, context)
      await using api = await context.api()
      if (options.array === undefined) await submitOne(context, api, asked.request)
      else await submitMany(context, api, all)
    })
}

async function submitOne(context: Context, api: HawserApi, request: SubmitRequest): Promise<void> {
  const [result] = await api.submit([request])
  const { job, existed } = jobOf(result)
  const [accepted = job] = await api.accepted([job.id])
  if (context.json) context.print(JSON.stringify(accepted))
  else context.print(accepted.id)
  if (!context.json && !isRejected(accepted)) context.say(sentenceOf(accepted, existed))
  if (!isRejected(accepted)) return
  for (const line of failureLines(accepted)) context.say(line)
  throw new Exit(exitCodes.failed)
}

function sentenceOf(job: JobView, existed: boolean): string {
  const what = existed ? "is the same job as before:" : "is"
  const native = job.nativeId === null ? "" : ` as ${job.nativeId}`
  const why = job.reason === null ? "" : ` (${oneLine(job.reason)})`
  return `${job.key} ${what} ${job.state} on ${job.executor}${native}${why}`
}
