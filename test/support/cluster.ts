/** The rig's Slurm as a test sees it past Hawser: commands of its own, what ran, and daemons that are broken and mended. */
import { execFile } from "node:child_process"
import { readFile, readdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { loadConfig } from "../../src/config/index.ts"
import { openReader } from "../../src/hawser.ts"
import type { AnyEvent, JobView } from "../../src/job/index.ts"
import { decodeLines } from "../../src/persist/line.ts"
import { type Study, pause, study } from "./cli.ts"
import type { DelayingProxy } from "./delaying-proxy.ts"
import { type Rig, rig } from "./rig.ts"
import { root } from "./root.ts"

const run = promisify(execFile)
const program = join(root, "rig/rig.sh")

export type Daemon =
  | "munged"
  | "mariadb"
  | "slurmdbd"
  | "slurmctld"
  | "n1"
  | "n2"
  | "n3"
  | "n4"
  | "sshd"
  | "qmaster"
  | "execd"

/** The rig, if it may be broken: tests that stop daemons would disturb whoever else uses it. Else why not. */
export const breakableRig: Rig | string = breakable()

function breakable(): Rig | string {
  if (typeof rig === "string") return rig
  if (process.getuid?.() !== 0) return "breaking the rig needs root"
  return process.env["RIG_FAULTS"] === "1" ? rig : "others may use this rig (RIG_FAULTS=1 if nobody does)"
}

/** How many connections were open at a time at most. */
export function mostOpen(proxy: DelayingProxy): { most(): number; stop(): void } {
  let most = 0
  const timer = setInterval(() => (most = Math.max(most, proxy.open())), 5)
  return { most: () => most, stop: () => clearInterval(timer) }
}

export async function daemon(
  verb: "start" | "stop" | "kill" | "freeze" | "thaw",
  name: Daemon,
  ...options: readonly string[]
): Promise<void> {
  await run(program, [verb, name, ...options])
}

/** A command of Slurm's as the rig's administrator. */
export async function asAdmin({ slurmConf }: Rig, argv: readonly [string, ...string[]]): Promise<string> {
  const [command, ...args] = argv
  return (await run(command, args, { env: { ...process.env, SLURM_CONF: slurmConf } })).stdout
}

/** Everything runs again, and four nodes are idle or at work. */
export async function mend(target: Rig): Promise<void> {
  const { name, portBase, user, user2, fast, pids } = target
  const settings = { RIG_NAME: name, RIG_PORT_BASE: String(portBase), RIG_USER: user, RIG_USER2: user2 }
  await run(program, ["up", ...(fast ? ["--fast"] : []), ...(pids["qmaster"] === undefined ? [] : ["--sge"])], {
    env: { ...process.env, ...settings },
  })
}

export interface ClusterConfig {
  /** Instead of the rig's own: a proxy's. */
  readonly port?: number
  readonly knownHostsFile?: string
  /** Further lines of the executor. */
  readonly more?: readonly string[]
}

/** A hawser.yaml with the rig's Slurm as its only executor. */
export function clusterConfig(target: Rig, config: ClusterConfig = {}): string {
  const { host, user, identityFile } = target
  const lines = [
    "scheduler: slurm",
    `host: ${host}`,
    `port: ${config.port ?? target.port}`,
    `user: ${user}`,
    `identityFile: ${identityFile}`,
    `knownHostsFile: ${config.knownHostsFile ?? target.knownHostsFile}`,
    ...(config.more ?? []),
  ]
  return `executors:\n  hpc:\n${lines.map((line) => `    ${line}\n`).join("")}`
}

/** A study whose controller reaches the rig through the proxy. */
export async function studyThrough(target: Rig, { port }: DelayingProxy): Promise<Study> {
  const work = await study("")
  const knownHostsFile = await knownHostsFor(target, port, join(work.folder, "known_hosts"))
  await work.write("hawser.yaml", clusterConfig(target, { port, knownHostsFile }))
  return work
}

/** The rig's host keys under another port. */
export async function knownHostsFor(target: Rig, port: number, path: string): Promise<string> {
  const text = await readFile(target.knownHostsFile, "utf8")
  await writeFile(path, text.replaceAll(`:${target.port} `, `:${port} `))
  return path
}

/** A command as the job user, over the system's own ssh: independent of everything that is under test. */
export async function onCluster(target: Rig, command: string): Promise<string> {
  const { host, port, user, identityFile, knownHostsFile } = target
  const options = ["-F", "none", "-o", "BatchMode=yes", "-o", `UserKnownHostsFile=${knownHostsFile}`]
  const where = ["-i", identityFile, "-p", String(port), `${user}@${host}`]
  return (await run("ssh", [...options, ...where, command], { maxBuffer: 64e6 })).stdout
}

/** Where payloads leave a line each, on the host where they run; removed in the end. */
export class Trace implements AsyncDisposable {
  readonly path: string = `/tmp/hawser-trace-${process.pid}-${Date.now()}-${Math.random().toString(36).slice(2)}`

  /** The script of a payload that leaves its line, and works for so long. */
  payload(seconds: number): string {
    return `#!/bin/sh\nprintf '%s\\n' "$HAWSER_KEY $HAWSER_TOKEN" >>${this.path}\nsleep ${seconds}\n`
  }

  /** The beginning of a script that leaves its line, with the native that runs it. */
  line(): string {
    return `#!/bin/sh\nprintf '%s\\n' "$HAWSER_KEY $HAWSER_TOKEN $SLURM_JOB_ID.\${SLURM_RESTART_COUNT:-0}" >>${this.path}\n`
  }

  /** `KEY TOKEN` of each payload that ran. */
  async runs(): Promise<readonly string[]> {
    const text = await readFile(this.path, "utf8").catch(() => "")
    return text.split("\n").filter((line) => line !== "")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { force: true })
  }
}

