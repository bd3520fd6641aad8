/** A submission: what the dialect and the stage need to know of one attempt. */
import type { Attempt, Job } from "../job/index.ts"
import type { Submission } from "../schedulers/scheduler.ts"

export function submissionOf(job: Job, attempt: Attempt): Submission {
  return {
    token: attempt.token,
    nativeName: attempt.nativeName,
    directory: attempt.directory,
    script: `${attempt.directory}/job.sh`,
    spec: job.spec,
  }
}
