/** qacct: what is kept of natives that left the queue. It reads a file, so it answers also while the manager is down. */
import type { Command, CommandResult } from "../../command.ts"
import type { Evidence } from "../../job/index.ts"
import { type Listing, type Native, tokenOf } from "../scheduler.ts"
import { expectAnswer, failureOf, schedulerError } from "./errors.ts"
import { type AccountingRecord, outcomeOf } from "./outcome.ts"
import { millis, minuteOf } from "./times.ts"

/** Each name costs qacct one way through its file; above that one way for all of Hawser's since then is cheaper. */
const namesMax = 8

const marginSeconds = 86_400

/**
 * By names, which carry the token. Of many by the pattern that all our names begin with, from a day before the oldest:
 * qacct takes one pattern, and `-b` goes by the start, so that what never started is left out.
 */
export function accounting(natives: readonly Native[], since: number): Command<Listing> {
  const names = natives.map(({ nativeName }) => nativeName)
  const words = names.length <= namesMax ? ["-", ...names] : [minuteOf(since - marginSeconds), "hz*"]
  return { argv: ["hz_sge_accounting", ...words], timeoutMs: 120_000, parse: readAccounting }
}

/** What qacct says of a name that it does not find. */
const notFound = /^error: job (?:name|id) .* not found$/

/** It says so where there is no record at all yet, behind the name of the file that is not there. */
const nothingYet = /^no jobs running since startup$/

/** Reads its answer. Coverage `none` where there is no accounting file to read; throws when qacct did not answer. */
export function readAccounting(result: CommandResult): Listing {
  expectAnswer(result, "qacct")
  const lines = result.stdout.split("\n").filter((line) => line.trim() !== "")
  const ended = lines.includes("end")
  const isAbsent = lines.some((line) => nothingYet.test(line))
  const unread = wordsIn(lines).filter(
    (line) => !notFound.test(line) && !nothingYet.test(line) && !(isAbsent && noFile.test(line)),
  )
  const failure = failureOf(unread.map((line) => `${line}\n`).join(""))
  if (failure !== null) throw schedulerError({ ...result, stdout: unread.join("\n") }, "qacct", failure.class)
  const evidence = newest(recordsIn(lines)).flatMap(evidenceOf)
  if (isAbsent && evidence.length === 0 && ended) return absent
  const trouble = !ended
    ? "qacct's answer was cut short."
    : unread.length > 0
      ? `qacct printed what is no record: ${unread[0]?.slice(0, 200)}`
      : null
  return { evidence, unread, coverage: trouble === null ? "complete" : "partial", trouble }
}

const noFile = /: No such file or directory$/

const absent: Listing = {
  evidence: [],
  unread: [],
  coverage: "none",
  trouble: "Grid Engine's accounting can't be read on this host, or is empty.",
}

const separator = /^=+$/
/** `exit_status  137                  (Killed)`. */
const isField = /^[a-z][\w]* +\S.*$|^[a-z]\w*$/

/** What is no part of a record. */
function wordsIn(lines: readonly string[]): string[] {
  const first = lines.findIndex((line) => separator.test(line))
  return lines.filter((line, index) => {
    const isInRecord = first !== -1 && index > first && isField.test(line)
    return line !== "end" && !separator.test(line) && !isInRecord
  })
}

function recordsIn(lines: readonly string[]): AccountingRecord[] {
  const records: Map<string, string>[] = []
  for (const line of lines) {
    if (separator.test(line)) records.push(new Map())
    const [, name, value = ""] = /^([a-z]\w*) +(.*?) *$/.exec(line) ?? []
    if (name !== undefined) records.at(-1)?.set(name, value)
  }
  return records
}

/** Of a native the last record: before it stand those of starts that were followed by another, and of a job's other hosts. */
function newest(records: readonly AccountingRecord[]): AccountingRecord[] {
  const last = new Map(
    records
      .filter((record) => outcomeOf(record) !== null)
      .map((record) => [`${record.get("jobnumber")} ${record.get("jobname")}`, record]),
  )
  return [...last.values()]
}

function evidenceOf(record: AccountingRecord): Evidence[] {
  const token = tokenOf(record.get("jobname") ?? "")
  const nativeId = record.get("jobnumber") ?? ""
  const outcome = outcomeOf(record)
  if (token === null || outcome === null || !/^\d+$/.test(nativeId)) return []
  const { reason, ...ended } = outcome
  const startedAt = millis(record.get("start_time") ?? "")
  return [
    {
      source: "accounting",
      token,
      nativeId,
      seenAt: 0,
      word: record.get("failed") ?? "",
      state: "ended",
      outcome: ended,
      reason,
      submitTime: null,
      startedAt,
      endedAt: millis(record.get("end_time") ?? ""),
      host: startedAt === null ? null : (record.get("hostname") ?? null),
      restarts: null,
    },
  ]
}
