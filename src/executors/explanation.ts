/** An explanation of a job as plain JSON: what `hawser explain` prints, and `job.explain()` gives. */
import type { Attempt, EvidenceSource, JobView } from "../job/index.ts"

/** Times are ISO 8601 UTC, spans milliseconds; what is a sentence is for people, and may change with any version. */
export interface Explanation {
  readonly job: JobView
  readonly asOf: string
  /** When the job came into its state. */
  readonly since: string
  /** Whether a controller drives it; `unconfigured`: one runs, and its config does not name the job's executor. */
  readonly driver: "controller" | "unconfigured" | "nobody"
  /** One sentence: where it stands. */
  readonly summary: string
  /** The newest one; null before the first. */
  readonly attempt: ExplainedAttempt | null
  /** What is known of that attempt, and from whom; and who was asked and knew nothing. */
  readonly evidence: readonly ExplainedEvidence[]
  /** What the judge makes of it (docs/judging.md). Null: nobody judges it now. */
  readonly rule: { readonly number: number; readonly says: string; readonly verdict: string } | null
  /** What is waited for; `until`: when that is over at the latest, or tried again. Null: nobody can say. */
  readonly waits: readonly Wait[]
  /** What would end the job, one sentence each. */
  readonly ends: readonly string[]
  /** What a person can do, one sentence each. */
  readonly advice: readonly string[]
}

export interface Wait {
  readonly for: string
  readonly until: string | null
}

export interface ExplainedAttempt {
  readonly number: number
  readonly replacement: number
  readonly token: string
  readonly nativeId: string | null
  /** On the manager's host. */
  readonly directory: string
  readonly submission: Attempt["submission"]
  /** The number of the newest try to submit it, from 1. */
  readonly tries: number
  readonly fence: Attempt["fence"]
  /** Whose guard it is, as far as is known: a native's, ours (it can never run), or nobody's. */
  readonly guard: "native" | "revoked" | "free"
  /** All of this in sentences. */
  readonly says: readonly string[]
}

export interface ExplainedEvidence {
  readonly source: EvidenceSource
  readonly nativeId: string | null
  readonly seen: string
  readonly ageMs: number
  /** Whether the answer was whole, so that its silence counts; null: it is not known any more. */
  readonly complete: boolean | null
  readonly says: string
}