/** Jobs `PREFIX/0` and so on, for `hawser batch -`. */
export function batchOf(
  count: number,
  prefix: string,
  spec: Readonly<Record<string, unknown>> | ((index: number) => Readonly<Record<string, unknown>>),
): string {
  const resources = { tasks: 1, memory: "100M", walltime: "5m" }
  return Array.from({ length: count }, (_, index) => {
    const own = typeof spec === "function" ? spec(index) : spec
    return `${JSON.stringify({ key: `${prefix}/${index}`, resources, ...own })}\n`
  }).join("")
}

/** All jobs, read from the state directory: no process is started, and the controller is not asked. */
export async function viewsOf({ folder }: Pick<Study, "folder">): Promise<readonly JobView[]> {
  await using reader = await openReader(loadConfig({ cwd: folder, env: {} }))
  return await reader.list()
}

/** Everything that the state directory has recorded so far, in order. */
export async function eventsOf({ folder }: Pick<Study, "folder">): Promise<readonly AnyEvent[]> {
  const state = join(folder, ".hawser")
  const files = (await readdir(state).catch(() => [])).filter((name) => name.startsWith("journal."))
  const events: AnyEvent[] = []
  for (const file of files) {
    for (const { state: line, value } of decodeLines(await readFile(join(state, file)))) {
      if (line === "whole" && isEvent(value)) events.push(value)
    }
  }
  return events.sort((a, b) => a.seq - b.seq)
}

function isEvent(value: unknown): value is AnyEvent {
  return typeof value === "object" && value !== null && "type" in value && "seq" in value
}

/** What the managers were said to be, one after another, without repetition. */
export async function healthsOf(study: Pick<Study, "folder">): Promise<readonly string[]> {
  const healths = (await eventsOf(study)).flatMap((event) => (event.type === "health" ? [event.health] : []))
  return healths.filter((health, index) => health !== healths[index - 1])
}

export async function until(what: string, isSo: () => Promise<boolean>, msMax = 60_000): Promise<void> {
  const end = Date.now() + msMax
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${msMax} ms`)
    await pause(200)
  }
}

/**
 * What speaks against "each job's payload ran once, in one native": empty when all is right. Natives that found the guard
 * taken are no runs.
 */
export async function wrongRuns(target: Rig, study: Pick<Study, "folder">, trace: Trace): Promise<readonly string[]> {
  const jobs = await viewsOf(study)
  const runs = await trace.runs()
  const tokens = jobs.flatMap((job) => job.attempts.map(({ token }) => token))
  const twice = runs.filter((line, index) => runs.indexOf(line) !== index)
  const known = new Set(jobs.map((job) => `${job.key} ${job.attempts.at(-1)?.token ?? ""}`))
  const missing = [...known].filter((line) => !runs.includes(line))
  const strange = runs.filter((line) => !known.has(line))
  await pause(2_000)
  const names = (await onCluster(target, "sacct -X -n -P -S now-1hour -o JobName%200,State")).trim().split("\n")
  const completed = tokens.filter(
    (token) => names.filter((line) => line.startsWith(token) && line.endsWith("|COMPLETED")).length > 1,
  )
  return [
    ...twice.map((line) => `ran twice: ${line}`),
    ...missing.map((line) => `did not run: ${line}`),
    ...strange.map((line) => `ran, and nobody knows it: ${line}`),
    ...completed.map((token) => `two natives of ${token} completed`),
    ...(new Set(tokens).size === tokens.length ? [] : ["two attempts have one token"]),
  ]
}
