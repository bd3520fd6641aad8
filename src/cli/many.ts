/** Many jobs at once: those of a batch file or an array, submitted and reported together. */
import { type HawserError, UsageError } from "../errors.ts"
import { fromPlain } from "../control/plain.ts"
import type { HawserApi, SubmitRequest, SubmitResult } from "../hawser.ts"
import { type JobView, elementsOf } from "../job/index.ts"
import type { Context } from "./context.ts"
import { Exit, exitCodeOf, exitCodes } from "./exit.ts"

/** Jobs per request: an answer stays small, and the first are on their way while the last are read. */
const requestJobsMax = 500

export interface Asked {
  /** For messages: `line 3`. */
  readonly where: string
  readonly request: SubmitRequest
}

/** The jobs of an array, each a request of its own; what is none is itself. Throws a UsageError `ARRAY_INVALID`. */
export function eachOf(asked: Asked, context: Pick<Context, "clock">): Asked[] {
  const { where, request } = asked
  const elements = elementsOf(request.spec, {
    key: request.key,
    freshKey: () => `job-${context.clock.nonce(5)}`,
  })
  if (elements === null) return [asked]
  if (elements.ok) return elements.value.map(({ key, spec }) => ({ where, request: { ...request, key, spec } }))
  throw new UsageError("ARRAY_INVALID", {
    summary: `The array of ${where} can't be submitted as it is written.`,
    reason: elements.problems.map((problem) => `${problem.field} ${problem.why}. ${problem.want}`).join("\n"),
    advice: "docs/spec.md describes arrays; nothing was submitted.",
  })
}

/** Submits them, waits until each is accepted, and tells of all. Throws an Exit unless every one was taken. */
export async function submitMany(context: Context, api: HawserApi, all: readonly Asked[]): Promise<void> {
  const results: SubmitResult[] = []
  for (let start = 0; start < all.length; start += requestJobsMax) {
    const requests = all.slice(start, start + requestJobsMax).map(({ request }) => request)
    results.push(...(await api.submit(requests)))
  }
  await report(context, api, all, results)
}

async function report(
  context: Context,
  api: HawserApi,
  all: readonly Asked[],
  results: readonly SubmitResult[],
): Promise<void> {
  const taken = results.flatMap((result) => (result.ok ? [result] : []))
  const accepted = await api.accepted(taken.map(({ job }) => job.id))
  const errors = results.flatMap((result, index) =>
    result.ok ? [] : [{ where: all[index]?.where ?? "", error: fromPlain(result.error) }],
  )
  if (context.json) context.print(JSON.stringify(accepted))
  else for (const job of accepted) context.print(`${job.id}\t${job.key}`)
  for (const where of new Set(errors.map((one) => one.where))) {
    const [first, ...others] = errors.filter((one) => one.where === where)
    // The jobs of an array mostly fail for one reason.
    const more = others.length === 0 ? "" : ` (and ${others.length} more of its array)`
    context.say(`${where}: ${first?.error.message ?? ""}${more}`)
  }
  const rejected = accepted.filter(isRejected)
  for (const job of rejected) context.say(`${job.key}: ${job.cause}: ${job.reason}`)
  const waiting = accepted.filter((job) => job.state === "new" || job.state === "staging")
  for (const reason of new Set(waiting.map((job) => job.reason))) context.say(`waiting: ${reason}`)
  const existed = taken.filter((result) => result.existed).length
  context.say(
    `${accepted.length - rejected.length} accepted${existed === 0 ? "" : ` (${existed} were known)`}, ${errors.length + rejected.length} rejected`,
  )
  if (errors.length + rejected.length > 0)
    throw new Exit(
      codeOf(
        errors.map(({ error }) => error),
        accepted.length,
      ),
    )
}

/** A job that ended before it ran: rejected, its inputs missing, its dependency failed. */
export function isRejected(job: JobView): boolean {
  return job.state === "failed" && job.times.started === null
}

/** If nothing at all could be submitted, the code says why; else 1. */
function codeOf(errors: readonly HawserError[], acceptedCount: number): number {
  const codes = new Set(errors.map(exitCodeOf))
  const [only] = codes
  return acceptedCount === 0 && codes.size === 1 && only !== undefined ? only : exitCodes.failed
}
