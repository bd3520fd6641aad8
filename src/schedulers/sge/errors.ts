/** What a failed command of Grid Engine means. */
import type { CommandResult } from "../../command.ts"
import type { ErrorClass, SchedulerError } from "../../errors.ts"
import { type Failure, type Failures, failuresOf } from "../failures.ts"
import { errorTexts } from "./texts.ts"

const failures: Failures = failuresOf("Grid Engine", errorTexts)

export function failureOf(text: string): Failure | null {
  return failures.failureOf(text)
}

export function classify(result: CommandResult): ErrorClass {
  return failures.classify(result)
}

export function expectAnswer(result: CommandResult, program: string): void {
  failures.expectAnswer(result, program)
}

/** Throws unless a request was taken, or there was nothing left to do. qmod and qrls may say so with any exit code. */
export function expectEffect(result: CommandResult, program: string): void {
  failures.expectEffect(result, program)
}

export function notSubmitted(result: CommandResult): SchedulerError {
  // 25: max_u_jobs or max_jobs are reached. (qsub(1), EXIT STATUS)
  if (result.exitCode === 25 && !result.timedOut) return failures.error(result, "qsub", "limit")
  return failures.notSubmitted(result, "qsub")
}

export function schedulerError(result: CommandResult, program: string, kind: ErrorClass): SchedulerError {
  return failures.error(result, program, kind)
}
