/** `hawser submit`: records a job, and returns when its manager has it or the reason why it waits is known. */
import type { Command } from "commander"
import type { JobView } from "../job/index.ts"
import { contextOf } from "./context.ts"
import { Exit, exitCodes } from "./exit.ts"
import { globalsOf } from "./globals.ts"
import { type JobOptions, addJobOptions, jobOf, requestOf } from "./jobOptions.ts"
import { failureLines, oneLine } from "./table.ts"

export function registerSubmit(hawser: Command): void {
  addJobOptions(hawser.command("submit").description("submit one job and return")).action(
    async (command: string[], options: JobOptions, self: Command) => {
      const context = contextOf(globalsOf(self))
      await using api = await context.api()
      const [result] = await api.submit([requestOf(command, options)])
      const { job, existed } = jobOf(result)
      const [accepted = job] = await api.accepted([job.id])
      if (context.json) context.print(JSON.stringify(accepted))
      else context.print(accepted.id)
      if (!context.json && !isRejected(accepted)) context.say(sentenceOf(accepted, existed))
      if (!isRejected(accepted)) return
      for (const line of failureLines(accepted)) context.say(line)
      throw new Exit(exitCodes.failed)
    },
  )
}

/** A job that ended before it ran: rejected, its inputs missing, its dependency failed. */
export function isRejected(job: JobView): boolean {
  return job.state === "failed" && job.times.started === null
}

function sentenceOf(job: JobView, existed: boolean): string {
  const what = existed ? "is the same job as before:" : "is"
  const native = job.nativeId === null ? "" : ` as ${job.nativeId}`
  const why = job.reason === null ? "" : ` (${oneLine(job.reason)})`
  return `${job.key} ${what} ${job.state} on ${job.executor}${native}${why}`
}
