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
  const { roots, unread: rest } = readXml(result.stdout)
  const unread = rest.filter((line) => line !== "end")
  const lists = roots.filter(({ name }) => name === "job_info")
  const reasons = new Map(roots.filter(({ name }) => name === "detailed_job_info").flatMap(reasonsIn))
  const evidence = lists.flatMap((list) => elementsNamed(list, "job_list")).flatMap((job) => evidenceOf(job, reasons))
  const trouble =
    lists.length !== 1 || unread.length === rest.length
      ? "qstat's list was cut short."
      : unread.length > 0
        ? `qstat printed what is no list of jobs: ${unread[0]?.slice(0, 200)}`
        : null
  return { evidence, unread, coverage: trouble === null ? "complete" : "partial", trouble }
}

function evidenceOf(job: XmlElement, reasons: ReadonlyMap<string, string>): Evidence[] {
  const nativeId = textOf(job, "JB_job_number")
  const word = textOf(job, "state")
  const token = tokenOf(textOf(job, "full_job_name") ?? textOf(job, "JB_name") ?? "")
  if (nativeId === null || word === null || token === null) return []
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
  const jobs = elementsNamed(details, "JB_job_number")
  return elementsNamed(details, "djob_info")
    .flatMap(({ children }) => children)
    .flatMap((job): [string, string][] => {
      const nativeId = textOf(job, "JB_job_number")
      const messages = elementsNamed(childOf(job, "JB_ja_tasks") ?? job, "QIM_message").map(({ text }) => text)
      const reason = messages.at(-1)?.replace(/^[\d/: ]+\[[\d:]+\]:\s*(?:error:\s*)?/, "")
      return jobs.length === 0 || nativeId === null || reason === undefined || reason === "" ? [] : [[nativeId, reason]]
    })
}
