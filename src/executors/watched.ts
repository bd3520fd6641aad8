/** Watched: the attempts that are, as far as we know, in the manager's hands. */
import { type Attempt, type Job, currentAttempt } from "../job/index.ts"
import type { Native } from "../schedulers/scheduler.ts"
import type { Desk } from "./desk.ts"

export interface Watched {
  readonly job: Job
  readonly attempt: Attempt
}

/** Accepted attempts that are not over, and those whose submission is in doubt. */
export function watchedBy(desk: Desk): Watched[] {
  return live(desk).filter(isOut)
}

/** Attempts whose submission has not been answered yet: new ones, and those of a controller that died. */
export function onTheirWay(desk: Desk): Watched[] {
  return live(desk).filter((one) => !isOut(one))
}

/** The manager has it, or may have it. */
export function isOut({ attempt }: Watched): boolean {
  return attempt.submission === "accepted" || attempt.submission === "in-doubt"
}

export function nativeOf({ job, attempt }: Watched): Native {
  const { token, nativeName, nativeId, directory } = attempt
  return { token, nativeName, nativeId, directory, options: job.spec.native }
}

function live(desk: Desk): Watched[] {
  return desk.book.in("staging", "queued", "held", "running", "suspended").flatMap((job) => {
    const attempt = currentAttempt(job)
    return attempt === null ? [] : [{ job, attempt }]
  })
}
