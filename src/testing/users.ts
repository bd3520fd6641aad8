/** The users of a world: they submit until it is recorded, and cancel what they don't want any more. */
import { type PlannedJob, hasOutput } from "./scenario.ts"
import { outputName } from "./wrapper.ts"
import type { Controller, World } from "./world.ts"

/** How long a user waits before asking again. */
const againMs = 5_000

/** Talks to this controller as long as it lives; the next one is asked for the same again, by key. */
export async function serve(world: World, controller: Controller): Promise<void> {
  await Promise.all(world.scenario.flatMap((job) => [submit(world, controller, job), cancel(world, controller, job)]))
}

async function submit(world: World, { fleet, life }: Controller, job: PlannedJob): Promise<void> {
  await life.clock.sleep(job.submitAtMs - world.timeline.now)
  const { key, after, retry, giveUpAfterMs } = job
  if (fleet.parts.store.newestByKey(key) !== undefined) return
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
