/** qstat: one call for all natives of this user, and the reasons of those that are in an error state. */
import type { Command, CommandResult } from "../../command.ts"
import type { Evidence } from "../../job/index.ts"
import { type Listing, type Native, tokenOf } from "../scheduler.ts"
import { type XmlElement, childOf, elementsNamed, readXml, textOf } from "../xml.ts"
import { expectAnswer } from "./errors.ts"
import { isError, meaningOf, restartsOf } from "./states.ts"
import { millis } from "./times.ts"

/** `hz_sge_queue` (remote/sge.sh): qstat lists this user's jobs, whole names, times in UTC. */
export function queue(_natives: readonly Native[]): Command<Listing> {
  return { argv: ["hz_sge_queue"], timeoutMs: 120_000, parse: readQueue }
}

/** Reads its answer. Throws a SchedulerError when it is none. */
export function readQueue(result: CommandResult): Listing {
  expectAnswer(result, "qstat")
  const { list, details, ended } = partsOf(result.stdout)
  const { roots, unread } = readXml(list)
  const lists = roots.filter(({ name }) => name === "job_info")
  // What can't be read of these costs a reason and nothing else.
  const reasons = new Map(readXml(details).roots.flatMap(reasonsIn))
  const ours = lists.flatMap((root) => elementsNamed(root, "job_list")).filter((job) => tokenIn(job) !== null)
  const evidence = ours.flatMap((job) => evidenceOf(job, reasons))
  const trouble =
    lists.length !== 1 || !ended || evidence.length < ours.length
      ? "qstat's list was cut short."
      : unread.length > 0
        ? `qstat printed what is no list of jobs: ${unread[0]?.slice(0, 200)}`
        : null
  return { evidence, unread, coverage: trouble === null ? "complete" : "partial", trouble }
}

/** The list, what stands behind `hz-reasons`, and whether the last of all is a line `end`. What follows that is noise. */
function partsOf(stdout: string): { readonly list: string; readonly details: string; readonly ended: boolean } {
  const lines = stdout.split("\n")
  // The last piece has no line break behind it: it may be half of a line.
  const end = lines.lastIndexOf("end")
  const ended = end !== -1 && end < lines.length - 1
  const told = ended ? lines.slice(0, end) : lines
  const reasons = told.indexOf("hz-reasons")
  const list = [...(reasons === -1 ? told : told.slice(0, reasons)), ...(ended ? lines.slice(end + 1) : [])]
  return { list: list.join("\n"), details: reasons === -1 ? "" : told.slice(reasons + 1).join("\n"), ended }
}

function tokenIn(job: XmlElement): string | null {
  return tokenOf(textOf(job, "full_job_name") ?? textOf(job, "JB_name") ?? "")
}

function evidenceOf(job: XmlElement, reasons: ReadonlyMap<string, string>): Evidence[] {
  const nativeId = textOf(job, "JB_job_number")
  const word = textOf(job, "state")
  const token = tokenIn(job)
  if (nativeId === null || word === null || token === null) return []
  if (!/^\d+$/.test(nativeId) || !/^[A-Za-z]+$/.test(word)) return []
  const state = meaningOf(word)
  const begun = state === "running" || state === "suspended"
  return [
    {
      source: "queue",
      token,
      nativeId,
      seenAt: 0,
      word,
      state,
      outcome: null,
      reason: isError(word) ? (reasons.get(nativeId) ?? null) : null,
      // Of one that was started again it is the time of that.
      submitTime: null,
      startedAt: begun ? millis(textOf(job, "JAT_start_time") ?? "") : null,
      endedAt: null,
      host: begun ? hostIn(textOf(job, "queue_name")) : null,
      restarts: state === null ? null : restartsOf(word),
    },
  ]
}

/** `main.q@n1`, or without a host. */
function hostIn(queue: string | null): string | null {
  const host = queue?.split("@")[1] ?? ""
  return host === "" ? null : host
}

/** What `qstat -j` says of error states: `11/21/2026 01:48:22 [2001:26129]: error: can't chdir to …`. */
function reasonsIn(details: XmlElement): [string, string][] {
  return elementsNamed(details, "djob_info")
    .flatMap(({ children }) => children)
    .flatMap((job): [string, string][] => {
      const nativeId = textOf(job, "JB_job_number")
      const messages = elementsNamed(childOf(job, "JB_ja_tasks") ?? job, "QIM_message").map(({ text }) => text)
      const reason = messages.at(-1)?.replace(/^[\d/: ]+\[[\d:]+\]:\s*(?:error:\s*)?/, "")
      return nativeId === null || reason === undefined || reason === "" ? [] : [[nativeId, reason]]
    })
}
