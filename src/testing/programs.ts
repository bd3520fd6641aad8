/** sbatch, squeue, sacct, scancel and scontrol of a virtual Slurm: words in, text and exit code out, as 22.05 prints them. */
import type { CommandResult } from "../command.ts"
import type { Dice } from "./dice.ts"
import { type Native, type VirtualSlurm } from "./slurm.ts"
import type { Strike } from "./strikes.ts"
import type { Timeline } from "./timeline.ts"

/** What goes wrong between a program and its daemon. */
export interface ProgramFaults {
  /** What this call of squeue or sacct shows instead of the truth, with exit code 0. */
  lie(program: "squeue" | "sacct"): "empty" | "partial" | "stale" | null
  /** The request is carried out, and its client is told that it timed out. */
  timesOut(program: "sbatch" | "scancel"): boolean
  /** It does not come back. */
  hangs(program: string): boolean
  /** What was there before the list went stale. */
  staleNatives(): readonly Native[]
}

export interface ProgramHost {
  readonly slurm: VirtualSlurm
  readonly timeline: Timeline
  readonly dice: Dice
  readonly faults: ProgramFaults
  /** ms on the timeline to seconds since 1970 on the manager's clock. */
  readonly secondsOf: (ms: number) => number
  readonly hasFile: (path: string) => boolean
  /** Somebody has cancelled this one with scancel. */
  readonly onCancel: (native: Native) => void
  readonly strike: (strike: Strike) => void
}

export async function runProgram(host: ProgramHost, argv: readonly string[]): Promise<CommandResult> {
  const words = argv[0] === "env" ? argv.slice(argv.findIndex((word, at) => at > 0 && !word.includes("="))) : argv
  const [name = "", ...rest] = words
  const program = programs[name]
  if (program === undefined) return failed(127, `sh: ${name}: not found`)
  if (host.faults.hangs(name)) {
    host.strike("a program hangs")
    return new Promise(() => undefined)
  }
  return program(host, rest)
}

type Program = (host: ProgramHost, words: readonly string[]) => Promise<CommandResult>

const programs: Readonly<Record<string, Program>> = { sbatch, squeue, sacct, scancel, scontrol }

const unreachable = "Unable to contact slurm controller (connect failure)"
/** MessageTimeout. */
const patienceMs = 10_000
const timedOut = "Socket timed out on send/recv operation"

type Reply<T> = { readonly value: T } | { readonly failure: string }

/**
 * One request to slurmctld. A frozen one takes it and answers when it is thawed, or to nobody. `loses`: its client is told
 * that it timed out; called with what came of it, and whether only after that.
 */
async function ask<T>(
  host: ProgramHost,
  act: () => T,
  loses: ((value: T, isLate: boolean) => void) | null = null,
): Promise<Reply<T>> {
  const { slurm, timeline, dice, strike } = host
  await timeline.sleep(dice.between(5, 30))
  if (slurm.controller === "down") {
    await timeline.sleep(9_000)
    if (slurm.controller === "down") {
      strike("slurmctld down")
      if (timeline.now - slurm.controllerSince >= 3_600_000) strike("slurmctld down for an hour or more")
      return { failure: unreachable }
    }
  }
  if (slurm.controller === "frozen") {
    strike("slurmctld frozen")
    const answer = new Promise<Reply<T>>((resolve) => slurm.whenThawed(() => resolve({ value: act() })))
    const patience = timeline.sleep(patienceMs).then((): Reply<T> => ({ failure: timedOut }))
    return Promise.race([answer, patience])
  }
  if (loses === null) return { value: act() }
  // Carried out at once or, from the queue of its socket, long after its client has given up.
  const lateMs = dice.chance(0.4) ? 0 : dice.between(0, 60_000)
  timeline.after(lateMs, () => {
    loses(act(), lateMs > patienceMs)
  })
  await timeline.sleep(patienceMs)
  return { failure: timedOut }
}

async function sbatch(host: ProgramHost, words: readonly string[]): Promise<CommandResult> {
  const { slurm, faults } = host
  const script = words.at(-1) ?? ""
  if (!host.hasFile(script)) return failed(1, `sbatch: error: Unable to open file ${script}`)
  const reply = await ask(
    host,
    () => submitted(slurm, option(words, "--job-name") ?? "", script, words.includes("--requeue")),
    faults.timesOut("sbatch")
      ? (native, isLate) => {
          if (native !== null) host.strike(`sbatch times out, ${isLate ? "and is accepted later" : "having accepted"}`)
        }
      : null,
  )
  if ("failure" in reply) return failed(1, `sbatch: error: Batch job submission failed: ${reply.failure}`)
  if (reply.value === null) {
    host.strike("manager's submit limit")
    const why = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
    return failed(1, `sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: ${why}`)
  }
  return said(`${reply.value.id}\n`)
}

