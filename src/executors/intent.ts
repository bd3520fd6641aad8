/** Intent: token, native name and directory of an attempt, on disk before anything remote happens. */
import {
  type AnyEventBody,
  type Attempt,
  type Job,
  type Needs,
  currentAttempt,
  needsOf,
  nextNeeds,
} from "../job/index.ts"
import { type Place, jobDirectory } from "../remote/layout.ts"
import type { Desk } from "./desk.ts"
import { nativeNameFor, tokenFor } from "./token.ts"

/** The intent of a job's next attempt, or of one that replaces `replaces`. The same parts give the same token again. */
export function intentFor(
  desk: Desk,
  place: Place,
  job: Job,
  devices: readonly number[],
  replaces: Attempt | null = null,
): AnyEventBody {
  const attempt = replaces?.number ?? (currentAttempt(job)?.number ?? 0) + 1
  const replacement = replaces === null ? 0 : replaces.replacement + 1
  const { executor, key, generation } = job
  const token = tokenFor(desk.store.identity.seed, { executor, key, generation, attempt, replacement })
  const nativeName = nativeNameFor(token, job.spec.name, desk.scheduler.nativeNameMax)
  const directory = jobDirectory(place.home, token)
  const needs = job.spec.retry.escalate === undefined ? {} : needsFor(desk, job, replaces)
  return { job: job.id, type: "intent", attempt, replacement, token, nativeName, directory, devices, ...needs }
}

/** A replacement gets what the attempt that it replaces was to get. */
function needsFor({ throttle }: Desk, job: Job, replaces: Attempt | null): Needs {
  return replaces === null ? nextNeeds(job, throttle.memoryMax) : needsOf(job, replaces)
}
