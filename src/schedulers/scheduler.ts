/** The interface of a dialect: what one kind of manager is asked, and what its answers mean. Pure text to data and back. */
import type { Command, CommandResult } from "../command.ts"
import type { ErrorClass } from "../errors.ts"
import type { Evidence, JobSpec } from "../job/index.ts"

/** One file implements this and `registry.ts` lists it; nothing else changes when a dialect is added. No I/O, no clock. */
export interface Scheduler {
  readonly name: string
  readonly features: Features
  /**
   * Names (shell patterns) of variables that change what the manager's commands do; unset in our shells. What follows
   * a `!` is kept.
   * `SBATCH_*` and its kin would otherwise bend every submission (PROTOCOL 15).
   */
  readonly foreignVariables: readonly string[]
  /** The variables in which the manager tells a job its native id and how often it was restarted. */
  readonly jobVariables: { readonly nativeId: string | null; readonly restarts: string | null }
  /** Longest native name that survives in queue and accounting. */
  readonly nativeNameMax: number

  /** The same dialect with what the configuration says for one executor; absent: nothing that it could say matters. */
  configured?(site: Site): Scheduler
  /** Lines for the head of the batch script (`#$ -cwd`). Throws a UsageError for what the dialect can't express. */
  directives(submission: Submission): readonly string[]
  /**
   * Submits `submission.script` once. The parser throws a SchedulerError: class `in-doubt` when the native may exist,
   * any other class only when the answer excludes that it does.
   */
  submit(submission: Submission): Command<Accepted>
  /** One call that lists every native of this user that we could own, live ones first of all. One per sweep. */
  queue(natives: readonly Native[]): Command<Listing>
  /**
   * Accounting for natives that left the queue; null where the manager keeps none. `since`: seconds since 1970 UTC on
   * the manager's clock, before the oldest of them was submitted; the dialect adds its margin.
   */
  history(natives: readonly Native[], since: number): Command<Listing> | null
  /** A complete look: everything that exists under these tokens. All commands must answer for the look to count. */
  look(natives: readonly Native[], since: number): readonly Command<Listing>[]
  /**
   * Cancels only natives that carry both the id and the name (where the id is not known: all that carry the name).
   * Each command succeeds when the request was taken or there was nothing left to cancel; evidence tells the rest.
   */
  cancel(natives: readonly Native[], how: CancelHow): readonly Command<void>[]
  /** Keeps natives that wait from being started, and lets them go. Null where the manager can't. */
  hold(natives: readonly Native[]): readonly Command<void>[] | null
  release(natives: readonly Native[]): readonly Command<void>[] | null
  /** Stops natives that run, and lets them go on. Null where the manager can't, or lets nobody but its administrators. */
  suspend(natives: readonly Native[], by: ByOwner): readonly Command<void>[] | null
  resume(natives: readonly Native[], by: ByOwner): readonly Command<void>[] | null
  /**
   * Has a native that runs started again from its beginning, unless the manager has started it again oftener than `restarts`
   * says: asked again, it does nothing. Absent: it can't be asked for.
   */
  requeue?(native: Native, restarts: number): readonly Command<void>[]
  /** A cheap question that only a manager in working order answers: the breaker's probe, and doctor's first line. */
  probe(): Command<ManagerFacts>
  /** What a failed command means; commands of ours that failed before they reached the manager included. */
  classify(result: CommandResult): ErrorClass
}

/** What differs from site to site and can't be asked for. */
export interface Site {
  /** Grid Engine's, for jobs of more than one slot; null: none is named. */
  readonly parallelEnvironment: string | null
  /** Flux's, where Hawser starts the manager itself; null: it is there. */
  readonly instance: OwnInstance | null
}

export interface OwnInstance {
  /** Where it keeps its state and says where it is: on the manager's host, absolute or `~/…`. */
  readonly directory: string
  /** By which it is known to be the same one. */
  readonly token: string
}

export interface ByOwner {
  /** Our owner number, for verbs of ours that end when a higher one exists (PROTOCOL 26). */
  readonly owner: number
}

