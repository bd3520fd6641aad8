/** Killing rounds: the controller dies by SIGKILL while it submits, again and again, and nothing is lost or run twice. */
import { type Study, pause, study } from "./cli.ts"
import { Trace, batchOf, clusterConfig, eventsOf, viewsOf, wrongRuns } from "./cluster.ts"
import type { Rig } from "./rig.ts"

export interface Round {
  readonly kills: number
  /** What was recorded last before each kill, such as `intent`, `accepted` or `staged`. */
  readonly killedAfter: readonly string[]
  /** Natives that were submitted, and found the guard taken or were replaced. */
  readonly surplus: number
  /** What speaks against G1; empty when all is right. */
  readonly wrong: readonly string[]
}

/**
 * One round: `jobs` jobs are submitted, and the controller is killed `kills` times at random moments until all have
 * ended. `random`: 0 to below 1; the same numbers give the same moments, as far as the machine keeps time.
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
    const before = await submitting(work, killed.size === 0, () => isOver)
    if (!before) break
    await pause(random() * random() * 1_500)
    const pid = await controllerOf(work, killed)
    if (pid === null) continue
    process.kill(pid, "SIGKILL")
    killed.add(pid)
    killedAfter.push((await eventsOf(work)).at(-1)?.type ?? "nothing")
  }
  const submitted = await over
  const waited = await work.hawser(["wait", "--all", "--timeout", "240s"])
  const views = await viewsOf(work)
  const unfinished = views.filter((job) => job.state !== "completed").map((job) => `${job.key} is ${job.state}: ${job.reason}`)
  return {
    kills: killed.size,
    killedAfter,
    surplus: views.filter((job) => job.attempts.length > 1).length,
    wrong: [
      ...(submitted.code === 0 ? [] : [`batch ended with ${submitted.code}: ${submitted.stderr}`]),
      ...(waited.code === 0 ? [] : [`wait ended with ${waited.code}: ${waited.stderr}`]),
      ...(views.length === jobs ? [] : [`${views.length} jobs of ${jobs}`]),
      ...unfinished,
      ...(await wrongRuns(target, work, trace)),
    ],
  }
}

/** Until there is an intent that nobody has seen answered: then a kill meets the submission. False: there is none left. */
async function submitting(work: Study, isFirst: boolean, isOver: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 600 && !isOver(); tries += 1) {
    const views = await viewsOf(work).catch(() => [])
    if (views.some((job) => job.state === "staging" || (!isFirst && job.state === "new"))) return true
    await pause(30)
  }
  return false
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
