/** The published form of a job: what `--json` prints. Stable. */
import { needsOf } from "./escalate.ts"
import type { Attempt, Job } from "./job.ts"
import { currentAttempt } from "./job.ts"
import type { Resources } from "./resources.ts"
import type { Cause, Health, JobState } from "./state.ts"

/** Times are ISO 8601 UTC; paths are absolute. */
export interface JobView {
  readonly id: string
  readonly key: string
  readonly name: string
  readonly executor: string
  readonly state: JobState
  readonly cause: Cause | null
  readonly reason: string | null
  readonly exitCode: number | null
  readonly signal: string | null
  readonly nativeId: string | null
  readonly attempt: number
  readonly attempts: readonly AttemptView[]
  readonly health: Health
  readonly asOf: string
  readonly times: {
    readonly created: string
    readonly submitted: string | null
    readonly started: string | null
    readonly ended: string | null
  }
  readonly directory: string
  readonly remoteDirectory: string | null
  readonly stdout: string
  readonly stderr: string
  readonly resources: Resources
  readonly cancelRequested: boolean
  readonly notes: readonly string[]
}

export interface AttemptView {
  readonly number: number
  readonly replacement: number
  readonly token: string
  readonly nativeId: string | null
  readonly submission: Attempt["submission"]
  readonly state: string
  readonly cause: Cause | null
  readonly exitCode: number | null
  readonly signal: string | null
  readonly host: string | null
  /** How often the manager itself started it again: the same attempt all the time. */
  readonly restarts: number
  readonly submitted: string | null
  readonly started: string | null
  readonly ended: string | null
  /** What it was submitted with; later attempts may get more. */
  readonly resources: Resources
  readonly excludeNodes: readonly string[]
}

/** `directory`: where the job's results stand or will stand, absolute. */
export function viewOf(job: Job, context: { readonly health: Health; readonly directory: string }): JobView {
  const attempt = currentAttempt(job)
  return {
    id: job.id,
    key: job.key,
    name: job.spec.name,
    executor: job.executor,
    state: job.state,
    cause: job.outcome?.cause ?? null,
    reason: job.waiting ?? job.reason,
    exitCode: job.outcome?.exitCode ?? null,
    signal: job.outcome?.signal ?? null,
    nativeId: attempt?.nativeId ?? null,
    attempt: attempt?.number ?? 0,
    attempts: job.attempts.map((one) => attemptView(job, one)),
    health: context.health,
    asOf: iso(attempt?.lastSeen?.seenAt ?? job.changedAt),
    times: {
      created: iso(job.createdAt),
      submitted: isoOrNull(attempt?.acceptedAt),
      started: isoOrNull(attempt?.startedAt),
      ended: isoOrNull(attempt?.endedAt ?? job.endedAt),
    },
    directory: context.directory,
    remoteDirectory: attempt?.directory ?? null,
    stdout: `${context.directory}/stdout`,
    stderr: `${context.directory}/stderr`,
    resources: needsOf(job).resources,
    cancelRequested: job.cancelRequestedAt !== null,
    notes: job.notes,
  }
}

function attemptView(job: Job, attempt: Attempt): AttemptView {
  return {
    number: attempt.number,
    replacement: attempt.replacement,
    token: attempt.token,
    nativeId: attempt.nativeId,
    submission: attempt.submission,
    state: attempt.outcome?.state ?? attempt.lastSeen?.state ?? attempt.submission,
    cause: attempt.outcome?.cause ?? null,
    exitCode: attempt.outcome?.exitCode ?? null,
    signal: attempt.outcome?.signal ?? null,
    host: attempt.host,
    restarts: restartsOf(attempt),
    submitted: isoOrNull(attempt.acceptedAt),
    started: isoOrNull(attempt.startedAt),
    ended: isoOrNull(attempt.endedAt),
    ...needsOf(job, attempt),
  }
}

function restartsOf({ lastSeen, evidence }: Attempt): number {
  return Math.max(0, lastSeen?.restarts ?? 0, ...evidence.map((seen) => seen.restarts ?? 0))
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function isoOrNull(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : iso(ms)
}
