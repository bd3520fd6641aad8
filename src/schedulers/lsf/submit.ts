/** bsub: one submission, and what its answer means. */
import type { CommandResult } from "../../command.ts"
import type { Accepted } from "../scheduler.ts"
import { failures } from "./failures.ts"

/** `Job <4711> is submitted to queue <normal>.` Without an id, in doubt unless the words exclude that there is a job. */
export function readBsub(result: CommandResult): Accepted {
  const ids = new Set(
    result.stdout.split("\n").flatMap((line) => /^\s*Job <(\d+)> is submitted\b/.exec(line)?.[1] ?? []),
  )
  const [nativeId] = ids
  if (result.exitCode === 0 && !result.timedOut && nativeId !== undefined && ids.size === 1) {
    return { nativeId, submitTime: null }
  }
  if (ids.size > 0) throw failures.error(result, "bsub", "in-doubt")
  throw failures.notSubmitted(result, "bsub")
}