function submitted(slurm: VirtualSlurm, name: string, script: string, mayRequeue: boolean): Native | null {
  const live = slurm.listed().filter((native) => slurm.isLive(native))
  return live.length >= slurm.site.submitMax ? null : slurm.accept(name, script, mayRequeue)
}

async function squeue(host: ProgramHost, words: readonly string[]): Promise<CommandResult> {
  const { slurm, faults } = host
  const lie = faults.lie("squeue")
  if (words.includes("--me") && option(words, "--name") === undefined) slurm.listedAt.push(host.timeline.now)
  const reply = await ask(host, () => {
    const truth = slurm.listed()
    if (lie !== "stale") return truth
    const old = faults.staleNatives()
    if (wordsIn(old) !== wordsIn(truth)) host.strike("squeue shows an old list")
    return old
  })
  if ("failure" in reply) return failed(1, `slurm_load_jobs error: ${reply.failure}`)
  const ids = option(words, "--jobs")?.split(",")
  const names = option(words, "--name")?.split(",")
  if (ids?.length === 1 && !reply.value.some(({ id }) => String(id) === ids[0]))
    return failed(1, "slurm_load_jobs error: Invalid job id specified")
  const shown = reply.value.filter(
    ({ id, name }) => (ids?.includes(String(id)) ?? true) && (names?.includes(name) ?? true),
  )
  if (shown.some(({ script }) => !script.includes("/jobs/"))) host.strike("a stranger's native is listed")
  const fields = (option(words, "--Format") ?? "").split(",").map((field) => field.split(":")[0] ?? "")
  return table(host, { program: "squeue", lie, fields }, shown, (native, field) => queueField(host, native, field))
}

function queueField({ secondsOf }: ProgramHost, native: Native, field: string): string {
  const time = (ms: number | null): string => (ms === null ? "N/A" : String(secondsOf(ms)))
  switch (field) {
    case "JobArrayID":
      return String(native.id)
    case "State":
      return native.word
    case "Reason":
      return native.reason
    case "SubmitTime":
      return time(native.submittedAt)
    case "StartTime":
      return time(native.startedAt)
    case "EndTime":
      return time(native.endedAt)
    case "RestartCnt":
      return String(native.restarts)
    case "exit_code":
      return String((native.exit.code << 8) | native.exit.signal)
    case "NodeList":
      return native.node ?? "n/a"
    case "Cluster":
      return "virtual"
    default:
      return native.name
  }
}

async function sacct(host: ProgramHost, words: readonly string[]): Promise<CommandResult> {
  const { slurm, timeline, dice, secondsOf } = host
  await timeline.sleep(dice.between(30, 150))
  if (slurm.accounting === "down") {
    host.strike("slurmdbd down")
    const where = "failed to open persistent connection to host:db1:6819: Connection refused"
    const why = "Problem talking to the database: Connection refused"
    return failed(1, `sacct: error: slurm_persist_conn_open_without_init: ${where}\nsacct: error: ${why}`)
  }
  const ids = option(words, "--jobs")?.split(",")
  const names = option(words, "--name")?.split(",")
  const since = Number(option(words, "--starttime")?.slice("uts".length) ?? 0)
  const rows = [...slurm.rows.values()].map(({ native }) => native)
  const shown = rows.filter(
    ({ id, name, endedAt }) =>
      (ids?.includes(String(id)) ?? true) &&
      (names?.includes(name) ?? true) &&
      (endedAt === null ? secondsOf(timeline.now) : secondsOf(endedAt)) >= since,
  )
  const fields = (option(words, "--format") ?? "").split(",")
  const lie = host.faults.lie("sacct")
  if (isBehind(slurm, shown, ids)) host.strike("accounting is behind")
  return table(host, { program: "sacct", lie, fields }, shown, (native, field) => accountingField(host, native, field))
}

