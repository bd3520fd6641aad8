/** The process table of a host, through the verbs of remote/process.sh (formats at the head of that file). */
import type { Command, CommandResult } from "../command.ts"
import { type ErrorClass, SchedulerError, UsageError } from "../errors.ts"
import type { Evidence } from "../job/index.ts"
import type { Accepted, Listing, Native, Scheduler, Submission } from "./scheduler.ts"

/**
 * It keeps nothing of what has ended: that a process is gone is known for certain, and how it ended only by our exit
 * record. One end is known without: a new boot of the same machine.
 */
export const process: Scheduler = {
  name: "process",
  features: { accounting: false, hold: false, suspend: true, arrays: false, requeue: false, countsResources: true },
  foreignVariables: [],
  jobVariables: { nativeId: "HAWSER_NATIVE_ID", restarts: null },
  // Processes have no name of ours; the token stands in their environment and in their directory.
  nativeNameMax: 15,

  directives: (submission) => processDirectives(submission, { severalNodes: false }),
  submit: ({ directory, token }) => ({
    argv: ["hz_spawn", homeOf(directory, token), token],
    timeoutMs,
    parse: (result) => readSpawn(result, token),
  }),
  queue: (natives) => (natives.length === 0 ? findProcesses([]) : processes(natives)),
  history: () => null,
  look: (natives) => (natives.length === 0 ? [] : [...byHome(natives).map(processes), findProcesses(natives)]),
  cancel: (natives, { force, owner }) => signalled(natives, owner, force ? "KILL" : "TERM"),
  hold: () => null,
  release: () => null,
  suspend: (natives, { owner }) => signalled(natives, owner, "STOP"),
  resume: (natives, { owner }) => signalled(natives, owner, "CONT"),
  probe: () => ({
    argv: ["hz_find_processes"],
    timeoutMs,
    parse: (result) => {
      const { host, ended } = readAnswer(result)
      if (host === null || !ended) throw failed(result, "transient")
      return { version: "process table", facts: { machine: host.machine, boot: host.boot } }
    },
  }),
  classify: (result) => (result.timedOut ? "in-doubt" : (exitClasses[result.exitCode] ?? "transient")),
}

/** None; throws a UsageError for what processes can't be. */
export function processDirectives(
  submission: Submission,
  { severalNodes }: { readonly severalNodes: boolean },
): readonly string[] {
  assertPossible(submission, severalNodes)
  return []
}

const timeoutMs = 60_000

function signalled(natives: readonly Native[], owner: number, signal: string): Command<void>[] {
  return natives.map(({ token, directory }) => ({
    argv: ["hz_kill", homeOf(directory, token), String(owner), token, signal],
    timeoutMs,
    parse: (result) => readKill(result, token),
  }))
}

/** The verbs' own exit codes (remote/verbs.sh), and those of a shell that finds no such verb. */
const exitClasses: Readonly<Record<number, ErrorClass>> = {
  93: "gone",
  94: "rejected",
  95: "transient",
  96: "transient",
  126: "gone",
  127: "gone",
}

function assertPossible({ spec }: Submission, severalNodes: boolean): void {
  if (spec.signal !== undefined && spec.resources.walltime === null) {
    throw new UsageError("SPEC_INVALID", {
      summary: "A process without a walltime gets no signal before its end.",
      reason: "signal.before counts from the end of the walltime, and nothing limits this job.",
      advice: "Say resources.walltime, or take signal out of the job.",
    })
  }
  const { nodes, begin } = spec.resources
  const what =
    spec.native.length > 0 ? `native options (${spec.native[0]})` : begin !== null ? "a begin" : `${nodes} nodes`
  if (spec.native.length === 0 && begin === null && (severalNodes || (nodes ?? 1) <= 1)) return
  throw new UsageError("SPEC_INVALID", {
    summary: `A process takes no ${what}.`,
    reason: "It starts at once, on the host itself, and there is no manager to pass anything on to.",
    advice: "Take it out of the job, or use an executor with a scheduler.",
  })
}

/** A home of ours holds jobs/<token>. */
function homeOf(directory: string, token: string): string {
  return directory.slice(0, -`/jobs/${token}`.length)
}

function byHome(natives: readonly Native[]): Native[][] {
  const homes = new Map<string, Native[]>()
  for (const native of natives) {
    const home = homeOf(native.directory, native.token)
    homes.set(home, [...(homes.get(home) ?? []), native])
  }
  return [...homes.values()]
}

/** Asks for natives of one home. */
function processes(natives: readonly Native[]): Command<Listing> {
  const [first] = natives
  const home = first === undefined ? "" : homeOf(first.directory, first.token)
  const tokens = natives.map(({ token }) => token)
  return { argv: ["hz_processes", home, ...tokens], timeoutMs, parse: (result) => readListing(result, tokens) }
}

function findProcesses(natives: readonly Native[]): Command<Listing> {
  const tokens = natives.map(({ token }) => token)
  return { argv: ["hz_find_processes", ...tokens], timeoutMs, parse: (result) => readListing(result, tokens) }
}

