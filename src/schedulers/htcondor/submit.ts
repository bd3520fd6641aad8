/** condor_submit -terse: one submission, and what its answer means. */
import type { CommandResult } from "../../command.ts"
import type { Accepted } from "../scheduler.ts"
import { failures } from "./failures.ts"

/** `15.0 - 15.0`; `1 job(s) submitted to cluster 15.` of one that was wrapped and lost -terse. */
export function readSubmit(result: CommandResult): Accepted {
  const ids = new Set(
    result.stdout.split("\n").flatMap((line) => {
      const [, first, last] = /^\s*(\d+\.\d+) - (\d+\.\d+)\s*$/.exec(line) ?? []
      if (first !== undefined && last !== undefined) return [first, last]
      const cluster = /\bsubmitted to cluster (\d+)\.?\s*$/.exec(line)?.[1]
      return cluster === undefined ? [] : [`${cluster}.0`]
    }),
  )
  const [nativeId] = ids
  if (result.exitCode === 0 && !result.timedOut && nativeId !== undefined && ids.size === 1) {
    return { nativeId, submitTime: null }
  }
  if (ids.size > 0) throw failures.error(result, "condor_submit", "in-doubt")
  throw failures.notSubmitted(result, "condor_submit")
}
