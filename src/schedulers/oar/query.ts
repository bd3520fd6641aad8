/** oarstat: jobs as JSON, chosen by a condition in SQL. */
import { z } from "zod"
import type { Command, CommandResult } from "../../command.ts"
import type { Evidence } from "../../job/index.ts"
import { type Listing, type Native, tokenOf } from "../scheduler.ts"
import { failures } from "./failures.ts"
import { isResubmitted, livingStates, meaningOf, outcomeOf } from "./states.ts"

const timeoutMs = 120_000

/** Those that live and could be of Hawser's. By their states, for which OAR's table of all jobs ever has an index. */
export const living: string = `job_name LIKE 'hz%' AND state IN (${listOf(livingStates)})`

/** `hz_oar_jobs` (remote/oar.sh). */
export function queue(): Command<Listing> {
  return { argv: ["hz_oar_jobs", living], timeoutMs, parse: readJobs }
}

export function history(natives: readonly Native[]): Command<Listing> {
  return { argv: ["hz_oar_jobs", named(natives)], timeoutMs, parse: readJobs }
}

export function look(natives: readonly Native[]): readonly Command<Listing>[] {
  return natives.length === 0 ? [] : [queue(), history(natives)]
}

/**
 * Names have letters, digits, `_` and `-` only, and no index: one that takes the place of another has a higher id, so where all ids are
 * known, none below the lowest is looked at.
 */
function named(natives: readonly Native[]): string {
  const names = `job_name IN (${listOf(natives.map(({ nativeName }) => nativeName))})`
  const ids = natives.map(({ nativeId }) => (nativeId !== null && /^\d+$/.test(nativeId) ? BigInt(nativeId) : null))
  const lowest = ids.reduce((low, id) => (low === null || id === null || id < low ? id : low), ids[0] ?? null)
  return lowest === null ? names : `${names} AND job_id >= ${lowest}`
}

function listOf(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(",")
}

const text = z.union([z.string(), z.number()]).nullable().catch(null)
const job = z.object({
  Job_Id: text,
  name: text,
  state: z.string().catch(""),
  message: text.optional(),
  submissionTime: text.optional(),
  startTime: text.optional(),
  stopTime: text.optional(),
  exit_code: text.optional(),
  assigned_network_address: z.array(z.string()).optional().catch([]),
  events: z
    .array(z.object({ type: z.string(), description: z.string().catch("") }))
    .optional()
    .catch([]),
})
const answer = z.record(z.string(), job)

export function readJobs(result: CommandResult): Listing {
  failures.expectAnswer(result, "oarstat")
  const lines = result.stdout.split("\n").filter((line) => line.trim() !== "")
  const close = lines.lastIndexOf("end")
  const isEmpty = lines[close - 1] === "nobody"
  const begin = isEmpty ? close - 1 : lines.findIndex((line) => line.startsWith("{"))
  const end = isEmpty ? begin : lines.findLastIndex((line) => line.endsWith("}"))
  if (begin === -1 || end < begin || close < end) return partial([], lines, "oarstat printed no whole list.")
  const unread = [...lines.slice(0, begin), ...lines.slice(end + 1, close), ...lines.slice(close + 1)]
  const reading = answer.safeParse(isEmpty ? {} : parsed(lines.slice(begin, end + 1).join("\n")))
  if (!reading.success) return partial([], [...unread, lines[begin] ?? ""], "oarstat printed no whole list.")
  return listed(Object.entries(reading.data).flatMap(evidenceOf), unread)
}

function listed(evidence: readonly Evidence[], unread: readonly string[]): Listing {
  if (unread.length > 0) return partial(evidence, unread, `oarstat printed what is no job: ${unread[0]}`)
  return { evidence, unread, coverage: "complete", trouble: null }
}

/** The key is text: a number of JSON would lose digits. */
function evidenceOf([nativeId, told]: readonly [string, z.infer<typeof job>]): Evidence[] {
  const token = tokenOf(String(told.name ?? ""))
  // One that OAR has submitted again is not how it ended: its successor, which has its name, speaks for both.
  if (token === null || isResubmitted(told.events ?? [])) return []
  const meaning = meaningOf(told.state)
  const status = Number(told.exit_code ?? NaN)
  const outcome =
    meaning === "ended" ? outcomeOf(told.state, told.events ?? [], Number.isInteger(status) ? status : null) : null
  const hasBegun = meaning === "ended" || meaning === "running" || meaning === "suspended"
  const message = String(told.message ?? "").trim()
  return [
    {
      // What is over stays in the same tables.
      source: "queue",
      token,
      nativeId,
      seenAt: 0,
      word: told.state,
      state: meaning,
      outcome,
      reason: message === "" ? null : message,
      submitTime:
        told.submissionTime === null || told.submissionTime === undefined ? null : String(told.submissionTime),
      startedAt: hasBegun ? millis(told.startTime) : null,
      endedAt: outcome === null ? null : millis(told.stopTime),
      host: [...new Set(told.assigned_network_address ?? [])].join(",") || null,
      restarts: null,
    },
  ]
}

/** Seconds since 1970; 0: not yet. */
function millis(seconds: string | number | null | undefined): number | null {
  const number = Number(seconds ?? 0)
  return Number.isFinite(number) && number > 0 ? number * 1000 : null
}

function partial(evidence: readonly Evidence[], unread: readonly string[], trouble: string): Listing {
  return { evidence, unread, coverage: "partial", trouble: trouble.slice(0, 200) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
