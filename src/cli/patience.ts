/** Patience: how long a command waits, and what Ctrl-C does: the first detaches, a second one cancels. */
import { setMaxListeners } from "node:events"
import { parseTimeout } from "../job/index.ts"
import type { Clock } from "../clock.ts"
import { UsageError } from "../errors.ts"
import type { HawserApi } from "../hawser.ts"
import type { JobView } from "../job/index.ts"
import type { Context } from "./context.ts"
import { Exit, exitCodes } from "./exit.ts"

type Voice = Pick<Context, "clock" | "say">

/** After the first Ctrl-C, this long for a second one. */
const secondChanceMs = 1_000

/** `--timeout` in milliseconds; null: none. */
export function limitOf(text: string | undefined): number | null {
  if (text === undefined) return null
  const reading = parseTimeout(text)
  if (reading.ok) return reading.value
  const [problem] = reading.problems
  throw new UsageError("OPTION_INVALID", {
    summary: `"${text}" is no span of time.`,
    reason: problem === undefined ? undefined : `It ${problem.why}.`,
    advice: problem?.want,
  })
}

/** Runs `work` until it ends, the time is over (exit 124) or a person has had enough (exit 130). Jobs go on. */
export async function detachable<T>(
  context: Voice,
  api: HawserApi,
  jobs: readonly JobView[],
  limitMs: number | null,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  // One wait for each job listens to it.
  setMaxListeners(0, stop.signal)
  const onInterrupt = (): void => {
    if (stop.signal.aborted) return
    stop.abort(new Exit(exitCodes.detached))
  }
  const timer = new AbortController()
  if (limitMs !== null) {
    void pass(context.clock, limitMs, timer.signal).then(
      () => stop.abort(new Exit(exitCodes.timeout)),
      () => undefined,
    )
  }
  process.on("SIGINT", onInterrupt)
  process.on("SIGTERM", onInterrupt)
  try {
    return await work(stop.signal)
  } catch (error) {
    if (!(stop.signal.reason instanceof Exit)) throw error
    if (stop.signal.reason.exitCode === exitCodes.detached) await secondChance(context, api, jobs)
    else context.say(`Time is over; ${jobs.length === 1 ? "the job goes" : "the jobs go"} on.`)
    throw stop.signal.reason
  } finally {
    timer.abort()
    process.off("SIGINT", onInterrupt)
    process.off("SIGTERM", onInterrupt)
  }
}

/** A timer of Node's holds 24 days and fires at once beyond them. */
async function pass(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const until = clock.monotonic() + ms
  for (let left = ms; left > 0; left = until - clock.monotonic()) await clock.sleep(Math.min(left, 86_400_000), signal)
}

async function secondChance(context: Voice, api: HawserApi, jobs: readonly JobView[]): Promise<void> {
  const [job] = jobs
  const what = jobs.length === 1 && job !== undefined ? job.key : `${jobs.length} jobs`
  // Behind the ^C that a terminal shows.
  const start = process.stderr.isTTY === true ? "\n" : ""
  context.say(
    `${start}Detached; ${what} ${jobs.length === 1 ? "goes" : "go"} on. Ctrl-C again cancels. "hawser wait" comes back to ${jobs.length === 1 ? "it" : "them"}.`,
  )
  const again = new AbortController()
  const onSecond = (): void => again.abort()
  process.once("SIGINT", onSecond)
  await context.clock.sleep(secondChanceMs, again.signal).catch(() => undefined)
  process.off("SIGINT", onSecond)
  if (!again.signal.aborted) return
  await api.cancel(jobs.map(({ id }) => id))
  context.say(`Cancelling ${what}.`)
}
