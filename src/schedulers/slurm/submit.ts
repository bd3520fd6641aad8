/** sbatch: one submission, and what its answer means. */
import type { Command, CommandResult } from "../../command.ts"
import type { Accepted, Submission } from "../scheduler.ts"
import { failureOf, schedulerError } from "./errors.ts"
import { scriptLines } from "./native.ts"
import { sbatchOptions } from "./options.ts"

/** Longer than sbatch's own patience: it retries for 120 s when slurmctld takes no more jobs. */
const timeoutMs = 150_000

/**
 * No options: those stand on the command line, where they outrank the environment and need no second quoting. Only what
 * is for the burst buffers' plugins, which look at the script alone.
 */
export function directives(submission: Submission): readonly string[] {
  sbatchOptions(submission)
  return scriptLines(submission.spec.native)
}

export function submit(submission: Submission): Command<Accepted> {
  return {
    argv: ["sbatch", "--parsable", ...sbatchOptions(submission), submission.script],
    timeoutMs,
    parse: readSubmit,
  }
}

/** Throws class `in-doubt` unless the answer names one id or excludes that there is one. */
function readSubmit(result: CommandResult): Accepted {
  const ids = new Set(result.stdout.split("\n").flatMap(idOf))
  const [nativeId] = ids
  if (result.exitCode === 0 && !result.timedOut && nativeId !== undefined && ids.size === 1) {
    return { nativeId, submitTime: null }
  }
  if (result.timedOut || result.exitCode === 0 || ids.size > 0) throw schedulerError(result, "sbatch", "in-doubt")
  // 126 and 127: the shell found no program to run.
  if (result.exitCode === 127 || result.exitCode === 126) throw schedulerError(result, "sbatch", "gone")
  const failure = failureOf(result.stderr)
  const excluded = failure !== null && !failure.sent && failure.class !== "unknown-job" && failure.class !== "gone"
  throw schedulerError(result, "sbatch", excluded ? failure.class : "in-doubt")
}

/** `4711` or `4711;cluster` alone on a line; or the sentence of an sbatch that was wrapped and lost --parsable. */
function idOf(line: string): string[] {
  const match =
    /^\s*(\d+)(?:;([\w.-]+))?\s*$/.exec(line) ??
    /^\s*(?:sbatch: )?submitted batch job (\d+)(?: on cluster ([\w.-]+))?\s*$/i.exec(line)
  if (match === null) return []
  const [, id = "", cluster] = match
  return [cluster === undefined ? id : `${id};${cluster}`]
}
