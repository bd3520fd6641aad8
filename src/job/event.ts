/** What happened to jobs and managers: the records of the journal. State is their replay and nothing else. */
import type { Evidence, Outcome } from "./evidence.ts"
import type { Proof } from "./job.ts"
import type { Resources } from "./resources.ts"
import type { JobSpec } from "./spec.ts"
import type { Health, LiveState } from "./state.ts"
import type { Wish } from "./wish.ts"

/** Every event has a place in the log and a time (wall clock, ms). `seq` grows by one, without gaps. */
export interface EventBase {
  readonly seq: number
  readonly at: number
}

export type JobEvent = EventBase & JobEventBody
export type JobEventBody = { readonly job: string } & (
  | {
      readonly type: "created"
      readonly key: string
      readonly executor: string
      readonly generation: number
      readonly spec: JobSpec
      /** A job of Hawser's own: it shows whether a fence is seen there (PROTOCOL 8). */
      readonly isTest?: true
      /** A job of Hawser's own: the pilot of a Flux instance, in which the jobs of this executor run. */
      readonly serves?: string
    }
  /** Why a job is not moving: a submit limit, a dependency, an expired login. Null: nothing holds it. */
  | { readonly type: "waiting"; readonly reason: string | null }
  /**
   * Nobody can see the attempt, and nothing has shown yet that a fence would stop it (PROTOCOL 8): it waits for that.
   * `held: false`: it was seen again.
   */
  | { readonly type: "held-back"; readonly token: string; readonly held: boolean; readonly reason: string | null }
  /** Before anything remote: this token will stand in this directory and be submitted under this native name. */
  | {
      readonly type: "intent"
      readonly attempt: number
      readonly replacement: number
      readonly token: string
      readonly nativeName: string
      readonly directory: string
      /** Numbers of the GPUs that are ours to give, or of the slots of an executor for MPI, where no scheduler gives them. */
      readonly devices?: readonly number[]
      /** What it is submitted with, where that is not what the spec says. */
      readonly resources?: Resources
      readonly excludeNodes?: readonly string[]
    }
  /** The manager said, in words that exclude acceptance, that it did not take try number `try`; the next one may follow. */
  | { readonly type: "not-accepted"; readonly token: string; readonly try: number; readonly reason: string }
  /** The outcome of the submission is unknown; the token is looked up before anything else. */
  | { readonly type: "in-doubt"; readonly token: string; readonly reason: string }
  | { readonly type: "accepted"; readonly token: string; readonly nativeId: string; readonly submitTime: string | null }
  | {
      readonly type: "observed"
      readonly token: string
      readonly state: LiveState
      readonly evidence: Evidence
    }
  /** The attempt is over, and this is the proof. Outputs are collected next. */
  | {
      readonly type: "ended"
      readonly token: string
      readonly outcome: Outcome
      readonly reason: string | null
      readonly evidence: readonly Evidence[]
    }
  /** Stdout, stderr and outputs stand in the local folder. */
  | {
      readonly type: "collected"
      readonly token: string
      readonly directory: string
      readonly files: number
      readonly notes: readonly string[]
    }
  /** The job is over. */
  | { readonly type: "finished"; readonly outcome: Outcome; readonly reason: string | null }
  /** Before the engine takes the guard of an attempt that must not run any more. */
  | { readonly type: "fence-intent"; readonly token: string }
  /** The guard is ours: the payload of this token can never run. Null token owner: it had started, and is the truth. */
  | { readonly type: "fenced"; readonly token: string; readonly won: boolean; readonly owner: string }
  /** The attempt ended in a way that its retry policy covers: the job goes back to `new`. */
  | { readonly type: "retrying"; readonly token: string; readonly outcome: Outcome; readonly reason: string | null }
  | { readonly type: "cancel-requested"; readonly by: string }
  /** Hold, release, suspend, resume, requeue: carried out when the manager can be reached. Null: given up, for this reason. */
  | {
      readonly type: "wish"
      readonly wish: Wish | null
      readonly reason: string | null
      /** Of a requeue: how often the manager had started the attempt again by then. */
      readonly restarts?: number
    }
  /** Late evidence about an attempt that had been called lost. */
  | {
      readonly type: "corrected"
      readonly token: string
      readonly outcome: Outcome
      readonly evidence: readonly Evidence[]
    }
  /** Nothing is left over there of an attempt that nobody waits for any more: its tombstone is closed. */
  | {
      readonly type: "settled"
      readonly token: string
      readonly proof: Proof
      readonly evidence: readonly Evidence[]
    }
  /** Anything a person should know that changes no state. */
  | { readonly type: "note"; readonly text: string }
  /** The job directory on the other side is gone (`where: remote`), or the job is forgotten altogether (`both`). */
  | { readonly type: "pruned"; readonly where: "remote" | "both" }
)

/** Of the jobs of this queue, account and QOS the manager takes `max` of ours at a time. */
export interface LearnedLimit {
  readonly queue: string | null
  readonly account: string | null
  readonly qos: string | null
  readonly max: number
  /** In its own words. */
  readonly reason: string
}

/** What happened to a manager. Names the executor, not a job. */
export type ManagerEvent = EventBase & ManagerEventBody
export type ManagerEventBody = { readonly executor: string } &
  /** The first contact succeeded: from now on an unreachable manager is waited for. */
  (
    | { readonly type: "contacted"; readonly root: string; readonly machine: string }
    /**
     * There, what one side makes exclusively has been seen on the other (PROTOCOL 8). `shownBy`: the token of the attempt
     * that has shown it; null: both sides are one host.
     */
    | { readonly type: "visible"; readonly root: string; readonly machine: string; readonly shownBy: string | null }
    /**
     * Before a controller takes owner numbers over there, which it signs with this text. `settled`: whoever had the number
     * before has ended, or was waited for (PROTOCOL 26).
     */
    | { readonly type: "owner"; readonly text: string; readonly settled: boolean }
    /** How many jobs of one kind the manager takes at a time, as its refusals tell. */
    | ({ readonly type: "limit" } & LearnedLimit)
    /** Whether a person wants nothing to be submitted to it. */
    | { readonly type: "paused"; readonly paused: boolean }
    | { readonly type: "health"; readonly health: Health; readonly reason: string | null }
  )

/** What happened to the state directory. */
export type StateEvent = EventBase & StateEventBody
export type StateEventBody =
  | { readonly type: "opened"; readonly stateId: string; readonly seed: string; readonly format: number }
  /** `unproven`: the one before it is not known to have ended. */
  | {
      readonly type: "controller"
      readonly epoch: number
      readonly pid: number
      readonly host: string
      readonly unproven?: true
    }

export type AnyEvent = JobEvent | ManagerEvent | StateEvent
export type AnyEventBody = JobEventBody | ManagerEventBody | StateEventBody
