/** One workflow of 30 jobs under each manager: one word of hawser.yaml differs, and what comes out does not. */
import { readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { describe, expect, test } from "vitest"
import type { JobView } from "../../src/job/index.ts"
import { type Study, study } from "../support/cli.ts"
import { Trace, clusterConfig, until } from "../support/cluster.ts"
import { FluxOfRig, noFluxOfRig } from "../support/flux/of-rig.ts"
import { fluxProgram } from "../support/flux/instance.ts"
import { gridEngine } from "../support/gridengine.ts"
import { noOar } from "../support/oar/rig.ts"
import { type Rig, rig } from "../support/rig.ts"

const skipped = typeof rig === "string"
const target = rig as Rig

const managers: readonly Manager[] = [
  { word: "process", ends: ["TERM"], isMissing: skipped },
  // It has to be told its hosts.
  { word: "mpi", ends: ["TERM"], isMissing: skipped, more: ["hosts: [localhost:4]"] },
  { word: "slurm", ends: ["TERM"], isMissing: skipped },
  // It knows no gentler one.
  { word: "sge", ends: ["KILL"], isMissing: typeof gridEngine === "string" },
  // TERM is Hawser's, who cancels; a walltime ends by KILL.
  { word: "oar", ends: ["TERM", "KILL"], isMissing: noOar !== null, config: oarOfRig },
  // ALRM says that the walltime is over.
  { word: "flux", ends: ["TERM", "ALRM"], isMissing: noFluxOfRig !== null, start: () => FluxOfRig.start(target) },
  // An instance of our own in an allocation of the rig's Slurm.
  { word: "flux-in-slurm", ends: ["TERM", "ALRM"], isMissing: noFluxOfRig !== null, config: fluxInSlurm },
]

interface Manager {
  /** Of hawser.yaml. */
  readonly word: string
  /** The signals by which it ends what is cancelled or out of time. */
  readonly ends: readonly string[]
  readonly isMissing: boolean
  readonly more?: readonly string[]
  /** Of hawser.yaml; absent: the word alone differs. */
  readonly config?: () => string
  /** Absent: it is part of the rig. */
  readonly start?: () => Promise<AsyncDisposable>
}

const points = Array.from({ length: 26 }, (_, index) => `point/${index}`)
const keys = ["failing", "timed-out", "cancelled", "retried", ...points]

/** What is to be the same, by manager. */
const outcomes = new Map<string, unknown>()

describe.concurrent("a workflow of 30 jobs whose controller is killed half way", () => {
  for (const manager of managers)
    test.skipIf(manager.isMissing)(`under ${manager.word}`, { timeout: 420_000 }, () => playUnder(manager))
})

async function playUnder(manager: Manager): Promise<void> {
  const started = await manager.start?.()
  try {
    await play(manager)
  } finally {
    await started?.[Symbol.asyncDispose]()
  }
}

/** A login with this on its PATH. */
function loginWith(folder: string): string {
  const { host, port, user, identityFile, knownHostsFile } = target
  const options = ["-F", "none", "-o", "BatchMode=yes", "-o", `UserKnownHostsFile=${knownHostsFile}`]
  const login = `PATH=${folder}:$PATH exec sh`
  return JSON.stringify(["ssh", ...options, "-i", identityFile, "-p", String(port), `${user}@${host}`, login])
}

function oarOfRig(): string {
  return `default: hpc\nexecutors:\n  hpc: {scheduler: oar, transport: {command: ${loginWith(join(target.dir, "oar/bin"))}}}\n`
}

/** The rig's Slurm, and beside it a Flux whose instances are jobs there. */
function fluxInSlurm(): string {
  return `default: hpc
executors:
  cluster: {scheduler: slurm, transport: {command: ${loginWith(dirname(fluxProgram ?? ""))}}}
  hpc:
    scheduler: flux
    instance: {on: cluster, cores: 4, walltime: 15m, idle: 20s}
`
}

async function play({ word, ends, more = [], config }: Manager): Promise<void> {
  await using trace = new Trace()
  const plain = clusterConfig(target, { more }).replace("scheduler: slurm", `scheduler: ${word}`)
  await using work = await study(config?.() ?? plain)
  await write(work, trace)
  const { code, stderr } = await work.hawser(["batch", "workflow.jsonl"])
  expect({ code, stderr }).toMatchObject({ code: 0 })
  await until("a third is over", async () => (await overIn(work)) >= 10, 120_000)
  await until(
    "the one to be cancelled runs",
    async () => (await work.json<JobView>("show", "cancelled", "--json")).state === "running",
    120_000,
  )
  await work.killController()
  expect((await work.hawser(["cancel", "cancelled"])).code).toBe(0)
  expect((await work.hawser(["wait", "--all", "--timeout", "300s"])).code).toBe(1)
  outcomes.set(word, await outcomeOf(work, ends))
  const runs = (await trace.runs()).map((line) => line.split(" ")[0])
  expect(runs.toSorted()).toEqual([...keys, "retried"].toSorted())
}

test.skipIf(skipped)("it comes to the same end under each manager", () => {
  const [first = "", ...others] = managers.filter(({ isMissing }) => !isMissing).map(({ word }) => word)
  expect(outcomes.get(first)).toMatchObject(keys.map((key) => ({ key })).toSorted(byKey))
  for (const other of others) expect(outcomes.get(other), other).toEqual(outcomes.get(first))
})

/** `workflow.jsonl`, and a file that each job gets. */
async function write(work: Study, trace: Trace): Promise<void> {
  await work.write("points.txt", Array.from({ length: 100 }, (_, index) => `${index} ${index ** 2}\n`).join(""))
  // No memory: Flux has no word for it.
  const resources = { tasks: 1, walltime: "2m" }
  // One process: a shell whose child is ended first would exit with a code of its own.
  const endless = `${trace.payload(0)}exec sleep 600\n`
  const ends: Readonly<Record<string, object>> = {
    failing: { script: `${trace.payload(0)}echo wrong >&2\nexit 3\n` },
    "timed-out": { script: endless, resources: { ...resources, walltime: "1m" } },
    cancelled: { script: endless },
    retried: {
      script: `${trace.payload(0)}[ "$HAWSER_ATTEMPT" = 2 ] || exit 4\necho again >again.txt\n`,
      outputs: ["again.txt"],
      retry: { maxAttempts: 2, on: [{ exitCode: [4] }] },
    },
  }
  const jobs = keys.map((key, index) => ({
    key,
    // Each is one process; mpirun would have words of its own for how it ended.
    launcher: "none",
    inputs: ["points.txt"],
    outputs: ["sum.txt", "sub/**"],
    script: `${trace.payload(1)}awk -v n=${index} '{ sum += n * $2 } END { print sum }' points.txt >sum.txt\nmkdir sub && echo "$HAWSER_KEY" >sub/key.txt\n`,
    resources,
    ...ends[key],
  }))
  await work.write("workflow.jsonl", jobs.map((job) => `${JSON.stringify(job)}\n`).join(""))
}

/** Its own: what they run in may be a job too. */
async function jobsOf(work: Study): Promise<readonly JobView[]> {
  return (await work.jobs()).filter(({ serves }) => serves === null)
}

async function overIn(work: Study): Promise<number> {
  return (await jobsOf(work)).filter(({ state }) => ["completed", "failed", "cancelled"].includes(state)).length
}

/** The jobs as `--json` has them, and the files that came back; without ids, times, places and native words. */
async function outcomeOf(work: Study, ends: readonly string[]): Promise<readonly unknown[]> {
  const jobs = await jobsOf(work)
  const asSaid = (signal: string | null): string | null =>
    signal !== null && ends.includes(signal) ? "the manager's" : signal
  const told = jobs.map(async (job) => ({
    key: job.key,
    state: job.state,
    cause: job.cause,
    exitCode: job.exitCode,
    signal: asSaid(job.signal),
    attempt: job.attempt,
    attempts: job.attempts.map(
      ({ number, replacement, submission, state, cause, exitCode, signal, restarts, resources }) => ({
        number,
        replacement,
        submission,
        state,
        cause,
        exitCode,
        signal: asSaid(signal),
        restarts,
        resources,
      }),
    ),
    cancelRequested: job.cancelRequested,
    notes: job.notes,
    resources: job.resources,
    files: await Promise.all(
      ["stdout", "stderr", "sum.txt", "sub/key.txt", "again.txt"].map((name) => textIn(job.directory, name)),
    ),
  }))
  return (await Promise.all(told)).toSorted(byKey)
}

function byKey(one: { readonly key: string }, other: { readonly key: string }): number {
  return one.key < other.key ? -1 : 1
}

async function textIn(folder: string, name: string): Promise<string | null> {
  return readFile(join(folder, name), "utf8").catch(() => null)
}
