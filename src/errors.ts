/** Errors that carry facts: a code and a class for callers, three lines for people. */

/**
 * What a failure means for what comes next. Callers decide by it, never by matching text.
 *
 * | class       | meaning                                                        | what follows                        |
 * |-------------|----------------------------------------------------------------|-------------------------------------|
 * | transient   | the manager or the way to it is down; nothing was done          | back off, try again                 |
 * | busy        | it answers, but takes no more right now (MaxSessions, load)     | back off longer, try again          |
 * | in-doubt    | the effect may have happened                                    | look it up before anything else     |
 * | limit       | a submit limit or quota; passes when jobs end                   | wait, visibly                       |
 * | auth        | login, host key or credential was refused                       | wait for a person                   |
 * | rejected    | this request can never succeed as it is                         | fail the job with the reason        |
 * | unknown-job | the manager does not know the id (forgotten, finished or never) | evidence decides, not this          |
 * | gone        | the manager, or what we need of it, no longer exists            | fail clear and clean                |
 */
export type ErrorClass = "transient" | "busy" | "in-doubt" | "limit" | "auth" | "rejected" | "unknown-job" | "gone"

export interface ErrorFacts {
  /** What happened, in one line. */
  readonly summary: string
  /** Why, in the manager's own words where there are any. */
  readonly reason?: string | undefined
  /** What to do next. */
  readonly advice?: string | undefined
  readonly class?: ErrorClass
  readonly cause?: unknown
}

/** Every error that Hawser throws on purpose. `message` is the three lines, without a stack. */
export class HawserError extends Error {
  override readonly name: string = "HawserError"
  /** Stable, in capitals: `HOST_KEY_CHANGED`, `SPEC_INVALID` … */
  readonly code: string
  readonly class: ErrorClass
  readonly summary: string
  readonly reason: string | undefined
  readonly advice: string | undefined

  constructor(code: string, facts: ErrorFacts) {
    const lines = [facts.summary, facts.reason, facts.advice].filter((line) => line !== undefined && line !== "")
    super(lines.join("\n"), facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.class = facts.class ?? "rejected"
    this.summary = facts.summary
    this.reason = facts.reason
    this.advice = facts.advice
  }

  /** The effect may have happened: look the token up before acting again. */
  get inDoubt(): boolean {
    return this.class === "in-doubt"
  }
}

/** A spec, a config file or an option that a person has to correct. Exit code 2 on the command line. */
export class UsageError extends HawserError {
  override readonly name = "UsageError"
}

/** The way to the manager's host: connection, host key, login, channel, framed shell. */
export class TransportError extends HawserError {
  override readonly name = "TransportError"
}

/** A command of the manager (sbatch, squeue …) that did not do what it was asked. */
export class SchedulerError extends HawserError {
  override readonly name = "SchedulerError"
}

/** The state directory: journal, snapshot, lease. */
export class StoreError extends HawserError {
  override readonly name = "StoreError"
}

/** Anything thrown, as one of ours. Foreign errors keep their text as the reason. */
export function asHawserError(
  error: unknown,
  code = "UNEXPECTED",
  summary = "Something failed unexpectedly.",
): HawserError {
  if (error instanceof HawserError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new HawserError(code, { summary, reason, class: "transient", cause: error })
}

/** The class of anything thrown; what is not ours counts as transient. */
export function classOf(error: unknown): ErrorClass {
  return error instanceof HawserError ? error.class : "transient"
}
