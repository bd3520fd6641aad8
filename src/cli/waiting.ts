/** Waiting: tells, while a command waits, what it waits for: the reason of a job, a manager that is away. */
import type { HawserReader } from "../hawser.ts"
import { type JobView, isFinal } from "../job/index.ts"
import type { Context } from "./context.ts"
import { untilTyped } from "./streams.ts"
import { oneLine } from "./table.ts"

const firstLookMs = 700
const lookMs = 1_500

/** Says each reason once, as it changes, until `signal` is aborted. Never rejects: the wait itself tells of failures. */
export async function tellWhy(
  { clock, say }: Pick<Context, "clock" | "say">,
  api: HawserReader,
  jobs: readonly JobView[],
  signal: AbortSignal,
): Promise<void> {
  const executors = new Set(jobs.map(({ executor }) => executor))
  const [first, ...others] = jobs
  const only = first !== undefined && others.length === 0 ? first.id : null
  const said = new Map<string, string | null>()
  const tell = (about: string, line: string | null, passed: string | null): void => {
    const before = said.get(about) ?? null
    if (line === before) return
    said.set(about, line)
    if (line !== null) say(line)
    else if (passed !== null) say(passed)
  }
  await pause(firstLookMs)
  while (!signal.aborted) {
    const away = await awayOf(api, executors).catch(() => null)
    for (const [name, line] of away ?? []) tell(`executor ${name}`, line, `${name} is up again`)
    const isAway = away !== null && [...away.values()].some((line) => line !== null)
    const job = only === null || isAway ? null : await api.show(only).catch(() => null)
    if (job !== null && !signal.aborted) tell("job", reasonLine(job), null)
    await pause(lookMs)
  }

  async function pause(ms: number): Promise<void> {
    await clock.sleep(ms, signal).catch(() => undefined)
    // What was so before an answer is not worth a word after it.
    if (await untilTyped()) await pause(ms)
  }
}

/** Per executor what is wrong with its manager; null: nothing. */
async function awayOf(api: HawserReader, executors: ReadonlySet<string>): Promise<Map<string, string | null>> {
  const status = await api.status()
  const wanted = status.executors.filter(({ name }) => executors.has(name))
  return new Map(
    wanted.map(({ name, health, reason }) => {
      const isAway = health !== "up" && health !== "degraded"
      return [name, isAway ? `waiting: ${name} is ${health}${reason === null ? "" : `: ${oneLine(reason)}`}` : null]
    }),
  )
}

/** What a job waits for; null: nothing that is worth a word. */
export function reasonLine(job: JobView): string | null {
  if (isFinal(job.state) || job.state === "running" || job.state === "collecting" || job.reason === null) return null
  const native = job.nativeId === null ? "" : ` as ${job.nativeId}`
  return `waiting: ${job.key} is ${job.state}${native}: ${oneLine(job.reason)}`
}