/** Of a native that was asked for, slurmctld knows what accounting does not. */
function isBehind(slurm: VirtualSlurm, shown: readonly Native[], ids: readonly string[] | undefined): boolean {
  return [...slurm.natives.values()].some(
    (native) =>
      ids?.includes(String(native.id)) === true &&
      !shown.some(
        ({ id, submittedAt, word }) => id === native.id && submittedAt === native.submittedAt && word === native.word,
      ),
  )
}

/** What a list of the queue is about. */
function wordsIn(natives: readonly Native[]): string {
  return natives.map(({ id, word }) => `${id} ${word}`).join()
}

function accountingField({ secondsOf }: ProgramHost, native: Native, field: string): string {
  const time = (ms: number | null, none: string): string => (ms === null ? none : String(secondsOf(ms)))
  switch (field) {
    case "JobID":
      return String(native.id)
    case "State":
      return native.word === "CANCELLED" ? "CANCELLED by 1001" : native.word === "COMPLETING" ? "RUNNING" : native.word
    case "ExitCode":
      // It lacks 128. (22.05)
      return `${native.exit.code > 128 ? native.exit.code - 128 : native.exit.code}:${native.exit.signal}`
    case "Reason":
      return native.reason
    case "Submit":
      return time(native.submittedAt, "Unknown")
    case "Start":
      return time(native.startedAt, "Unknown")
    case "End":
      return time(native.endedAt, "Unknown")
    case "NodeList":
      return native.node ?? "None assigned"
    case "Cluster":
      return "virtual"
    default:
      return native.name
  }
}

/** With `--name` only those of the ids that carry it; no id: all that carry it. Silent about what is not there. */
async function scancel(host: ProgramHost, words: readonly string[]): Promise<CommandResult> {
  const { slurm, faults } = host
  const name = option(words, "--name")
  const id = words.find((word) => /^\d+$/.test(word))
  const isKill = option(words, "--signal") === "KILL"
  const act = (): void => {
    for (const native of slurm.listed()) {
      const isMeant = (id === undefined || String(native.id) === id) && (name === undefined || native.name === name)
      if (isMeant && slurm.isLive(native)) {
        host.onCancel(native)
        slurm.cancel(native, isKill)
      }
    }
  }
  const reply = await ask(host, act, faults.timesOut("scancel") ? () => host.strike("scancel times out") : null)
  if ("value" in reply) return said("")
  const code = reply.failure === timedOut ? 140 : 8
  return failed(code, `scancel: error: Kill job error on job id ${id ?? "0"}: ${reply.failure}`)
}

async function scontrol(host: ProgramHost): Promise<CommandResult> {
  const killWait = host.slurm.site.killWaitMs / 1_000
  const reply = await ask(host, () => `KillWait                = ${killWait} sec\nSLURM_VERSION           = 22.05.8\n`)
  return "value" in reply ? said(reply.value) : failed(1, `slurm_load_ctl_conf error: ${reply.failure}`)
}

const separator = "\x1f"

/** Ends in the middle of a record: whoever reads it can tell. What can't be told is a list without jobs, and an old one. */
function cutInside(text: string, at: number): string {
  const end = at === 0 || text[at - 1] === "\n" ? at + 1 : at
  return end >= text.length ? text : text.slice(0, end)
}

interface Asked {
  readonly program: "squeue" | "sacct"
  readonly lie: "empty" | "partial" | "stale" | null
  readonly fields: readonly string[]
}

/** Each field ends with the separator, and the first line has their names. A partial list comes with exit code 0. */
function table(
  { dice, strike }: ProgramHost,
  { program, lie, fields }: Asked,
  natives: readonly Native[],
  valueOf: (native: Native, field: string) => string,
): CommandResult {
  const line = (values: readonly string[]): string => `${values.join(separator)}${separator}\n`
  const head = line(fields.map((field) => field.toUpperCase()))
  if (lie === "empty") {
    if (natives.length > 0) strike(`${program} shows an empty list`)
    return said(head)
  }
  const text = natives.map((native) => line(fields.map((field) => valueOf(native, field)))).join("")
  if (lie !== "partial") return said(head + text)
  const part = cutInside(text, dice.whole(0, text.length))
  if (part !== text) strike(`${program} shows a part of its list`)
  return said(head + part)
}

function option(words: readonly string[], name: string): string | undefined {
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
}

function said(stdout: string): CommandResult {
  return { exitCode: 0, stdout, stderr: "", timedOut: false }
}

function failed(exitCode: number, stderr: string): CommandResult {
  return { exitCode, stdout: "", stderr: `${stderr}\n`, timedOut: false }
}
