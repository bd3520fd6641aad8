/** `hawser abandon`: jobs of a manager that is gone for good end here; what is left over there is ended when it answers. */
import { type Command, Option } from "commander"
import { UsageError } from "../errors.ts"
import type { AbandonRequest, AbandonResult } from "../hawser.ts"
import { confirm } from "./ask.ts"
import { type Context, contextOf } from "./context.ts"
import { Exit, exitCodes } from "./exit.ts"
import { globalsOf } from "./globals.ts"
import { endLine, jobTable } from "./table.ts"

interface AbandonOptions {
  readonly executor: readonly string[]
  readonly job: readonly string[]
  readonly yes?: boolean
}

const help = `
The jobs are failed with cause "abandoned" when the command returns, whether or not anybody answers over there; what had
come back stays. Their keys can be used again, here or on another executor. For each attempt that may be left over there a
tombstone stays: when the manager answers again, every later controller, and "hawser recover EXECUTOR" at once, finds what
is left by its token, cancels it and says so. "hawser status" counts the tombstones that are open.

To stop jobs of a manager that answers, use "hawser cancel". At a terminal it asks first; elsewhere it wants --yes.`

export function registerAbandon(hawser: Command): void {
  hawser
    .command("abandon")
    .description("give up jobs whose manager is gone for good; their keys can be used again")
    .argument(
      "[executor|job...]",
      "an executor: all its jobs that are not over; a job: id, unique beginning of an id, or key",
    )
    .addOption(several("-e, --executor <name>", "an executor, where a job has the same name"))
    .addOption(several("--job <job>", "a job, where an executor has the same name"))
    .option("-y, --yes", "do not ask")
    .addHelpText("after", help)
    .action(async (names: string[], { executor, job, yes = false }: AbandonOptions, self: Command) => {
      const context = contextOf(globalsOf(self))
      const request = { names, executors: executor, jobs: job }
      if ([...names, ...executor, ...job].length === 0) throw nobody()
      await using api = await context.api()
      if (!yes) {
        const planned = await api.abandon({ ...request, dryRun: true })
        if (planned.abandoned.length > 0) await asked(context, request, planned)
      }
      tell(context, await api.abandon({ ...request, dryRun: false }))
    })
}

function several(flags: string, description: string): Option {
  return new Option(flags, description)
    .default([], "")
    .argParser((value: string, before: readonly string[]) => [...before, value])
}

/** Returns if the person says yes. */
async function asked(
  context: Context,
  { names = [], executors = [], jobs = [] }: Omit<AbandonRequest, "dryRun">,
  { abandoned }: AbandonResult,
): Promise<void> {
  const what = `${abandoned.length} ${abandoned.length === 1 ? "job" : "jobs"} of ${[...new Set(abandoned.map(({ executor }) => executor))].join(", ")}`
  if (!context.canAsk) {
    throw new UsageError("CONFIRMATION_NEEDED", {
      summary: `Whether ${what} are to be abandoned has to be said with --yes.`,
      reason: "Nobody can be asked here, and it can't be taken back.",
      advice: `"hawser abandon --yes ${[...names, ...executors.map((one) => `-e ${one}`), ...jobs.map((one) => `--job ${one}`)].join(" ")}" abandons them; "hawser cancel" ends jobs of a manager that answers.`,
    })
  }
  context.say(jobTable(abandoned, context.clock.now()))
  if (await confirm(`Abandon ${what} for good? [y/N] `)) return
  context.say("Nothing was abandoned.")
  throw new Exit(exitCodes.failed)
}

function tell(context: Context, result: AbandonResult): void {
  if (context.json) return context.print(JSON.stringify(result))
  for (const job of result.over) context.say(`${endLine(job)}: it was over already`)
  for (const job of result.abandoned) context.say(`${job.key} (${job.id}) on ${job.executor} is abandoned`)
  if (result.abandoned.length === 0 && result.over.length === 0) context.say("there is no job that is not over")
}

function nobody(): UsageError {
  return new UsageError("OPTION_MISSING", {
    summary: "abandon wants to know what is gone.",
    advice: 'Name an executor or jobs; "hawser status" shows the executors, "hawser list" the jobs.',
  })
}
