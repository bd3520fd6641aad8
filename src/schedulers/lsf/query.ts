/** bjobs: one call for all jobs of this user, those that ended within CLEAN_PERIOD included. */
import { z } from "zod"
import type { Command, CommandResult } from "../../command.ts"
import type { Evidence } from "../../job/index.ts"
import { type Listing, type Native, tokenOf } from "../scheduler.ts"
import { failures } from "./failures.ts"
import { meaningOf, outcomeOf } from "./states.ts"

const timeoutMs = 120_000
const fields = "jobid stat job_name exec_host exit_code exit_reason pend_reason submit_time start_time"
const command = ["bjobs", "-a", "-json", "-o", fields]

export function queue(): Command<Listing> {
  return { argv: command, timeoutMs, parse: (result) => read(result) }
}

/** All of this user's, and by id: a listing has been seen to leave one out that was there. (nextflow #927) */
export function look(natives: readonly Native[]): readonly Command<Listing>[] {
  const ids = natives.flatMap(({ nativeId }) => nativeId ?? [])
  if (natives.length === 0) return []
  return ids.length === 0 ? [queue()] : [queue(), { argv: [...command, ...ids], timeoutMs, parse: read }]
}

const record = z.record(z.string(), z.union([z.string(), z.number()]).catch(""))
const answer = z.object({ JOBS: z.union([z.number(), z.string()]), RECORDS: z.array(record) })

type Job = z.infer<typeof record>

/** Printed while it waits for mbatchd, and no part of the answer. */
const waiting = /Please wait \.\.\.\s*$/

function read(result: CommandResult): Listing {
  failures.expectAnswer(asAnswer(result), "bjobs", ["unknown-job"])
  const lines = result.stdout.split("\n").filter((line) => line.trim() !== "" && !waiting.test(line))
  const begin = lines.findIndex((line) => line.startsWith("{"))
  const end = lines.findLastIndex((line) => line.startsWith("}"))
  const nobody = failures.failureOf(result.stderr)?.class === "unknown-job"
  if (begin === -1 || end < begin) {
    if (lines.length === 0 && nobody) return { evidence: [], unread: [], coverage: "complete", trouble: null }
    return partial([], lines, lines.length === 0 ? "bjobs printed nothing." : "bjobs printed no whole list.")
  }
  const unread = [...lines.slice(0, begin), ...lines.slice(end + 1)]
  const reading = answer.safeParse(parsed(lines.slice(begin, end + 1).join("\n")))
  if (!reading.success) return partial([], [...unread, lines[begin] ?? ""], "bjobs printed no whole list.")
  const { JOBS, RECORDS } = reading.data
  const evidence = RECORDS.flatMap(evidenceOf)
  if (unread.length > 0) return partial(evidence, unread, `bjobs printed what is no job: ${unread[0]}`)
  if (Number(JOBS) !== RECORDS.length) return partial(evidence, [], "bjobs did not tell of all jobs.")
  return { evidence, unread, coverage: "complete", trouble: null }
}

/**
 * A list that came after all is an answer, however long bjobs had to wait for it, and also with exit code 255, which means
 * that nobody in it is unfinished where LSB_BJOBS_CONSISTENT_EXIT_CODE is set.
 */
function asAnswer(result: CommandResult): CommandResult {
  if (!result.stdout.includes('"RECORDS"')) return result
  const stderr = result.stderr
    .split("\n")
    .filter((line) => !waiting.test(line))
    .join("\n")
  return { ...result, stderr, exitCode: result.exitCode === 255 ? 0 : result.exitCode }
}

function evidenceOf(job: Job): Evidence[] {
  const field = (name: string): string | null => {
    const text = String(job[name] ?? "").trim()
    return text === "" || text === "-" ? null : text
  }
  const token = tokenOf(field("JOB_NAME") ?? "")
  const nativeId = field("JOBID")
  if (token === null || nativeId === null) return []
  const word = String(job["STAT"] ?? "")
  const meaning = meaningOf(word)
  const isOver = meaning !== null && typeof meaning === "object"
  const exitReason = field("EXIT_REASON")
  const code = field("EXIT_CODE")
  return [
    {
      source: "queue",
      token,
      nativeId,
      seenAt: 0,
      word,
      state: isOver ? "ended" : meaning,
      outcome: isOver
        ? outcomeOf(meaning, exitReason, code !== null && /^\d{1,3}$/.test(code) ? Number(code) : null)
        : null,
      reason: exitReason ?? field("PEND_REASON"),
      // Without a year, and in the zone of the host that prints it: good for being compared, and no more.
      submitTime: field("SUBMIT_TIME"),
      startedAt: null,
      endedAt: null,
      host: hostsOf(field("EXEC_HOST")),
      restarts: null,
    },
  ]
}

/** `n1:n1:n2`, `4*n1:2*n2`: each once. */
function hostsOf(slots: string | null): string | null {
  return slots === null ? null : [...new Set(slots.split(":").map((one) => one.replace(/^\d+\*/, "")))].join(",")
}

function partial(evidence: readonly Evidence[], unread: readonly string[], trouble: string): Listing {
  return { evidence, unread, coverage: "partial", trouble: trouble.slice(0, 200) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}
