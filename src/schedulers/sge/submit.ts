/** qsub: one submission, and what its answer means. */
import type { Command, CommandResult } from "../../command.ts"
import type { Accepted, Site, Submission } from "../scheduler.ts"
import { notSubmitted } from "./errors.ts"
import { qsubOptions } from "./options.ts"

/** qsub waits for a frozen manager without end; one that was ended then had submitted nothing. (8.1.9, tried once) */
const timeoutMs = 120_000

export function submit(submission: Submission, site: Site): Command<Accepted> {
  return { argv: ["qsub", "-terse", ...qsubOptions(submission, site), submission.script], timeoutMs, parse: readSubmit }
}

/** Throws class `in-doubt` unless the answer names one id or excludes that there is one. */
function readSubmit(result: CommandResult): Accepted {
  const ids = new Set(result.stdout.split("\n").flatMap(idOf))
  const [nativeId] = ids
  if (result.exitCode === 0 && !result.timedOut && nativeId !== undefined && ids.size === 1) {
    return { nativeId, submitTime: null }
  }
  if (ids.size > 0) throw notSubmitted({ ...result, exitCode: 0 })
  throw notSubmitted(result)
}

/** `4711` alone on a line; or the sentence of a qsub that was wrapped and lost -terse. */
function idOf(line: string): string[] {
  const match = /^\s*(\d+)\s*$/.exec(line) ?? /^\s*Your job (\d+) \(".*"\) has been submitted\s*$/.exec(line)
  return match?.[1] === undefined ? [] : [match[1]]
}
