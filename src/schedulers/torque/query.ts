/** qselect and qstat -x: which natives there are, and what is known of them. */
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
  torqueEndings,
  torqueStates,
} from "../qsub/index.ts"
import type { Listing, Native } from "../scheduler.ts"
import { askSelected, readSelected } from "../selected.ts"
import { type XmlElement, readXml } from "../xml.ts"

const timeoutMs = 120_000

/** `-x` is XML, and full. Without ids it would show the jobs of everybody. */
const show = ["qstat", "-x"]

export function queue(natives: readonly Native[], failures: Failures): Command<Listing> {
  return {
    argv: askSelected(["hz_of_user", "qselect", "-u"], show),
    timeoutMs,
    parse: (result) => {
      const { count, noise, body, isWhole, rest } = readSelected(result.stdout)
      const listing = read(result, body, count ?? 0, natives, failures)
      const unread = [...noise, ...listing.unread, ...rest]
      if (!isWhole) return partial({ ...listing, unread }, "The list was cut short.")
      return unread.length > 0 ? partial({ ...listing, unread }, `qstat printed what is no job: ${unread[0]}`) : listing
    },
  }
}

/** Of those that the server still has: for keep_completed after their end. */
export function history(natives: readonly Native[], failures: Failures): Command<Listing> {
  const ids = natives.flatMap(({ nativeId }) => nativeId ?? [])
  return {
    argv: [...show, ...ids],
    timeoutMs,
    parse: (result) => read(result, result.stdout, ids.length, natives, failures),
  }
}

export function look(natives: readonly Native[], failures: Failures): Command<Listing>[] {
  const known = natives.filter(({ nativeId }) => nativeId !== null)
  if (natives.length === 0) return []
  return [queue(natives, failures), ...(known.length === 0 ? [] : [history(known, failures)])]
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
  const unknown = result.stderr.split("\n").filter((line) => /Unknown Job Id/.test(line)).length
  const { roots, unread } = readXml(mended(text))
  const jobs = roots.filter(({ name }) => name === "Data").flatMap(({ children }) => children)
  const evidence = jobs.flatMap((job) => readJob(attributesOf(job), natives))
  const listing = { evidence, unread, coverage: "complete", trouble: null } as const
  if (unread.length > 0) return partial(listing, `qstat printed what is no job: ${unread[0]}`)
  return jobs.length + unknown >= asked ? listing : partial(listing, "qstat did not tell of all jobs.")
}

/** Torque leaves the declaration out, and versions before 2.5 an ampersand in an environment variable as it is. */
function mended(text: string): string {
  return text
    .replaceAll(/^<Data>/gm, '<?xml version="1.0"?><Data>')
    .replaceAll(/&(?!(?:amp|lt|gt|quot|apos|#\d+);)/g, "&amp;")
}

/** `Resource_List: {walltime: …}` as `Resource_List.walltime`. */
function attributesOf(job: XmlElement): Attributes {
  return Object.fromEntries(
    job.children.flatMap(({ name, text, children }) =>
      children.length === 0 ? [[name, text]] : children.map((child) => [`${name}.${child.name}`, child.text]),
    ),
  )
}

function readJob(attributes: Attributes, natives: readonly Native[]): Evidence[] {
  const id = attributes["Job_Id"] ?? ""
  if (!/^\d+/.test(id)) return []
  const meaning = meaningOf(torqueStates, attributes["job_state"] ?? "")
  const end = {
    status: numberIn(attributes["exit_status"]),
    hasStarted: attributes["start_time"] !== undefined,
    isOverrun: isOverrun(attributes),
    // Deletion and walltime are both 271.
    isDeleted: false,
    isNodeLost: false,
  }
  const told = {
    id,
    attributes,
    meaning,
    outcome: meaning === "ended" ? outcomeOf(end, torqueEndings) : null,
    submitTime: attributes["ctime"] ?? null,
    startedAt: millis(attributes["start_time"]),
    endedAt: millis(attributes["comp_time"]),
  }
  return evidenceOf(told, natives)
}

/** Seconds since 1970. */
function millis(text: string | undefined): number | null {
  return text !== undefined && /^\d{9,11}$/.test(text) ? Number(text) * 1000 : null
}

function partial(listing: Listing, trouble: string): Listing {
  return { ...listing, coverage: "partial", trouble: listing.trouble ?? trouble.slice(0, 200) }
}
