/**
 * The users of a world: they submit until it is recorded, cancel what they don't want any more, give up what is gone, and
 * remove what is over.
 */
import { type Job, isAbandoned, isFinal } from "../job/index.ts"
import { type PlannedJob, hasOutput } from "./scenario.ts"
import { outputName } from "./wrapper.ts"
import type { Controller, World } from "./world.ts"

/** How long a user waits before asking again. */
const againMs = 5_000

/** Talks to this controller as long as it lives; the next one is asked for the same again, by key. */
export async function serve(world: World, controller: Controller): Promise<void> {
  const acts = [submitOnce, cancel, abandon, prune]
  await Promise.all(world.scenario.flatMap((job) => acts.map((act) => act(world, controller, job))))
}

async function submitOnce(world: World, controller: Controller, job: PlannedJob): Promise<void> {
  await controller.life.clock.sleep(job.submitAtMs - world.timeline.now)
  if (newest(controller, job) === undefined) await submit(world, controller, job)
}

async function submit(world: World, { fleet, life }: Controller, job: PlannedJob): Promise<void> {
  const { key, after, retry, giveUpAfterMs } = job
  const spec = {
    command: ["payload", key],
    ...(after === null ? {} : { after: [{ job: after, when: "ended" }] }),
    ...(hasOutput(job) ? { outputs: [outputName] } : {}),
    ...(giveUpAfterMs === undefined ? {} : { giveUpAfter: `${Math.ceil(giveUpAfterMs / 1_000)}s` }),
    retry,
  }
  for (;;) {
    const [result] = await fleet.submit([{ spec, key, base: "/" }]).catch(() => [])
    if (result?.ok === true) return
    world.witness.note("a submission fails", [key, result?.error.code ?? ""])
    await life.clock.sleep(againMs)
  }
}

async function cancel(world: World, { fleet, life }: Controller, job: PlannedJob): Promise<void> {
  if (job.cancelAtMs === null) return
  await life.clock.sleep(job.cancelAtMs - world.timeline.now)
  for (;;) {
    try {
      await fleet.cancel([job.key])
      return
    } catch {
      // It is not known yet, or the disk is full.
      await life.clock.sleep(againMs)
    }
  }
}

/** Gives up what does not come to an end, and submits its key again: once, whatever controllers come and go. */
async function abandon(world: World, controller: Controller, job: PlannedJob): Promise<void> {
  if (job.abandon === undefined) return
  const { fleet, life } = controller
  const { atMs, all, again } = job.abandon
  await life.clock.sleep(atMs - world.timeline.now)
  for (;;) {
    const known = newest(controller, job)
    if (known !== undefined && known.generation > 0) return
    try {
      if (known !== undefined && isAbandoned(known)) return again ? await submit(world, controller, job) : undefined
      if (known !== undefined && isFinal(known.state)) return
      if (known !== undefined)
        await fleet.abandon({ ...(all ? { executors: [known.executor] } : { jobs: [job.key] }), dryRun: false })
      // Not known yet, or its end is about to be written.
      if (!isFinal(newest(controller, job)?.state ?? "new")) await life.clock.sleep(againMs)
    } catch {
      // The disk is full.
      await life.clock.sleep(againMs)
    }
  }
}

/** Removes what it has left over there, as soon as its end shows. */
async function prune(world: World, controller: Controller, job: PlannedJob): Promise<void> {
  if (job.pruneAtMs === undefined) return
  const { fleet, life } = controller
  await life.clock.sleep(job.pruneAtMs - world.timeline.now)
  for (;;) {
    const known = newest(controller, job)
    if (known !== undefined && known.pruned !== null) return
    if (known !== undefined && isFinal(known.state)) {
      // It has a tombstone, somebody waits for it, the cluster is away, or the disk is full.
      await fleet.prune({ names: [job.key], olderThanMs: 0, local: false, dryRun: false }).catch(() => null)
    }
    await life.clock.sleep(againMs)
  }
}

function newest({ fleet }: Controller, { key }: PlannedJob): Job | undefined {
  const { store } = fleet.parts
  return store.jobs.get(store.newestByKey(key) ?? "")
}