export interface CancelHow extends ByOwner {
  /** KILL at once, where TERM did not help. */
  readonly force: boolean
}

export interface Features {
  /** The manager keeps records of ended jobs. False: what left the queue is judged by our records alone. */
  readonly accounting: boolean
  readonly hold: boolean
  readonly suspend: boolean
  readonly arrays: boolean
  /** The manager starts natives again by itself where it is allowed to (`retry.requeue`), and says how often it has. */
  readonly requeue: boolean
  /** Resources are counted by us and not by the manager. */
  readonly countsResources: boolean
  /** False: the manager does not take the time before which a job must not begin, so we wait for it. Absent: it does. */
  readonly begin?: false
}

/** What a dialect needs to know to submit one attempt. Paths are absolute, on the manager's host. */
export interface Submission {
  readonly token: string
  readonly nativeName: string
  /** The job directory. */
  readonly directory: string
  /** The batch script, `<directory>/job.sh`. */
  readonly script: string
  /** With the resources of this attempt. */
  readonly spec: JobSpec
  /** Nodes that it is to stay away from, as the manager writes them; absent: none. */
  readonly excludeNodes?: readonly string[]
}

/** A native as we know it: enough to ask for it and to tell it from a stranger. */
export interface Native {
  readonly token: string
  readonly nativeName: string
  readonly nativeId: string | null
  readonly directory: string
  /** The native options that it is submitted with, which may say where it is. Absent: none. */
  readonly options?: readonly string[]
}

/**
 * Whether two ids name one native. What stands behind a `;` is where it is (Slurm's cluster): the queue tells it, and the
 * job itself, which writes its id into the guard, does not know it. PBS and Torque may leave out all or part of the server
 * behind the number: `4711`, `4711.head`, `4711.head.example.org`.
 */
export function isSameNative(one: string | null, other: string | null): boolean {
  if (one === null || other === null) return one === other
  const [[id = "", place], [otherId = "", otherPlace]] = [one.split(";"), other.split(";")]
  const isSameId = id === otherId || id.startsWith(`${otherId}.`) || otherId.startsWith(`${id}.`)
  return isSameId && (place === undefined || otherPlace === undefined || place === otherPlace)
}

export interface Accepted {
  readonly nativeId: string
  readonly submitTime: string | null
}

/**
 * What a question brought back. Records of strangers are left out; a record without our token is a stranger's. A
 * dialect has no clock: `seenAt` is 0 in its evidence, and whoever ran the command stamps it (`seenNow`).
 */
export interface Listing {
  readonly evidence: readonly Evidence[]
  /** Lines that could not be read, as they came: reported, never guessed at. */
  readonly unread: readonly string[]
  readonly coverage: Coverage
  /** Why it is not complete, for people and for the manager's health; null when it is. */
  readonly trouble: string | null
}

/**
 * What the silence of a listing is worth. Evidence counts in each of them.
 *
 * - `complete`: all that was asked was answered; what is not in it is not there.
 * - `partial`: noisy, cut short, or answered by somebody else (another host): its silence says nothing. No look.
 * - `none`: nobody keeps such records here (Slurm without accounting); a look is complete without them.
 */
export type Coverage = "complete" | "partial" | "none"

/** The evidence of a listing, seen at `at` (our wall clock, milliseconds). */
export function seenNow(listing: Listing, at: number): readonly Evidence[] {
  return listing.evidence.map((evidence) => ({ ...evidence, seenAt: at }))
}

export interface ManagerFacts {
  readonly version: string
  /** Facts for people: cluster name, partitions, limits. */
  readonly facts: Readonly<Record<string, string>>
  /** How long the manager waits with KILL after TERM, ms; absent: it does not say. */
  readonly killWaitMs?: number
}

/** The token at the head of a native name, or null for a stranger's. */
export function tokenOf(nativeName: string): string | null {
  return /^hz[a-z0-9]{13}(?![a-z0-9])/.exec(nativeName)?.[0] ?? null
}
