/** The published form of a job: what `--json` prints. Stable. */
import { needsOf } from "./escalate.ts"
import { hostsIn } from "./hostlist.ts"
import type { Attempt, Job, Proof } from "./job.ts"
import { currentAttempt } from "./job.ts"
import { forsakenAt, isForsaken, looseEndOf } from "./looseEnd.ts"
import type { Resources } from "./resources.ts"
import { restartsOf } from "./retry.ts"
import type { Cause, Health, JobState } from "./state.ts"
import type { Wish } from "./wish.ts"

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
  /** What was asked for and has not come true yet: `hold`, `release`, `suspend`, `resume`. */
  readonly wish: Wish | null
  readonly notes: readonly string[]
  /** From 0; grows when the key is used again, after the job was abandoned or forgotten. */
  readonly generation: number
  /** The id of the job that had the key before; null: none, or forgotten. */
  readonly earlier: string | null
  /** The id of the job that has used the key again. */
  readonly later: string | null
  /** One of Hawser's own: it shows whether a guard taken here is seen by jobs (docs/protocol.md, 8). */
  readonly isTest: boolean
  /** One of Hawser's own: the pilot of the Flux instance in which the jobs of this executor run. Null: it is none. */
  readonly serves: string | null
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
  /** As its manager writes it: the first node, or all of them (`n[1-4]`). */
  readonly host: string | null
  /** Their names, each by itself; empty where nothing is known. */
  readonly nodes: readonly string[]
  /** How often the manager itself started it again: the same attempt all the time. */
  readonly restarts: number
  readonly submitted: string | null
  readonly started: string | null
  readonly ended: string | null
  /** What it was submitted with; later attempts may get more. */
  readonly resources: Resources
  readonly excludeNodes: readonly string[]
  /**
   * It was abandoned: since when, and when and by what it was proven that nothing of it is left over there. Null: it was
   * not.
   */
  readonly tombstone: {
    readonly since: string
    readonly settled: string | null
    readonly proof: Proof | null
  } | null
}

/** `directory`: where the job's results stand or will stand, absolute. `earlier`, `later`: others of its key. */
export function viewOf(
  job: Job,
  context: Pick<JobView, "directory" | "earlier" | "later"> & { readonly health: Health },
): JobView {
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
    wish: job.wish ?? null,
    notes: job.notes,
    generation: job.generation,
    earlier: context.earlier,
    later: context.later,
    isTest: job.isTest === true,
    serves: job.serves ?? null,
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
    nodes: attempt.host === null ? [] : (hostsIn(attempt.host) ?? [attempt.host]),
    restarts: restartsOf(attempt),
    submitted: isoOrNull(attempt.acceptedAt),
    started: isoOrNull(attempt.startedAt),
    ended: isoOrNull(attempt.endedAt),
    ...needsOf(job, attempt),
    tombstone: tombstoneOf(job, attempt),
  }
}

function tombstoneOf(job: Job, attempt: Attempt): AttemptView["tombstone"] {
  const settled = attempt.settled ?? null
  const isOpen = looseEndOf(job, attempt) === "tombstone"
  if (!isOpen && (settled === null || !isForsaken(job, attempt))) return null
  const since = iso(forsakenAt(job, attempt))
  return { since, settled: isoOrNull(settled?.at), proof: settled?.proof ?? null }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function isoOrNull(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : iso(ms)
}
