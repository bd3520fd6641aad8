/** What an event must find so that it can happen: the promises that the table of moves can't say. */
import type { JobEvent } from "./event.ts"
import type { Job } from "./job.ts"
import { isAbandoned, looseEndOf } from "./looseEnd.ts"
import { isFinal } from "./state.ts"

/** Why the event can't happen to the job now, apart from the table of moves; null: it can. */
export function objectionTo(job: Job, event: Exclude<JobEvent, { type: "created" }>): string | null {
  const attempt = job.attempts.at(-1)
  switch (event.type) {
    case "intent":
      return objectionToIntent(job, event)
    case "not-accepted":
    case "in-doubt":
    case "accepted":
    case "observed":
    case "ended":
      if (attempt !== undefined && attempt.outcome !== null) return `The attempt ${attempt.token} is over.`
      if (event.type !== "not-accepted" || event.try === (attempt?.refusedTries ?? 0) + 1) return null
      return `Try ${event.try} is not the one that is open.`
    case "retrying":
      return objectionToRetry(job)
    case "fenced":
      return objectionToFence(job, event.token)
    case "settled":
      return objectionToSettling(job, event.token)
    case "collected":
      return (attempt?.outcome ?? null) === null ? "What has not ended can't be collected." : null
    case "finished":
      return objectionToEnd(job, event)
    case "corrected":
      if (!job.attempts.some(({ token }) => token === event.token)) return `${event.token} is no attempt of this job.`
      return isOver(job, event.token) ? null : "What has not ended can't be corrected."
    case "pruned":
      return isFinal(job.state) ? null : `A job that is ${job.state} is needed.`
    case "cancel-requested":
    case "fence-intent":
    case "wish":
    case "note":
    case "waiting":
    case "held-back":
      return null
    default:
      return "This version does not know such an event."
  }
}

/** Nothing is submitted a second time before the old attempt's guard is ours. (PROTOCOL 8) */
function objectionToIntent(job: Job, event: Extract<JobEvent, { type: "intent" }>): string | null {
  // It has no effect: nothing follows for a job that is over.
  if (isAbandoned(job)) return null
  const last = job.attempts.at(-1)
  if (last === undefined) return null
  if (job.state !== "new" && last.fence !== "won") return `${last.token} has not been fenced.`
  if (job.attempts.some(({ token }) => token === event.token)) return `${event.token} has been used before.`
  const grows = event.attempt > last.number || (event.attempt === last.number && event.replacement > last.replacement)
  return grows
    ? null
    : `Attempt ${event.attempt}.${event.replacement} does not follow ${last.number}.${last.replacement}.`
}

function objectionToFence(job: Job, token: string): string | null {
  const attempt = job.attempts.find((one) => one.token === token)
  return attempt === undefined || attempt.fence !== null ? null : "The intent to fence was not recorded before."
}

function objectionToSettling(job: Job, token: string): string | null {
  const attempt = job.attempts.find((one) => one.token === token)
  if (attempt === undefined) return `${token} is no attempt of this job.`
  // What has been pruned meanwhile leaves nothing open, and that changes nothing.
  return looseEndOf(job, attempt) === null && job.pruned === null ? `${token} has left nothing open.` : null
}

function objectionToRetry(job: Job): string | null {
  const last = job.attempts.at(-1)
  if (job.state === "new" || last === undefined) return "There is nothing to try again."
  return isOver(job, last.token) || last.fence === "won" ? null : `${last.token} has not ended.`
}

/** No end without proof: what the manager may have ends by evidence, by a fence, or by being abandoned. */
function objectionToEnd(job: Job, event: Extract<JobEvent, { type: "finished" }>): string | null {
  if (isFinal(job.state)) return isAbandoned(job) ? null : `It is ${job.state} already.`
  const last = job.attempts.at(-1)
  if (last === undefined || last.outcome !== null || last.fence === "won" || event.outcome.cause === "abandoned")
    return null
  const isOut = last.submission === "accepted" || last.submission === "in-doubt"
  return isOut ? `The manager may have ${last.token}, and nothing shows that it has ended.` : null
}

function isOver(job: Job, token: string): boolean {
  return isFinal(job.state) || job.attempts.some((attempt) => attempt.token === token && attempt.outcome !== null)
}
