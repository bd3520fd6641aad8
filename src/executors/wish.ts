/** Wishes: records that jobs are to be held, released, suspended, resumed or requeued, and says at once where that can't be. */
import { UsageError } from "../errors.ts"
import {
  type AnyEventBody,
  type Job,
  type JobState,
  type JobView,
  type Wish,
  currentAttempt,
  hasComeTrue,
  isFinal,
  restartsOf,
} from "../job/index.ts"
import type { WishRequest } from "./api.ts"
import { cannot } from "./fulfil.ts"
import type { FleetView } from "./parts.ts"

/**
 * Of named jobs all or none; of an executor's those to which it applies. Resolves when it is on disk. Throws a UsageError
 * `WISH_IMPOSSIBLE`.
 */
export async function recordWish(fleet: FleetView, request: WishRequest): Promise<readonly JobView[]> {
  const { wish, names = [], executors = [] } = request
  for (const name of executors) fleet.partsOf(name)
  const named = fleet.jobsOf(names)
  for (const job of named) {
    const why = objectionTo(fleet, job, wish)
    if (why !== null) throw impossible(job, wish, why)
  }
  const others = [...fleet.parts.store.jobs.values()].filter(
    (job) => executors.includes(job.executor) && !named.includes(job) && objectionTo(fleet, job, wish) === null,
  )
  const jobs = [...named, ...others]
  const open = jobs.filter((job) => isNews(job, wish))
  if (open.length > 0) await fleet.parts.store.append(open.map((job) => eventOf(job, wish)))
  for (const executor of new Set(open.map((job) => job.executor))) fleet.wake(executor)
  return jobs.map(({ id }) => fleet.view(fleet.job(id)))
}

function eventOf(job: Job, wish: Wish): AnyEventBody {
  const attempt = currentAttempt(job)
  const counted = wish === "requeue" && attempt !== null ? { restarts: restartsOf(attempt) } : {}
  return { job: job.id, type: "wish", wish, reason: null, ...counted }
}

function isNews(job: Job, wish: Wish): boolean {
  const wished = job.wish ?? null
  return wished !== wish && (wished !== null || !hasComeTrue(wish, job.state))
}

/** What is in the way of each wish, by state; a state that is not named is none. */
const obstacles: Readonly<Record<Wish, Readonly<Partial<Record<JobState, string>>>>> = {
  hold: {
    running: "It has started.",
    suspended: "It has started.",
    collecting: "It has ended.",
  },
  release: { collecting: "It has ended." },
  suspend: {
    new: "It has not started.",
    staging: "It has not started.",
    queued: "It has not started.",
    held: "It has not started.",
    collecting: "It has ended.",
  },
  resume: { collecting: "It has ended." },
  requeue: {
    new: "It has not started.",
    staging: "It has not started.",
    queued: "It has not started.",
    held: "It has not started.",
    collecting: "It has ended.",
  },
}

function objectionTo(fleet: FleetView, job: Job, wish: Wish): string | null {
  if (isFinal(job.state)) return `It is ${job.state}.`
  if (job.cancelRequestedAt !== null) return "It is to be cancelled."
  const obstacle = obstacles[wish][job.state]
  if (obstacle !== undefined) return obstacle
  if (hasComeTrue(wish, job.state) || currentAttempt(job) === null || job.state === "new") return null
  const { scheduler } = fleet.partsOf(job.executor)
  const { hold, suspend } = scheduler.features
  const can = { hold, release: hold, suspend, resume: suspend, requeue: scheduler.requeue !== undefined }
  if (!can[wish]) return cannot[wish](scheduler.name)
  return wish === "requeue" && job.spec.retry.requeue !== true
    ? "It was submitted without retry.requeue, so its manager may not start it a second time."
    : null
}

const advice: Readonly<Record<Wish, string>> = {
  hold: '"hawser suspend" stops what runs, where the manager can; "hawser cancel" ends it.',
  release: '"hawser explain" says what it waits for.',
  suspend: '"hawser hold" keeps from starting what has not started.',
  resume: '"hawser explain" says what it waits for.',
  requeue: '"retry" in its spec tries what has failed; "hawser cancel" ends it.',
}

function impossible(job: Job, wish: Wish, why: string): UsageError {
  return new UsageError("WISH_IMPOSSIBLE", {
    summary: `${wish} is not possible for ${job.key} (${job.id}).`,
    reason: why,
    advice: advice[wish],
  })
}
