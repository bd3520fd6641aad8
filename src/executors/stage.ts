/** Stage: the job directories of one chunk travel as one tar stream and stand whole on the other side, or not at all. */
import { UsageError } from "../errors.ts"
import { type AnyEventBody, type Attempt, type Job, currentAttempt } from "../job/index.ts"
import type { Place } from "../remote/layout.ts"
import { type StagedJob, stageJobs } from "../remote/staging.ts"
import type { Session } from "../transport/session.ts"
import type { Desk } from "./desk.ts"
import { submissionOf } from "./submission.ts"

/** Returns the jobs whose directories stand there now. One that can't be packed is ended; the others go on. */
export async function stageChunk(desk: Desk, session: Session, place: Place, jobs: readonly Job[], signal: AbortSignal): Promise<readonly Job[]> {
  const packed: { job: Job; staged: StagedJob }[] = []
  const ends: AnyEventBody[] = []
  for (const job of jobs) {
    const attempt = currentAttempt(job)
    if (attempt === null) continue
    try {
      packed.push({ job, staged: describe(desk, job, attempt) })
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      ends.push({ job: job.id, type: "finished", outcome: { state: "failed", cause: "rejected", exitCode: null, signal: null }, reason: error.message })
    }
  }
  if (ends.length > 0) await desk.store.append(ends)
  if (packed.length === 0) return []
  const replies = await stageJobs(session, place, packed.map(({ staged }) => staged), { nonce: desk.clock.nonce(8), signal })
  const standing = new Set(replies.map((reply) => reply.token))
  return packed.filter(({ staged }) => standing.has(staged.submission.token)).map(({ job }) => job)
}

function describe(desk: Desk, job: Job, attempt: Attempt): StagedJob {
  const submission = submissionOf(job, attempt)
  return { submission, job, attempt }
}
