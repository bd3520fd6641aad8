/** Where things stand on the other side, and what the words in our records are. */

/**
 * ```
 * <root>/<state id>-<executor>/ our home there, mode 0700
 *   owner.N                     symlink; the highest N may act
 *   bin/wrapper.<hash>.sh       the job wrapper, one file per version
 *   bin/payload.<hash>.sh       the functions of which each payload.sh is made
 *   removed                     a line for each job directory that was here and was removed: its token
 *   events/<token>.<n>          empty; dropped by the wrapper at the end of start n, as a hint
 *   stage.<owner>.<nonce>/      a tar stream being unpacked
 *   jobs/<token>/
 *     token                     the token, then a hash of the spec
 *     job.sh                    batch script: directives, and what runs the wrapper, if that is there
 *     payload.sh                environment, modules, prologue, the command, epilogue
 *     patterns.sh               `set -- 'glob' …` for the outputs
 *     checkpoint.sh             globs and the earlier tokens whose files they name; they stand in work/ already
 *     script                    the spec's script, where it has one
 *     start-before              seconds since 1970, where the job has a deadline
 *     walltime                  seconds, where no manager ends a job when its time is over
 *     warning                   beside walltime: a signal's name, and the seconds before the end at which it comes
 *     secrets                   mode 0600, only where the spec refers to some; read and removed before the payload runs
 *     work/                     the payload's working directory, with its inputs
 *     submit.<try>.lock         exclusive; the submission of this try may have reached the manager
 *     submit.<try>.answer       what the manager answered; ends with an end mark
 *     scheduler.log             what the manager itself writes about the job
 *     stdout, stderr            of the payload
 *     guard.<n>                 symlink whose text is its owner: `native:ID:n:NONCE` or `revoked:EPOCH:NONCE`
 *     started.<n>, exit.<n>     records of start n
 *     reserve.<n>               room for exit.<n> on a full disk; empty once that is written
 *     stdout.<n>, stderr.<n>    of a start n that was followed by another
 *     instance                  the token of the Flux instance of our own to which it was submitted
 *     process                   pid, start time and boot id, where the manager is the process table
 * ```
 */
export interface Place {
  /** `<root>/<state id>-<executor>`, absolute. */
  readonly home: string
  /** Our owner number; scripts with effects end if a higher one exists. */
  readonly owner: number
}

/**
 * The name of an executor's home. Two executors of one state directory can reach one root (a login node under two
 * names, with other defaults): in one home each would fence the other by its owner number.
 */
export function homeName(stateId: string, executor: string): string {
  return `${stateId}-${executor}`
}

export function jobDirectory(home: string, token: string): string {
  return `${home}/jobs/${token}`
}

/** What the other side says of itself when a session starts. */
export interface HostFacts {
  /** `<root>/<state id>-<executor>`, absolute, without links. */
  readonly home: string
  readonly hostname: string
  readonly user: string
  /** /etc/machine-id, or the host name where there is none. */
  readonly machine: string
  readonly boot: string
  /** Its wall clock, milliseconds since 1970 UTC (whole seconds). */
  readonly now: number
  /** Its offset from UTC, e.g. `+0100`: Slurm prints local times. */
  readonly utcOffset: string
  /** The highest owner number there; 0: none. */
  readonly owner: number
  /** The text of that one; null without any. */
  readonly holder: string | null
}

/** What the manager answered to a submission, or why it was not asked. */
export type SubmitReply<T> =
  /** The manager was asked now or, `repeated`, had been asked before with this try number. */
  | { readonly status: "answered"; readonly repeated: boolean; readonly value: T }
  /** The lock of this try exists and no answer stands beside it. */
  | { readonly status: "in-doubt" }
  /** Somebody holds the guard already: this token has started, or was revoked. */
  | { readonly status: "guarded"; readonly owner: string }
  /** The job directory is not there: stage first. */
  | { readonly status: "missing" }

/** What our own records say of one attempt. */
export interface Records {
  readonly token: string
  /** Whether the job directory exists. */
  readonly present: boolean
  /** Owner of `guard.<n>`, by n. */
  readonly guards: readonly { readonly start: number; readonly owner: string }[]
  readonly started: readonly StartedRecord[]
  readonly exits: readonly ExitRecord[]
}

export interface StartedRecord {
  readonly start: number
  readonly nativeId: string
  readonly host: string
  readonly pid: number
  /** ms since 1970, whole seconds */
  readonly at: number
}

/** A whole record; one that is cut short is left out as if it were not there. */
export interface ExitRecord {
  readonly start: number
  readonly nativeId: string
  readonly exitCode: number
  /** Name without SIG when the payload died by a signal. */
  readonly signal: string | null
  /** The wrapper itself was told to end (TERM …): not final where the manager may have requeued the native. */
  readonly wrapperSignal: string | null
  /**
   * Who ended the payload, if it was neither itself nor somebody by a signal: the wrapper, because its walltime was over; or
   * whoever looks after a Flux instance of ours, and found it dead with that, or ended when that was told to end (flux.sh).
   */
  readonly limit: "walltime" | "instance" | "allocation" | null
  /** The payload never ran: the wrapper's own reason (cause `launch`). */
  readonly launchFailure: string | null
  readonly startedAt: number
  readonly endedAt: number
  /** Bytes, where the host told. */
  readonly peakMemory: number | null
  /** Outputs as they stood at the end: path relative to the working directory, size in bytes (links and folders: 0). */
  readonly outputs: readonly { readonly path: string; readonly size: number }[]
}
