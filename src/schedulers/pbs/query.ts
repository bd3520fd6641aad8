/** qselect and qstat: which natives there are, and what is known of them; `-x` with those that are over or have moved. */
import type { Command, CommandResult } from "../../command.ts"
import type { Evidence } from "../../job/index.ts"
import type { Failures } from "../failures.ts"
import {
  type Attributes,
  evidenceOf,
  isOverrun,
  meaningOf,
  numberIn,
  outcomeOf,
  pbsEndings,
  pbsStates,
} from "../qsub/index.ts"
import type { Listing, Native } from "../scheduler.ts"
import { askSelected, readSelected } from "../selected.ts"
import { readJobs } from "./json.ts"

const timeoutMs = 120_000
const live = ["qstat", "-f", "-F", "json"]
const all = ["qstat", "-x", "-f", "-F", "json"]

/** More names than that cost more than all jobs of this user. */
const namesMax = 20

/** `qstat -f` alone shows the jobs of everybody. */
export function queue(natives: readonly Native[], failures: Failures): Command<Listing> {
  return ask(["hz_of_user", "qselect", "-u"], live, natives, failures)
}

export function history(natives: readonly Native[], failures: Failures): Command<Listing> {
  const ids = natives.flatMap(({ nativeId }) => nativeId ?? [])
  return {
    argv: [...all, ...ids],
    timeoutMs,
    parse: (result) => unlessNone(result, failures) ?? read(result, result.stdout, ids.length, natives, failures),
  }
}

/** By name, with what is over, and by id; and the queue once more, since a server without a history refuses `-x`. */
export function look(natives: readonly Native[], failures: Failures): Command<Listing>[] {
  if (natives.length === 0) return []
  const selects =
    natives.length > namesMax
      ? [["hz_of_user", "qselect", "-x", "-u"]]
      : natives.map(({ nativeName }) => ["qselect", "-x", "-N", nativeName])
  const known = natives.filter(({ nativeId }) => nativeId !== null)
  return [
    queue(natives, failures),
    ...selects.map((select) => ask(select, all, natives, failures)),
    ...(known.length === 0 ? [] : [history(known, failures)]),
  ]
}

function ask(
  select: readonly string[],
  query: readonly string[],
  natives: readonly Native[],
  failures: Failures,
): Command<Listing> {
  return {
    argv: askSelected(select, query),
    timeoutMs,
    parse: (result) => {
      const none = unlessNone(result, failures)
      if (none !== null) return none
      const { count, noise, body, isWhole, rest } = readSelected(result.stdout)
      const listing = read(result, body, count ?? 0, natives, failures)
      const unread = [...noise, ...listing.unread, ...rest]
      if (!isWhole) return partial({ ...listing, unread }, "The list was cut short.")
      return unread.length > 0 ? partial({ ...listing, unread }, `qstat printed what is no job: ${unread[0]}`) : listing
    },
  }
}

/** A server that keeps no history says so, and that is all: the exit code is 0, and qselect prints no id, as if there were none. */
function unlessNone(result: CommandResult, failures: Failures): Listing | null {
  if (result.timedOut || failures.failureOf(result.stderr)?.class !== "gone") return null
  if (!result.stderr.includes("maintain job history")) return null
  return { evidence: [], unread: [], coverage: "none", trouble: "PBS keeps no history of jobs here." }
}

/** `asked`: how many jobs were asked for. Those that the server does not know it complains of, and tells of the others. */
function read(
  result: CommandResult,
  text: string,
  asked: number,
  natives: readonly Native[],
  failures: Failures,
): Listing {
  failures.expectAnswer(result, "qstat", ["unknown-job"])
  const unknown = result.stderr.split("\n").filter((line) => /Unknown Job Id|Job has finished/.test(line)).length
  const { jobs, unread } = readJobs(text)
  const evidence = [...(jobs ?? [])].flatMap(([id, attributes]) => readJob(id, attributes, natives))
  const listing = { evidence, unread, coverage: "complete", trouble: null } as const
  if (unread.length > 0) return partial(listing, `qstat printed what is no job: ${unread[0]}`)
  return (jobs?.size ?? 0) + unknown >= asked ? listing : partial(listing, "qstat did not tell of all jobs.")
}

function readJob(id: string, attributes: Attributes, natives: readonly Native[]): Evidence[] {
  const meaning = meaningOf(pbsStates, attributes["job_state"] ?? "")
  const substate = attributes["substate"]
  const end = {
    status: statusOf(attributes["Exit_status"]),
    hasStarted: attributes["stime"] !== undefined,
    isOverrun: isOverrun(attributes),
    isDeleted: substate === "91",
    isNodeLost: substate === "93" && attributes["Exit_status"] === undefined,
  }
  const told = {
    id,
    attributes,
    meaning,
    outcome: meaning === "ended" ? outcomeOf(end, pbsEndings) : null,
    // In words and in the server's own zone: good for being compared, and no more.
    submitTime: attributes["ctime"] ?? null,
    startedAt: null,
    endedAt: null,
  } as const
  return evidenceOf(told, natives)
}

/**
 * 256 and a signal where the job's shell was killed, and 128 and a signal where only our wrapper was: pbs_mom hands the script's
 * name to that shell, which runs it as a child. (start_exec.c) A wrapper that ends with such a code by itself has left its record.
 */
function statusOf(text: string | undefined): number | null {
  const status = numberIn(text)
  return status !== null && status > 128 && status <= 128 + 64 ? status + 128 : status
}

function partial(listing: Listing, trouble: string): Listing {
  return { ...listing, coverage: "partial", trouble: listing.trouble ?? trouble.slice(0, 200) }
}
