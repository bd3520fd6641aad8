/** A submission: what the dialect and the stage need to know of one attempt. */
import { type Attempt, type Job, needsOf } from "../job/index.ts"
import type { Submission } from "../schedulers/scheduler.ts"

export function submissionOf(job: Job, attempt: Attempt): Submission {
  const { resources, excludeNodes } = needsOf(job, attempt)
  return {
    token: attempt.token,
    nativeName: attempt.nativeName,
    directory: attempt.directory,
    script: `${attempt.directory}/job.sh`,
    spec: { ...job.spec, resources },
    excludeNodes,
  }
}
