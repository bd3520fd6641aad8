/** The moments of a round: when a fault strikes. */
import type { Study } from "../cli.ts"
import { eventsOf } from "../cluster.ts"
import type { Dice } from "../../../src/testing/dice.ts"

interface Waiting {
  readonly work: Study
  readonly dice: Dice
  readonly jobs: number
  readonly isOver: () => boolean
  readonly pause: (ms: number) => Promise<void>
}

/**
 * Mostly in the middle of the submissions: at any of the steps that the state directory records of them (a job, its
 * intent, its native), or a little later; sometimes at any time while a controller finds its feet. At the latest when
 * all jobs are over.
 */
export async function submissionMoment({ work, dice, jobs, isOver, pause }: Waiting): Promise<void> {
  if (dice.chance(0.2)) return pause(dice.between(0, 1_500))
  const count = dice.whole(1, 3 * jobs - 1)
  const extraMs = dice.chance(0.5) ? 0 : dice.between(0, 300)
  const steps = new Set(["created", "intent", "accepted"])
  while (!isOver() && (await eventsOf(work)).filter(({ type }) => steps.has(type)).length < count) await pause(10)
  await pause(extraMs)
}

/** While jobs are submitted, or while they run and end. */
export async function anyMoment(waiting: Waiting): Promise<void> {
  await submissionMoment(waiting)
  if (waiting.dice.chance(0.4)) await runningMoment(waiting, waiting.dice.whole(1, waiting.jobs - 1))
}

/** Until so many jobs have been seen running, or are over. */
export async function runningMoment({ work, isOver, pause }: Waiting, count: number): Promise<void> {
  while (!isOver()) {
    const seen = (await eventsOf(work)).flatMap((event) =>
      event.type === "ended" || (event.type === "observed" && event.state === "running") ? [event.job] : [],
    )
    if (new Set(seen).size >= count) return
    await pause(100)
  }
}

/** What the state directory has recorded last, and how many submissions were accepted by then: `accepted 7`. */
export async function lastStep(work: Study): Promise<string> {
  const events = await eventsOf(work)
  return `${events.at(-1)?.type ?? "nothing"} ${events.filter(({ type }) => type === "accepted").length}`
}
