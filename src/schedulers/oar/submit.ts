/** oarsub: one submission, and what its answer means. */
import type { CommandResult } from "../../command.ts"
import type { Accepted } from "../scheduler.ts"
import { failures } from "./failures.ts"

/** `OAR_JOB_ID=4711`, among the words of the site's admission rules. */
export function readOarsub(result: CommandResult): Accepted {
  const ids = new Set(result.stdout.split("\n").flatMap((line) => /^\s*OAR_JOB_ID=(\d+)\s*$/.exec(line)?.[1] ?? []))
  const [nativeId] = ids
  if (result.exitCode === 0 && !result.timedOut && nativeId !== undefined && ids.size === 1) {
    return { nativeId, submitTime: null }
  }
  if (ids.size > 0) throw failures.error(result, "oarsub", "in-doubt")
  throw failures.notSubmitted(result, "oarsub")
}
