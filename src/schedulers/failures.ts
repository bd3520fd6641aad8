/** What a failed command means, from a table of the texts that its manager is known to print. */
import type { CommandResult } from "../command.ts"
import { type ErrorClass, SchedulerError } from "../errors.ts"

export interface ErrorText {
  readonly class: ErrorClass
  /** The request may have reached the manager: what it asked for may have happened. */
  readonly sent?: true
  readonly texts: readonly string[]
}

export interface Failure {
  readonly class: ErrorClass
  readonly sent: boolean
}

export interface Failures {
  /** Null for words that nobody has seen yet. The first group of the table with a text that occurs decides. */
  failureOf(text: string): Failure | null
  classify(result: CommandResult): ErrorClass
  /**
   * Throws unless a question was answered. An exit code of 0 is not enough where the manager's words say that it could not
   * be reached. Classes in `tolerated` count as an answer.
   */
  expectAnswer(result: CommandResult, program: string, tolerated?: readonly ErrorClass[]): void
  /** Throws unless a request was taken, or there was nothing left to do. A refusal may come with exit code 0. */
  expectEffect(result: CommandResult, program: string): void
  /** What a submission without an id is: class `in-doubt` unless the words exclude that there is a native. */
  notSubmitted(result: CommandResult, program: string): SchedulerError
  error(result: CommandResult, program: string, kind: ErrorClass): SchedulerError
}

/** `name`: of the manager, for people and codes (`PBS_QSUB_FAILED`). */
export function failuresOf(name: string, table: readonly ErrorText[]): Failures {
  const failureOf: Failures["failureOf"] = (text) => {
    const found = table.find(({ texts }) => texts.some((one) => text.includes(one)))
    return found === undefined ? null : { class: found.class, sent: found.sent === true }
  }
  const classify: Failures["classify"] = (result) => {
    if (result.timedOut) return "in-doubt"
    return failureOf(wordsOf(result))?.class ?? (isMissing(result) ? "gone" : "transient")
  }
  const error: Failures["error"] = (result, program, kind) => failed(name, result, program, kind)
  return {
    failureOf,
    classify,
    error,
    expectAnswer(result, program, tolerated = []) {
      const failure = failureOf(result.stderr)
      if (result.timedOut) throw error(result, program, "busy")
      if (result.exitCode === 0 && !["transient", "busy", "auth"].includes(failure?.class ?? "")) return
      if (failure !== null && tolerated.includes(failure.class)) return
      throw error(result, program, failure?.class ?? classify(result))
    },
    expectEffect(result, program) {
      const failure = failureOf(wordsOf(result))
      if (result.timedOut) throw error(result, program, "in-doubt")
      if (failure?.class === "unknown-job" || (result.exitCode === 0 && failure === null)) return
      if (failure?.sent === true) throw error(result, program, "in-doubt")
      throw error(result, program, failure?.class ?? (isMissing(result) ? "gone" : "in-doubt"))
    },
    notSubmitted(result, program) {
      if (result.timedOut || result.exitCode === 0) return error(result, program, "in-doubt")
      if (isMissing(result)) return error(result, program, "gone")
      const failure = failureOf(wordsOf(result))
      const excluded = failure !== null && !failure.sent && failure.class !== "unknown-job" && failure.class !== "gone"
      return error(result, program, excluded ? failure.class : "in-doubt")
    },
  }
}

/** 126 and 127: the shell found no program to run. */
function isMissing({ exitCode }: CommandResult): boolean {
  return exitCode === 127 || exitCode === 126
}

function failed(name: string, result: CommandResult, program: string, kind: ErrorClass): SchedulerError {
  const timeout = result.timedOut ? `${program} did not answer in time and was ended.` : undefined
  const code = `${name}_${program}_FAILED`.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_")
  return new SchedulerError(code, {
    summary: `${program} failed${result.timedOut ? "" : ` with exit code ${result.exitCode}`}.`,
    reason: quoted(wordsOf(result), program) ?? timeout,
    advice: adviceOn(name)[kind],
    class: kind,
  })
}

function adviceOn(name: string): Partial<Record<ErrorClass, string>> {
  return {
    transient: `${name} or the way to it is down: Hawser tries again.`,
    busy: `${name} is overloaded: Hawser tries again later.`,
    limit: `A limit of ${name} is reached: the job waits until others end.`,
    rejected: "Correct the job's resources or native options.",
    auth: `Ask the administrators: ${name} does not accept this host's or user's credential.`,
    gone: `See that ${name}'s commands are on the PATH of a login shell there.`,
  }
}

/** The manager's own words on one line, without `qsub: ` before each. */
function quoted(text: string, program: string): string | undefined {
  const lines = text
    .split("\n")
    .map((line) => (line.startsWith(`${program}: `) ? line.slice(program.length + 2) : line).trim())
    .filter((line) => line !== "")
  return lines.length === 0 ? undefined : lines.join("; ").slice(0, 500)
}

function wordsOf(result: CommandResult): string {
  return result.stderr.trim() === "" ? result.stdout : result.stderr
}
