/** The users of a world: they submit until it is recorded, and cancel what they don't want any more. */
import { isHeldBack } from "../executors/visibility.ts"
import type { PlannedJob } from "./scenario.ts"
import type { Controller, World } from "./world.ts"

/** Until a user who sees jobs wait runs the doctor, and again. */
const doctorMs = 600_000

/** How long a user waits before asking again. */
const againMs = 5_000

/** Talks to this controller as long as it lives; the next one is asked for the same again, by key. */
export async function serve(world: World, controller: Controller): Promise<void> {
  await Promise.all([
    ...world.scenario.flatMap((job) => [submit(world, controller, job), cancel(world, controller, job)]),
    examine(world, controller),
  ])
}

/** When all is well, and jobs wait for one that shows what a fence does there: the test job of `doctor`. */
async function examine(world: World, { fleet, life }: Controller): Promise<void> {
  const { store } = fleet.parts
  await life.clock.sleep(world.trouble.untilMs + doctorMs - world.timeline.now)
  for (let number = 1; ; number += 1) {
    const waits = [...store.jobs.values()].some(isHeldBack)
    const spec = { command: ["payload", "doctor"] }
    if (waits) await fleet.submit([{ spec, key: `doctor${life.id}.${number}`, base: "/" }]).catch(() => [])
    if (world.trouble.apart) return
    await life.clock.sleep(doctorMs)
  }
}

async function submit(world: World, { fleet, life }: Controller, job: PlannedJob): Promise<void> {
  await life.clock.sleep(job.submitAtMs - world.timeline.now)
  const { key, after, retry } = job
  if (fleet.parts.store.newestByKey(key) !== undefined) return
  const spec = {
    command: ["payload", key],
    ...(after === null ? {} : { after: [{ job: after, when: "ended" }] }),
    retry: { maxAttempts: retry.maxAttempts, on: retry.on },
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
