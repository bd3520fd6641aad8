/** One round: jobs are submitted through the command line, a fault strikes and is mended, and what came of it is counted. */
import { createHash } from "node:crypto"
import { cp, mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Dice } from "../../../src/testing/dice.ts"
import { type CliResult, type Study, pause, study } from "../cli.ts"
import { Trace, batchOf, clusterConfig, eventsOf, knownHostsFor, mend, mostOpen } from "../cluster.ts"
import { delayingProxy } from "../delaying-proxy.ts"
import type { Rig } from "../rig.ts"
import { root } from "../root.ts"
import { type Count, type Witnesses, countOf } from "./count.ts"
import type { Fault, Scene, Setting } from "./fault.ts"
import { anyMoment, lastStep, runningMoment, submissionMoment } from "./moment.ts"
import { askWitnesses } from "./witnesses.ts"

export interface RoundOptions {
  readonly jobs: number
  readonly round: number
  readonly seed: number
  readonly signal?: AbortSignal
  /** Where the evidence of a round that went wrong is kept. */
  readonly evidence?: string
}

export interface Round extends Count {
  readonly fault: string
  readonly round: number
  readonly seed: number
  readonly jobs: number
  /** How often `hawser batch` was typed: once, if the manager was there at first contact. */
  readonly submissions: number
  /** What was done, and when. */
  readonly struck: readonly string[]
  readonly healths: readonly string[]
  /** Connections that were made, and how many were open at a time at most; null: nobody counted. */
  readonly connections: number | null
  readonly openMax: number | null
  readonly seconds: number
  /** What the user was told: why jobs waited and the manager was not up, and the last words of batch and wait. */
  readonly saw: readonly string[]
  /** The folder with the state directory, the accounts and the log; null where nothing was wrong. */
  readonly evidence: string | null
}

const waitLimit = "600s"

/** The seed of one round, from one for all. */
export function seedOf(seed: number, fault: Fault, round: number): number {
  return createHash("sha256").update(`${seed} ${fault.name} ${round}`).digest().readUInt32BE()
}

export async function playRound(target: Rig, fault: Fault, options: RoundOptions): Promise<Round> {
  const { round, seed, signal = new AbortController().signal, evidence = join(root, "chaos-evidence") } = options
  const { jobs } = options
  const dice = new Dice(seed)
  const name = `c${Date.now().toString(36)}`
  const since = Date.now()
  const struck: string[] = []
  await using trace = new Trace()
  await using proxy = fault.isProxied === true ? await delayingProxy(target) : null
  const open = proxy === null ? null : mostOpen(proxy)
  await using work = await study("")
  const place = { target, folder: work.folder, dice, jobs }
  const setting = (await fault.prepare?.(place)) ?? {}
  let isSubmitted = false
  let isOver = false
  try {
    const typed = typist(work.with(setting.env ?? {}), signal)
    await work.write("hawser.yaml", await configOf(target, proxy?.port, setting, work.folder))
    const waiting = {
      work,
      dice,
      jobs,
      isOver: () => isOver || signal.aborted,
      pause: (ms: number) => pause(ms, signal),
    }
    const scene: Scene = {
      ...place,
      work,
      proxy,
      signal,
      setting,
      round,
      isSubmitted: () => isSubmitted || signal.aborted,
      isOver: waiting.isOver,
      moment: () => submissionMoment(waiting),
      anyStage: () => anyMoment(waiting),
      running: (count) => runningMoment(waiting, count),
      pause: waiting.pause,
      strike: async (what) => void struck.push(`${what} (${await lastStep(work)})`),
    }
    const batch = submit(typed, batchOf(jobs, "chaos", jobOf(fault, trace, name)), signal)
    const waited = batch.then(async () => {
      isSubmitted = true
      const result = await typed.hawser(["wait", "--all", "--timeout", waitLimit])
      isOver = true
      return result
    })
    await all([fault.strike(scene), batch, waited])
    const seconds = Math.round((Date.now() - since) / 100) / 10
    // What is broken would keep the witnesses from answering.
    await mend(target)
    signal.throwIfAborted()
    const witnesses = await askWitnesses(target, work, trace.path, `-${name}`)
    const count = countOf(witnesses, jobs, fault.expected)
    const submissions = await batch
    const words = [...submissions.slice(-1), await waited]
    const wrong = [
      ...count.wrong,
      ...(struck.length > 0 ? [] : ["the fault did not strike"]),
      ...wrongWords(words, witnesses),
      ...wrongConnections(fault, struck.length, proxy?.connections() ?? 0, open?.most() ?? 0),
    ]
    return {
      ...count,
      wrong,
      fault: fault.name,
      round,
      seed,
      jobs,
      struck,
      submissions: submissions.length,
      healths: witnesses.healths,
      connections: proxy?.connections() ?? null,
      openMax: open?.most() ?? null,
      seconds,
      saw: await sawOf(work, words),
      evidence:
        wrong.length === 0 ? null : await keep(evidence, fault, round, work, { witnesses, wrong, struck, words }),
    }
  } finally {
    open?.stop()
    await setting.undo?.()
    await mend(target)
  }
}

