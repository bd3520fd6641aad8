/** `hawser wait`: until the jobs are over, with a bar on a terminal and a line for each end elsewhere. */
import type { Command } from "commander"
import type { HawserApi } from "../hawser.ts"
import { type JobView, finalStates, isFinal } from "../job/index.ts"
import { type Context, contextOf } from "./context.ts"
import { Exit, exitCodes } from "./exit.ts"
import { globalsOf } from "./globals.ts"
import { detachable, limitOf } from "./patience.ts"
import { progress } from "./progress.ts"
import { endLine } from "./table.ts"
import { tellWhy } from "./waiting.ts"

export function registerWait(hawser: Command): void {
  hawser
    .command("wait")
    .description("wait until jobs are over (without names: all)")
    .argument("[job...]", "id, unique beginning of an id, key, or an array (relax, relax[0-9])")
    .option("--all", "all jobs of the state directory")
    .option("--timeout <span>", "stop waiting after this (700s, 2h); the jobs go on")
    .action(async (names: string[], options: { timeout?: string }, self: Command) => {
      const context = contextOf(globalsOf(self))
      const limit = limitOf(options.timeout)
      const jobs = await chosen(context, names)
      if (names.length > 0 && !context.json) tellOver(context, jobs)
      const ended = await waitFor(context, jobs, limit)
      if (context.json) context.print(JSON.stringify(ended))
      else context.say(summaryOf(ended))
      if (ended.some((job) => job.state !== "completed")) throw new Exit(exitCodes.failed)
    })
}

/** The jobs by name, or all but Hawser's own; a wait for what is over already needs no controller. */
async function chosen(context: Context, names: readonly string[]): Promise<readonly JobView[]> {
  await using reader = await context.reader()
  return names.length === 0
    ? (await reader.list()).filter(({ isTest, serves }) => !isTest && serves === null)
    : await reader.list({ names })
}

/** Who names a job wants to know its end, also when it came before. */
function tellOver(context: Context, jobs: readonly JobView[]): void {
  for (const job of jobs) if (isFinal(job.state)) context.say(endLine(job))
}

async function waitFor(context: Context, jobs: readonly JobView[], limit: number | null): Promise<readonly JobView[]> {
  const open = jobs.filter((job) => !isFinal(job.state))
  if (open.length === 0) return jobs
  await using api = await context.api()
  const ended = await detachable(context, api, open, limit, async (signal) => watched(context, api, jobs, open, signal))
  const byId = new Map(ended.map((job) => [job.id, job]))
  return jobs.map((job) => byId.get(job.id) ?? job)
}

async function watched(
  context: Context,
  api: HawserApi,
  jobs: readonly JobView[],
  open: readonly JobView[],
  signal: AbortSignal,
): Promise<readonly JobView[]> {
  const shown = progress(context, jobs)
  const over = new AbortController()
  void tellWhy({ ...context, say: (line) => shown.say(line) }, api, open, AbortSignal.any([signal, over.signal]))
  try {
    // One wait for each, so that each end is told when it comes.
    return await Promise.all(
      open.map(async ({ id }) => {
        const [job] = await api.ended([id], signal)
        if (job === undefined) throw new Exit(exitCodes.failed)
        shown.ended(job, endLine(job))
        return job
      }),
    )
  } finally {
    over.abort()
    shown.close()
  }
}

/** `30 jobs: 29 completed, 1 failed` */
function summaryOf(jobs: readonly JobView[]): string {
  const counts = finalStates.flatMap((state) => {
    const count = jobs.filter((job) => job.state === state).length
    return count === 0 ? [] : [`${count} ${state}`]
  })
  return jobs.length === 0 ? "no jobs" : `${jobs.length} ${jobs.length === 1 ? "job" : "jobs"}: ${counts.join(", ")}`
}
