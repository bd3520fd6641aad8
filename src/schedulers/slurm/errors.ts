/** What a failed command of Slurm means. */
import type { CommandResult } from "../../command.ts"
import { type ErrorClass, SchedulerError } from "../../errors.ts"
import { errorTexts, invalidOption } from "./texts.ts"

/** What is known of a failure: its class, and whether the request may have been carried out all the same. */
export interface Failure {
  readonly class: ErrorClass
  readonly sent: boolean
}

/** Reads the texts. Null for words that nobody has seen yet. */
export function failureOf(text: string): Failure | null {
  if (/Job violates accounting\/QOS policy/.test(text) && neverFits(text)) return { class: "rejected", sent: false }
  for (const known of errorTexts) {
    if (known.texts.some((one) => text.includes(one))) return { class: known.class, sent: known.sent === true }
  }
  return invalidOption.test(text) ? { class: "rejected", sent: false } : null
}

/** QOSMaxWallDurationPerJobLimit and its kin limit one job; …MaxSubmitJob… and …Grp… pass when other jobs end. */
function neverFits(text: string): boolean {
  const limit = /\b(?:QOS|Assoc)\w*Limit\b/.exec(text)?.[0]
  return limit !== undefined && !/Submit|Grp/.test(limit) && /PerJob|Wall|PerNode/.test(limit)
}

/** The request of these commands has an effect: an answer that was lost leaves it in doubt. */
const effect = /submission failed|submit\/allocate failed|Kill job error|Slurm temporarily unable/i

export function classify(result: CommandResult): ErrorClass {
  if (result.timedOut) return "in-doubt"
  const failure = failureOf(textOf(result))
  if (failure === null) return result.exitCode === 127 || result.exitCode === 126 ? "gone" : "transient"
  return failure.sent && effect.test(result.stderr) ? "in-doubt" : failure.class
}

/**
 * Throws a SchedulerError unless a question was answered. An exit code of 0 is not enough: with --clusters squeue
 * prints the failure of one cluster and ends with 0. Classes in `tolerated` count as an answer.
 */
export function expectAnswer(result: CommandResult, program: string, tolerated: readonly ErrorClass[] = []): void {
  const failure = failureOf(result.stderr)
  if (result.exitCode === 0 && !result.timedOut) {
    if (failure === null || !["transient", "busy", "auth"].includes(failure.class)) return
  }
  if (failure !== null && !result.timedOut && tolerated.includes(failure.class)) return
  throw schedulerError(result, program, result.timedOut ? "busy" : (failure?.class ?? classify(result)))
}

export function schedulerError(result: CommandResult, program: string, kind: ErrorClass): SchedulerError {
  const timeout = result.timedOut ? `${program} did not answer in time and was ended.` : undefined
  return new SchedulerError(`SLURM_${program.toUpperCase()}_FAILED`, {
    summary: `${program} failed${result.timedOut ? "" : ` with exit code ${result.exitCode}`}.`,
    reason: words(textOf(result)) ?? timeout,
    advice: advice[kind],
    class: kind,
  })
}

const advice: Readonly<Partial<Record<ErrorClass, string>>> = {
  transient: "Slurm or the way to it is down: Hawser tries again.",
  busy: "Slurm is overloaded: Hawser tries again later.",
  limit: "A limit of Slurm is reached: the job waits until others end.",
  rejected: "Correct the job's resources or native options.",
  auth: "Ask the administrators: Slurm does not accept this host's or user's credential.",
  gone: "See that Slurm's commands are on the PATH of a login shell there.",
}

/** The manager's own words on one line, without `sbatch: error: ` before each. */
function words(text: string): string | undefined {
  const lines = text
    .split("\n")
    .map((line) => line.replace(/^\s*(?:s\w+: )?(?:error: |fatal: )?/, "").trim())
    .filter((line) => line !== "")
  return lines.length === 0 ? undefined : lines.join("; ").slice(0, 500)
}

function textOf(result: CommandResult): string {
  return result.stderr.trim() === "" ? result.stdout : result.stderr
}
