/** condor_q and condor_history: attributes of this user's jobs, as JSON. */
import { z } from "zod"
import type { Command, CommandResult } from "../../command.ts"
import type { Evidence } from "../../job/index.ts"
import { type Listing, type Native, tokenOf } from "../scheduler.ts"
import { anyOf } from "./expression.ts"
import { failures } from "./failures.ts"
import { meaningOf } from "./states.ts"

const timeoutMs = 120_000

const attributes = [
  "GlobalJobId",
  "JobStatus",
  "JobBatchName",
  "NumJobStarts",
  "HoldReason",
  "HoldReasonCode",
  "LastJobStatus",
  "RemoveReason",
  "ExitBySignal",
  "ExitCode",
  "ExitSignal",
  "QDate",
  "JobStartDate",
  "EnteredCurrentStatus",
  "RemoteHost",
  "LastRemoteHost",
].join(",")

/** condor_q -json prints nothing where there is nobody; so that silence is not taken for that, it is then asked to count. */
export function queue(): Command<Listing> {
  const show = ["condor_q", "-json", "-attributes", attributes]
  return {
    argv: ["hz_ask_again_if_silent", String(show.length), ...show, "condor_q", "-totals"],
    timeoutMs,
    parse: (result) => read(result, false),
  }
}

/** The newest ones come first: it stops when it has found as many as are asked for. */
export function history(natives: readonly Native[]): Command<Listing> {
  const ids = natives.flatMap(({ nativeId }) => nativeId ?? [])
  return historyOf(
    ids.length === natives.length && ids.length > 0 ? ids : ["-constraint", named(natives)],
    natives.length,
  )
}

export function look(natives: readonly Native[]): readonly Command<Listing>[] {
  return natives.length === 0 ? [] : [queue(), historyOf(["-constraint", named(natives)], natives.length)]
}

function historyOf(which: readonly string[], limit: number): Command<Listing> {
  return {
    // Twice as many: a name may stand for two natives.
    argv: ["condor_history", "-json", "-attributes", attributes, "-limit", String(2 * limit), ...which],
    timeoutMs,
    parse: (result) => read(result, true),
  }
}

/** Names have letters, digits, `_` and `-` only. */
function named(natives: readonly Native[]): string {
  return anyOf(natives.map(({ nativeName }) => `JobBatchName == "${nativeName}"`))
}

const scalar = z.union([z.string(), z.number(), z.boolean()]).nullable().catch(null)
const answer = z.array(z.record(z.string(), scalar))

type Ad = z.infer<typeof answer>[number]

/** `isOver`: of the history. */
function read(result: CommandResult, isOver: boolean): Listing {
  failures.expectAnswer(result, isOver ? "condor_history" : "condor_q")
  const lines = result.stdout.split("\n").filter((line) => line.trim() !== "")
  const begin = lines.findIndex((line) => /^\s*\[/.test(line))
  if (begin === -1) return silence(lines, isOver)
  const end = lines.findLastIndex((line) => /^\s*\]\s*$/.test(line) || /\]\s*$/.test(line))
  const reading = answer.safeParse(parsed(lines.slice(begin, end + 1).join("\n")))
  const unread = [...lines.slice(0, begin), ...lines.slice(end + 1)]
  if (end < begin || !reading.success) return partial([], [...unread, lines[begin] ?? ""], "It printed no whole list.")
  const evidence = reading.data.flatMap((ad) => evidenceOf(ad, isOver))
  if (unread.length > 0) return partial(evidence, unread, `It printed what is no job: ${unread[0]}`)
  return { evidence, unread, coverage: "complete", trouble: null }
}

/** Nobody there. condor_history reads a file of its own, and says nothing where it finds nothing. */
function silence(lines: readonly string[], isOver: boolean): Listing {
  const counts = (line: string): boolean => /^\s*(?:Total for query: )?0 jobs;/.test(line)
  const unread = lines.filter((line) => !counts(line) && !/^(?:-- Schedd: |Total for )/.test(line))
  if (unread.length > 0) return partial([], unread, `It printed what is no job: ${unread[0]}`)
  if (isOver || lines.some(counts)) return { evidence: [], unread, coverage: "complete", trouble: null }
  return partial([], [], "condor_q printed nothing.")
}

function evidenceOf(ad: Ad, isOver: boolean): Evidence[] {
  const text = (name: string): string | null => {
    const value = ad[name]
    return value === null || value === undefined || value === "" ? null : String(value)
  }
  const number = (name: string): number | null => (typeof ad[name] === "number" ? ad[name] : null)
  const token = tokenOf(text("JobBatchName") ?? "")
  // `schedd#4711.0#1795233653`: as text, where ClusterId and ProcId are numbers.
  const nativeId = /#(\d+\.\d+)#\d+$/.exec(text("GlobalJobId") ?? "")?.[1]
  if (token === null || nativeId === undefined) return []
  const word = text("JobStatus") ?? ""
  const meaning = meaningOf(
    {
      status: word,
      starts: number("NumJobStarts") ?? 0,
      holdCode: number("HoldReasonCode"),
      lastStatus: number("LastJobStatus"),
      removeReason: text("RemoveReason"),
      exitCode: number("ExitCode"),
      exitSignal: ad["ExitBySignal"] === true ? number("ExitSignal") : null,
    },
    isOver,
  )
  const outcome = meaning !== null && "outcome" in meaning ? meaning.outcome : null
  const live = meaning !== null && "live" in meaning ? meaning.live : null
  const hasBegun = outcome !== null || live === "running" || live === "suspended"
  return [
    {
      // What has left the queue never starts again; its history is a file of the same daemon.
      source: "queue",
      token,
      nativeId,
      seenAt: 0,
      word,
      state: outcome === null ? live : "ended",
      outcome,
      reason: word === "5" ? text("HoldReason") : text("RemoveReason"),
      submitTime: text("QDate"),
      startedAt: hasBegun ? millis(number("JobStartDate")) : null,
      endedAt: outcome === null ? null : millis(number("EnteredCurrentStatus")),
      // slot1@host
      host: (text("RemoteHost") ?? text("LastRemoteHost"))?.replace(/^.*@/, "") ?? null,
      restarts: null,
    },
  ]
}

function millis(seconds: number | null): number | null {
  return seconds === null || seconds <= 0 ? null : seconds * 1000
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
