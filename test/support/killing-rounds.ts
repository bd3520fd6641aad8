/** Killing rounds: the controller dies by SIGKILL while it submits, again and again, and nothing is lost or run twice. */
import { type Study, pause, study } from "./cli.ts"
import { Trace, batchOf, clusterConfig, eventsOf, viewsOf, wrongRuns } from "./cluster.ts"
import type { Rig } from "./rig.ts"

export interface Round {
  readonly kills: number
  /** What was recorded last before each kill, and how many were accepted by then: `intent 0`, `accepted 7`. */
  readonly killedAfter: readonly string[]
  /** Jobs with more than one attempt. */
  readonly replaced: number
  /** What speaks against G1; empty when all is right. */
  readonly wrong: readonly string[]
}

/**
 * One round: `jobs` jobs are submitted, and the controller is killed `kills` times at random moments until all are
 * accepted. `random`: 0 to below 1, decides the moments.
 */
export async function killingRound(
  target: Rig,
  options: { readonly jobs: number; readonly kills: number; readonly name: string; readonly random: () => number },
): Promise<Round> {
  const { jobs, kills, name, random } = options
  await using trace = new Trace()
  await using work = await study(clusterConfig(target))
  const killed = new Set<number>()
  const killedAfter: string[] = []
  const batch = work.hawser(["batch", "-"], { stdin: batchOf(jobs, name, { script: trace.payload(0) }) })
  let isOver = false
  const over = batch.finally(() => (isOver = true))
  while (killed.size < kills && !isOver) {
    const pid = await controllerOf(work, killed)
    if (pid === null) continue
    // Mostly in the middle of the submission, at any point of it; sometimes while the next controller finds its feet.
    if (random() < 0.7) await progress(work, Math.floor(random() * jobs), () => isOver)
    else await pause(random() * 1_500)
    if (isOver) break
    process.kill(pid, "SIGKILL")
    killed.add(pid)
    killedAfter.push(await lastStep(work))
  }
  const submitted = await over
  const waited = await work.hawser(["wait", "--all", "--timeout", "240s"])
  const views = await viewsOf(work)
  const unfinished = views
    .filter((job) => job.state !== "completed")
    .map((job) => `${job.key} is ${job.state}: ${job.reason}`)
  return {
    kills: killed.size,
    killedAfter,
    replaced: views.filter((job) => job.attempts.length > 1).length,
    wrong: [
      ...(submitted.code === 0 ? [] : [`batch ended with ${submitted.code}: ${submitted.stderr}`]),
      ...(waited.code === 0 ? [] : [`wait ended with ${waited.code}: ${waited.stderr}`]),
      ...(views.length === jobs ? [] : [`${views.length} jobs of ${jobs}`]),
      ...unfinished,
      ...(await wrongRuns(target, work, trace)),
    ],
  }
}

/** Until so many submissions were accepted. */
async function progress(work: Study, count: number, isOver: () => boolean): Promise<void> {
  for (let tries = 0; tries < 3_000 && !isOver(); tries += 1) {
    const events = await eventsOf(work)
    const accepted = events.filter(({ type }) => type === "accepted").length
    if (accepted >= count && events.some(({ type }) => type === "intent")) return
    await pause(10)
  }
}

async function lastStep(work: Study): Promise<string> {
  const events = await eventsOf(work)
  return `${events.at(-1)?.type ?? "nothing"} ${events.filter(({ type }) => type === "accepted").length}`
}

/** The controller as the state directory names it; null: none yet, or one that was killed before. */
async function controllerOf(work: Study, killed: ReadonlySet<number>): Promise<number | null> {
  const pid = (await eventsOf(work)).findLast((event) => event.type === "controller")?.pid
  if (pid === undefined || killed.has(pid)) {
    await pause(30)
    return null
  }
  return pid
}
