/** The situation of a job: what its engine knows beyond the store, and the clocks that it waits for. Reads only. */
import { type Job, currentAttempt, isFinal } from "../job/index.ts"
import type { Answer, Findings } from "./ask.ts"
import type { Desk } from "./desk.ts"
import type { Case } from "./judge.ts"
import { caseOf } from "./monitor.ts"
import type { Tries } from "./tries.ts"
import type { Watch } from "./watch.ts"

/** Spans in milliseconds from now. */
export interface Situation {
  /** What the judge would be shown now: the newest sweep's findings, and the clocks of this moment. Null: none, yet. */
  readonly known: Case | null
  /** Who has answered in the newest sweep, asked about this attempt. */
  readonly answers: readonly Answer[]
  /** Until the next sweep, without a hint; null: no attempt of this executor is with the manager. */
  readonly sweepMs: number | null
  readonly isConnected: boolean
  /** Nothing was asked yet since this machine slept or its clock was set. */
  readonly isJolted: boolean
  /** Until something may be done there, since the owner before this one may still do something; 0: now. */
  readonly quietMs: number
  /** Until the breaker lets somebody ask the manager again; 0: nothing holds it back. */
  readonly restMs: number
  /** Until something is submitted again, and why not now; 0 and null: now. */
  readonly pauseMs: number
  readonly pauseReason: string | null
  /** Until the manager may take more jobs like it, and why it does not; null: that is no limit of its own, or nobody knows when. */
  readonly laneMs: number | null
  readonly laneReason: string | null
  /** Until `maxSubmitPerMinute` allows another one; 0: now. */
  readonly rateMs: number
  /** Until another test job may follow one that has not shown what a fence does there; null: none has to be waited for. */
  readonly testMs: number | null
  /** How often its outputs did not come back whole, and until they are asked for again. */
  readonly collecting: { readonly failures: number; readonly waitMs: number }
  /** Since the manager took the newest cancel, and until it is sent as KILL; null: it has not been sent. */
  readonly cancel: { readonly sentForMs: number; readonly killMs: number } | null
}

export interface SituationParts {
  readonly desk: Desk
  readonly watch: Watch
  readonly tries: Tries
  readonly findings: Findings | null
  readonly sweepMs: number | null
  readonly testMs: number | null
}

export function situationOf({ desk, watch, tries, findings, sweepMs, testMs }: SituationParts, job: Job): Situation {
  const attempt = currentAttempt(job)
  const token = attempt?.token ?? ""
  const answers = findings?.answers.filter(({ tokens }) => tokens.has(token)) ?? []
  const isWatched = attempt !== null && attempt.outcome === null && !isFinal(job.state)
  const sentForMs = watch.cancelForMs(token)
  return {
    known:
      findings !== null && isWatched && answers.length > 0 ? caseOf(desk, watch, { job, attempt }, findings) : null,
    answers,
    sweepMs: sweepMs === null ? null : Math.max(0, sweepMs),
    isConnected: desk.link.isConnected,
    isJolted: !desk.pulse.isSteady,
    quietMs: desk.link.quietMs,
    restMs: desk.link.restMs,
    pauseMs: desk.throttle.pauseMs(),
    pauseReason: desk.throttle.pauseReason,
    laneMs: desk.throttle.laneMs([job]),
    laneReason: desk.throttle.laneReason(job),
    rateMs: desk.throttle.rateMs(),
    testMs,
    collecting: { failures: tries.count(token), waitMs: tries.waitMs(token) },
    cancel: sentForMs === null ? null : { sentForMs, killMs: Math.max(0, desk.patience.killAfterMs - sentForMs) },
  }
}
