/** How a verb of ours answers: its exit codes, and the `end` that makes an answer whole. */
import { type CommandResult, firstLine } from "../command.ts"
import { type ErrorClass, HawserError } from "../errors.ts"

/** Exit codes of the verbs (verbs.sh, staging.sh). */
export const verbExit = { superseded: 93, refused: 94, homeMissing: 95, failed: 96 } as const

/** Exit codes of a wrapper that did not run the payload (wrapper.sh). */
export const wrapperExit = { guarded: 111, launch: 112, missing: 113 } as const

/** What an unanswered verb leaves behind: nothing, for a question; doubt, for an effect. */
export type VerbKind = "question" | "effect"

/** The lines of a whole answer, without `end`. Throws a HawserError for every other one. */
export function answerLines(result: CommandResult, kind: VerbKind, verb: string): readonly string[] {
  assertAnswered(result, kind, verb)
  const lines = result.stdout.split("\n")
  while (lines.at(-1) === "") lines.pop()
  if (lines.pop() !== "end") throw unanswered(result, kind, verb, "Its answer was cut short.")
  return lines
}

/** Throws unless the verb ended with 0. */
export function assertAnswered(result: CommandResult, kind: VerbKind, verb: string): void {
  if (result.timedOut) throw unanswered(result, kind, verb, "It took too long and was ended.")
  if (result.exitCode === 0) return
  const reason = firstLine(result.stderr)
  if (result.exitCode === verbExit.superseded) {
    throw new HawserError("OWNER_SUPERSEDED", {
      summary: "Another controller has taken over the state directory's place on the manager's host.",
      reason,
      advice: "Nothing was done. Stop this controller, or take over again with --take-over.",
      class: "gone",
    })
  }
  if (result.exitCode === verbExit.refused) {
    throw new HawserError("REMOTE_REFUSED", { summary: `${verb} was refused on the manager's host.`, reason })
  }
  if (result.exitCode === verbExit.homeMissing) {
    throw new HawserError("HOME_MISSING", {
      summary: "Our directory on the manager's host is not there.",
      reason,
      advice: "Its file system may not be mounted. Jobs keep their state until it is back.",
      class: "transient",
    })
  }
  if (result.exitCode === verbExit.failed) throw failure("transient", verb, reason)
  throw unanswered(result, kind, verb, reason)
}

function unanswered(result: CommandResult, kind: VerbKind, verb: string, reason: string | undefined): HawserError {
  return failure(kind === "effect" ? "in-doubt" : "transient", verb, reason ?? `Its exit code was ${result.exitCode}.`)
}

function failure(errorClass: ErrorClass, verb: string, reason: string | undefined): HawserError {
  return new HawserError("REMOTE_FAILED", {
    summary: `${verb} failed on the manager's host.`,
    reason,
    class: errorClass,
  })
}
