/** One observation of an attempt, with its source: what every judgement rests on. */
import type { Cause, FinalState, LiveState } from "./state.ts"

export type EvidenceSource = "queue" | "accounting" | "record" | "processes" | "fence"

/**
 * What one source said of one native at one time. `token` is what the source itself carried: evidence whose token is
 * not the attempt's is a stranger's, and null means that the source could not say (the native id was all it had).
 */
export interface Evidence {
  readonly source: EvidenceSource
  readonly token: string | null
  readonly nativeId: string | null
  /** Our wall clock when the answer arrived, milliseconds. */
  readonly seenAt: number
  /** The manager's own word, unchanged: `PENDING`, `NODE_FAIL` … */
  readonly word: string
  /** What the word means to us; null: unknown, shown and otherwise without effect. */
  readonly state: LiveState | "ended" | null
  /** Set when `state` is `ended`. */
  readonly outcome: Outcome | null
  /** The manager's own reason (`JobHeldUser`, `Resources` …). */
  readonly reason: string | null
  /** Submit time on the manager's clock as it printed it; tells a reused id from ours. */
  readonly submitTime: string | null
  /** Times on the manager's clock, milliseconds since 1970 UTC. */
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly host: string | null
  /** How often the manager itself has restarted the native. */
  readonly restarts: number | null
}

export interface Outcome {
  readonly state: FinalState
  readonly cause: Cause | null
  readonly exitCode: number | null
  /** Name without SIG: `TERM`. */
  readonly signal: string | null
}
