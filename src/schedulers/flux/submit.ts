/** flux submit and flux batch: one submission, and what its answer means. */
import type { CommandResult } from "../../command.ts"
import type { Accepted } from "../scheduler.ts"
import { decimalOf } from "./f58.ts"
import { failures } from "./failures.ts"

/** `ƒ2D5AiBou` alone on a line; `f2D5AiBou` where the locale has no ƒ. */
export function readSubmit(result: CommandResult): Accepted {
  const ids = new Set(
    result.stdout.split("\n").flatMap((line) => (/^[ƒf]/.test(line.trim()) ? (decimalOf(line.trim()) ?? []) : [])),
  )
  const [nativeId] = ids
  if (result.exitCode === 0 && !result.timedOut && nativeId !== undefined && ids.size === 1) {
    return { nativeId, submitTime: null }
  }
  if (ids.size > 0) throw failures.error(result, "flux submit", "in-doubt")
  throw failures.notSubmitted(result, "flux submit")
}