/** Class `in-doubt` unless the verb ended before it started anything. */
function readSpawn(result: CommandResult, token: string): Accepted {
  const { lines, ended } = linesOf(result.stdout)
  const started = lines.map((line) => line.split(" ")).find(([verb, its]) => verb === "process" && its === token)
  const nativeId = started?.[2]
  if (result.exitCode === 0 && !result.timedOut && ended && nativeId !== undefined && isNativeId(nativeId)) {
    return { nativeId, submitTime: null }
  }
  const before = !result.timedOut && result.exitCode !== 93 && result.exitCode !== 96 && started === undefined
  throw failed(result, (before ? exitClasses[result.exitCode] : undefined) ?? "in-doubt")
}

function readKill(result: CommandResult, token: string): void {
  const { lines, ended } = linesOf(result.stdout)
  const answer = lines.map((line) => line.split(" ")).find(([verb, its]) => verb === "kill" && its === token)?.[2]
  if (result.timedOut || result.exitCode !== 0 || !ended || answer === undefined) {
    throw failed(result, (result.timedOut ? undefined : exitClasses[result.exitCode]) ?? "in-doubt")
  }
  if (answer === "elsewhere")
    throw failed(result, "transient", "It was started on another host than the one that answers.")
}

function readListing(result: CommandResult, tokens: readonly string[]): Listing {
  const { host, ended, records, unread } = readAnswer(result)
  const asked = new Set(tokens)
  const ours = records.filter(({ token }) => asked.has(token))
  const elsewhere = ours.filter(({ state }) => state === "elsewhere")
  const trouble =
    host === null || !ended
      ? "The list of processes was cut short."
      : elsewhere.length > 0
        ? `Another host or container answers (machine ${host.machine}): ${elsewhere[0]?.token} was not started there.`
        : unread.length > 0
          ? `The list of processes has a line that is none: ${unread[0]?.slice(0, 200)}`
          : null
  const evidence = ours.flatMap((record) => evidenceOf(record, host?.boot ?? null))
  return { evidence, unread, coverage: trouble === null ? "complete" : "partial", trouble }
}

interface Answer {
  readonly host: { readonly machine: string; readonly boot: string } | null
  readonly records: readonly { readonly token: string; readonly state: string; readonly nativeId: string | null }[]
  readonly unread: readonly string[]
  readonly ended: boolean
}

function readAnswer(result: CommandResult): Answer {
  if (result.timedOut) throw failed(result, "busy")
  if (result.exitCode !== 0) throw failed(result, exitClasses[result.exitCode] ?? "transient")
  const { lines, ended } = linesOf(result.stdout)
  const records: Answer["records"][number][] = []
  const unread: string[] = []
  let host: Answer["host"] = null
  for (const line of lines) {
    const [verb, first = "", second = "", third] = line.split(" ")
    if (verb === "host" && second !== "") host = { machine: first, boot: second }
    else if (verb === "found" && isNativeId(second)) records.push({ token: first, state: "alive", nativeId: second })
    else if (verb === "process" && states.has(second) && third !== undefined && (third === "-" || isNativeId(third))) {
      records.push({ token: first, state: second, nativeId: third === "-" ? null : third })
    } else if (line.trim() !== "") unread.push(line)
  }
  return { host, records, unread, ended }
}

const states: ReadonlySet<string> = new Set(["alive", "stopped", "over", "left", "gone", "elsewhere", "unknown"])

/** `left`: the leader is gone, and what it started goes on. A line without a native id is about nothing that we know. */
function evidenceOf({ token, state, nativeId }: Answer["records"][number], boot: string | null): Evidence[] {
  const isGone = state === "gone"
  if (nativeId === null || state === "elsewhere" || state === "unknown" || (isGone && boot === null)) return []
  const hasBooted = isGone && !boot?.startsWith(nativeId.split(".")[0] ?? "")
  const outcome = { state: "failed", cause: "node-failure", exitCode: null, signal: null } as const
  return [
    {
      source: "processes",
      token,
      nativeId,
      seenAt: 0,
      word: state,
      state: isGone || state === "over" ? "ended" : state === "stopped" ? "suspended" : "running",
      outcome: hasBooted ? outcome : null,
      reason: hasBooted ? "the host has booted since" : (reasons[state] ?? null),
      submitTime: null,
      startedAt: null,
      endedAt: null,
      host: null,
      restarts: null,
    },
  ]
}

const reasons: Readonly<Record<string, string>> = { left: "its first process is gone, others go on" }

/** `BOOT8.PID.BIRTH`. */
function isNativeId(text: string): boolean {
  return /^[\w-]+\.\d+\.[\w:-]+$/.test(text)
}

function linesOf(stdout: string): { readonly lines: readonly string[]; readonly ended: boolean } {
  const lines = stdout.split("\n")
  const end = lines.indexOf("end")
  // The last piece has no line break behind it: it may be half of a line.
  const ended = end !== -1 && end < lines.length - 1
  return { lines: ended ? [...lines.slice(0, end), ...lines.slice(end + 1)] : lines.slice(0, -1), ended }
}

function failed(result: CommandResult, kind: ErrorClass, reason?: string): SchedulerError {
  return new SchedulerError("PROCESS_FAILED", {
    summary: result.timedOut ? "The host did not answer in time." : "The host did not do what it was asked.",
    reason: reason ?? (result.stderr.trim().slice(0, 500) || `exit code ${result.exitCode}`),
    class: kind,
  })
}
