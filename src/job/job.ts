/** A job as the replay of its events. */
import type { Evidence, EvidenceSource, Outcome } from "./evidence.ts"
import type { Resources } from "./resources.ts"
import type { JobSpec } from "./spec.ts"
import { type JobState, isFinal } from "./state.ts"
import type { Wish } from "./wish.ts"

export interface Job {
  readonly id: string
  readonly key: string
  readonly executor: string
  /** Grows when a key is used again after abandon or prune; part of the token. */
  readonly generation: number
  readonly spec: JobSpec
  readonly state: JobState
  /** Final outcome once known; while `collecting`, what it will be. */
  readonly outcome: Outcome | null
  /** Why it is in this state, in the manager's words where there are any. */
  readonly reason: string | null
  /** What holds it back, while something does. */
  readonly waiting: string | null
  /** Oldest first. The last one is the current attempt; replacements are attempts of the same number. */
  readonly attempts: readonly Attempt[]
  readonly cancelRequestedAt: number | null
  /** What a person wants of it, as long as that has not come true; absent or null: nothing. */
  readonly wish?: Wish | null
  /** While it is to be requeued: how often the manager had started the attempt again when that was wanted. */
  readonly requeueFrom?: number
  readonly notes: readonly string[]
  readonly createdAt: number
  /** When it was over. Also while the outputs of one come back that late evidence has corrected. */
  readonly endedAt: number | null
  /** When the newest event of this job was written. */
  readonly changedAt: number
  readonly collected: { readonly directory: string; readonly files: number } | null
  /** `remote`: its job directory is gone; `both`: it is forgotten, and only its key and generation still count. */
  readonly pruned: "remote" | "both" | null
  /** One of Hawser's own: it shows whether a fence is seen there. Absent: a user's. */
  readonly isTest?: true
  /** One of Hawser's own: the pilot of a Flux instance, in which the jobs of this executor run. Absent: a user's. */
  readonly serves?: string
}

/**
 * What proves that nothing is left of an attempt: a source of evidence; our fence, with no native in sight; or that
 * complete looks have found nothing for as long as it takes to call an attempt lost.
 */
export type Proof = EvidenceSource | "absence"

/** How far a submission got, as far as we know. */
export type Submission = "intended" | "not-accepted" | "in-doubt" | "accepted"

export interface Attempt {
  /** From 1. */
  readonly number: number
  /** From 0: an attempt that vanished before it started is replaced by itself. */
  readonly replacement: number
  readonly token: string
  readonly nativeName: string
  /** Absolute, on the manager's host. */
  readonly directory: string
  readonly devices: readonly number[]
  /** What it is submitted with, where that is not what the spec says. */
  readonly resources?: Resources
  readonly excludeNodes?: readonly string[]
  readonly submission: Submission
  /** Tries that the manager answered with a clear no; number `refusedTries + 1` may have reached it. */
  readonly refusedTries: number
  readonly nativeId: string | null
  /** On the manager's clock, as it printed it. */
  readonly submitTime: string | null
  readonly createdAt: number
  readonly acceptedAt: number | null
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly host: string | null
  /** The newest evidence with a known state. */
  readonly lastSeen: Evidence | null
  readonly outcome: Outcome | null
  /** What the outcome rests on. */
  readonly evidence: readonly Evidence[]
  readonly fence: "intended" | "won" | "lost" | null
  /** Nobody can see it, and nothing has shown yet that a fence would stop it (PROTOCOL 8). */
  readonly heldBack?: boolean
  /** Nothing of it is left over there, though nobody had waited for it any more; absent or null: that is not proven. */
  readonly settled?: { readonly at: number; readonly proof: Proof } | null
}

/** The attempt that counts now; null before the first intent. */
export function currentAttempt(job: Job): Attempt | null {
  return job.attempts.at(-1) ?? null
}

/** Nobody can see its attempt, and it is not fenced, since nothing has shown yet that this would stop it. */
export function isHeldBack(job: Job): boolean {
  const attempt = currentAttempt(job)
  return attempt?.heldBack === true && attempt.outcome === null && !isFinal(job.state)
}
