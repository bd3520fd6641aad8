/** Exit codes, and what is printed when a command fails: three lines, never a stack trace. */
import { CommanderError } from "commander"
import { HawserError, TransportError, UsageError, asHawserError } from "../errors.ts"
import type { JobView } from "../job/index.ts"

export const exitCodes = { ok: 0, failed: 1, usage: 2, unreachable: 3, timeout: 124, detached: 130 } as const

/** Ends the command with this code; what there was to say has been said. */
export class Exit extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`exit ${exitCode}`)
    this.exitCode = exitCode
  }
}

/** Prints what is to be said of `error` and returns the exit code. */
export function failure(error: unknown, say: (text: string) => void): number {
  if (error instanceof Exit) return error.exitCode
  // Commander has printed its own message; help and version are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  const known = asHawserError(error)
  say(known.message)
  return exitCodeOf(known)
}

export function exitCodeOf(error: HawserError): number {
  if (error instanceof UsageError) return exitCodes.usage
  if (error.class === "auth" || (error instanceof TransportError && error.code !== "CONTROLLER_GONE")) return exitCodes.unreachable
  return exitCodes.failed
}

/** `hawser run` exits as the job did: its code, 128 + n for a signal, 1 where there is neither. */
export function exitCodeOfJob(job: JobView, signalNumbers: Readonly<Record<string, number>>): number {
  if (job.state === "completed") return exitCodes.ok
  if (job.signal !== null) return 128 + (signalNumbers[`SIG${job.signal}`] ?? 0)
  return job.exitCode === null || job.exitCode === 0 ? exitCodes.failed : job.exitCode
}