type Typist = Pick<Study, "hawser">

/** Types commands, and ends them when somebody wants to stop: they are clients, the controller is ended by `down`. */
function typist(work: Typist, signal: AbortSignal): Typist {
  return {
    hawser: async (args, options) => {
      const pids: number[] = []
      const end = (): void => {
        for (const pid of pids) process.kill(pid, "SIGKILL")
      }
      signal.addEventListener("abort", end)
      try {
        return await work.hawser(args, { ...options, onStart: (pid) => void pids.push(pid) })
      } finally {
        signal.removeEventListener("abort", end)
      }
    },
  }
}

/**
 * `hawser batch`; where it fails it says so, and has recorded nothing of what it rejects (nobody is there at first
 * contact). Then the same is typed again, as a user would: jobs that it had accepted are the same jobs.
 */
async function submit(work: Typist, stdin: string, signal: AbortSignal): Promise<CliResult[]> {
  const results: CliResult[] = []
  while (results.length < 10 && results.at(-1)?.code !== 0 && !signal.aborted) {
    if (results.length > 0) await pause(2_000, signal)
    results.push(await work.hawser(["batch", "-"], { stdin }))
  }
  return results
}

/** Waits for all of them, and then fails as the first that failed: none goes on behind our back. */
async function all(works: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(works)
  for (const end of ends) if (end.status === "rejected") throw end.reason
}

async function configOf(target: Rig, port: number | undefined, { executor }: Setting, folder: string): Promise<string> {
  const more = executor === undefined ? {} : { more: executor }
  if (port === undefined) return clusterConfig(target, more)
  const knownHostsFile = await knownHostsFor(target, port, join(folder, "known_hosts"))
  return clusterConfig(target, { port, knownHostsFile, ...more })
}

function jobOf(fault: Fault, trace: Trace, name: string): (index: number) => Record<string, unknown> {
  return (index) => {
    const { body = "", spec = {} } = fault.job?.(index) ?? {}
    return { name, script: `${trace.line()}${body}`, ...spec }
  }
}

/** What the commands said at the end must fit the jobs: exit code 0 if all completed, else 1. */
function wrongWords(words: readonly CliResult[], { jobs }: Witnesses): string[] {
  const [batch, wait] = words
  const code = jobs.every(({ state }) => state === "completed") ? 0 : 1
  return [
    ...(batch?.code === 0 || (code === 1 && batch?.code === 1)
      ? []
      : [`batch ended with ${batch?.code}: ${batch?.stderr}`]),
    ...(wait?.code === code ? [] : [`wait ended with ${wait?.code}: ${wait?.stderr}`]),
  ]
}

function wrongConnections({ expected }: Fault, strikes: number, made: number, openMax: number): string[] {
  const { connectionsPerStrike: each } = expected
  if (each === undefined) return []
  const madeMax = 1 + each * strikes
  return [
    ...(made <= madeMax ? [] : [`${made} connections, where ${madeMax} do`]),
    ...(openMax <= 1 ? [] : [`${openMax} connections at a time`]),
  ]
}

async function sawOf(work: Study, words: readonly CliResult[]): Promise<string[]> {
  const reasons = (await eventsOf(work)).flatMap((event) => {
    if (event.type === "health") return [`${event.health}${event.reason === null ? "" : `: ${event.reason}`}`]
    if (event.type === "created" && event.isTest === true) return [`a test job is submitted: ${event.spec.name}`]
    const isReason = event.type === "waiting" || event.type === "held-back"
    return isReason && event.reason !== null ? [`waiting: ${event.reason}`] : []
  })
  const last = words.flatMap(({ stderr }) => stderr.trim().split("\n").slice(-1))
  return [...new Set(reasons), ...last]
}

async function keep(folder: string, fault: Fault, round: number, work: Study, facts: object): Promise<string> {
  const path = join(folder, `${fault.name}-${round}-${Date.now()}`)
  await mkdir(path, { recursive: true })
  await cp(work.folder, join(path, "study"), { recursive: true, filter: (from) => !from.endsWith("/hawser.sock") })
  await writeFile(join(path, "facts.json"), `${JSON.stringify(facts, null, 2)}\n`)
  return path
}
