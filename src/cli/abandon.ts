/** `hawser abandon`: jobs of a manager that is gone for good end here; what is left over there is ended when it answers. */
import type { Command } from "commander"
import { UsageError } from "../errors.ts"
import type { AbandonRequest, AbandonResult, HawserApi } from "../hawser.ts"
import type { JobView } from "../job/index.ts"
import { confirm } from "./ask.ts"
import { type Context, contextOf } from "./context.ts"
import { Exit, exitCodes } from "./exit.ts"
import { globalsOf } from "./globals.ts"
import { several } from "./several.ts"
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
      "an executor: all its jobs that are not over; a job: id, unique beginning of an id, key, or an array",
    )
    .addOption(several("-e, --executor <name>", "an executor, where a job has the same name"))
    .addOption(several("--job <job>", "a job, where an executor has the same name"))
    .option("-y, --yes", "do not ask")
    .addHelpText("after", help)
    .action(async (names: string[], { executor, job, yes = false }: AbandonOptions, self: Command) => {
      const request = { names, executors: executor, jobs: job }
      if (wordsOf(request).length === 0) throw nobody()
      const context = contextOf(globalsOf(self))
      await using api = await context.api()
      await abandonNamed(context, api, request, yes)
    })
}

type Named = Omit<AbandonRequest, "dryRun">
type Voice = Pick<Context, "json" | "clock" | "canAsk" | "say" | "print">

/** Asks first, if there is something to abandon and nobody has said yes. */
export async function abandonNamed(
  context: Voice,
  api: Pick<HawserApi, "abandon">,
  request: Named,
  yes: boolean,
  ask: (question: string) => Promise<boolean> = confirm,
): Promise<void> {
  if (!yes) {
    const { abandoned } = await api.abandon({ ...request, dryRun: true })
    if (abandoned.length > 0) await untilAgreed(context, request, abandoned, ask)
  }
  tell(context, await api.abandon({ ...request, dryRun: false }))
}

/** Returns if the person says yes. */
async function untilAgreed(
  context: Voice,
  request: Named,
  jobs: readonly JobView[],
  ask: (question: string) => Promise<boolean>,
): Promise<void> {
  const executors = [...new Set(jobs.map(({ executor }) => executor))].join(", ")
  const what = `${jobs.length === 1 ? "1 job" : `${jobs.length} jobs`} of ${executors}`
  if (!context.canAsk) {
    throw new UsageError("CONFIRMATION_NEEDED", {
      summary: `That ${what} may be abandoned has to be said with --yes.`,
      reason: "It can't be taken back, and nobody can be asked here.",
      advice: `"hawser abandon --yes ${wordsOf(request).join(" ")}" does it; "hawser cancel" ends jobs of a manager that answers.`,
    })
  }
  context.say(jobTable(jobs, context.clock.now()))
  if (await ask(`Abandon ${what} for good? [y/N] `)) return
  context.say("Nothing was abandoned.")
  throw new Exit(exitCodes.failed)
}

/** As they are typed. */
function wordsOf({ names = [], executors = [], jobs = [] }: Named): string[] {
  return [...names, ...executors.map((one) => `-e ${one}`), ...jobs.map((one) => `--job ${one}`)]
}

function tell(context: Voice, result: AbandonResult): void {
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
