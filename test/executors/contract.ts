/** What every executor has to do, whatever stands behind it: an engine, real shells, and a manager with real processes. */
import { readFileSync, writeFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import type { Fleet } from "../../src/executors/fleet.ts"
import type { ExecutorParts } from "../../src/executors/parts.ts"
import type { Job, JobView } from "../../src/job/index.ts"
import type { JobStore } from "../../src/persist/store.ts"
import type { Native, Scheduler } from "../../src/schedulers/scheduler.ts"
import { FakeCluster, type Flavour, type Why } from "../support/fake-cluster.ts"
import * as stands from "../support/stand.ts"
import { Stand, submit } from "../support/stand.ts"

/** An executor under test. */
export interface Subject {
  readonly name: string
  /** How it is put together on this stand; with the manager, where there is one that a test can play with. */
  readonly parts: (stand: Stand) => { readonly parts: Partial<ExecutorParts>; readonly cluster: FakeCluster | null }
  /** Clauses that it can't keep, each with the reason. */
  readonly exceptions: Readonly<Partial<Record<Clause, string>>>
}

/** What an exception names. */
export const clauseTitles = [
  "a job runs once, its output comes back, and its native id is known",
  "exit codes and signals are told apart, also where an exit code looks like a signal",
  "the dialect finds a native by its token alone, and tells a stranger's from it",
  "what waits in the queue is queued, and starts by itself",
  "what is held in the queue is held until it is released",
  "what the manager suspends is suspended, and goes on",
  "cancelled before it starts, it never runs and leaves the queue",
  "cancelled while it runs, it ends",
  "cancelled while it runs and deaf to TERM, it ends by KILL",
  "a cancel that does not arrive is sent again",
  "cancelled by somebody else, it is cancelled, and says by whom it was not",
  "out of time: failed with cause timeout",
  "out of time with a record of the TERM before: failed with cause timeout",
  "out of memory: failed with cause out-of-memory",
  "preempted: failed with cause preempted",
  "its node is gone: failed with cause node-failure",
  "killed with its wrapper, and nobody says why: failed with cause signal",
  "a node that does not see the job directory: failed with cause launch",
  "what the manager refuses is rejected with its words; the next one goes",
  "a limit is waited out, visibly",
  "an answer that is lost after acceptance is found by its token, and it runs once",
  "an answer that is lost before acceptance leads to a fence and a replacement, and it runs once",
  "a native that the manager made twice is cancelled, and the other one runs",
  "a manager that is down changes health and no job",
  "answers that are cut short or empty are no look: nothing is fenced, ended or run twice",
  "noise around the answers hides no job",
  "a word that nobody knows changes nothing",
  "an id that was given to a stranger is not taken for ours, and the stranger is left alone",
  "an id beyond 2^53 is kept to its last digit",
  "accounting that lags keeps a job waiting, and ends it when it knows",
  "what had started and is known to nobody any more is lost, with what was asked",
  "killed, a controller is followed by another on its state directory, and each job runs once",
  "a manager in working order says who it is",
] as const

export type Clause = (typeof clauseTitles)[number]

/** A dialect over the fake command that plays its manager. */
export function dialect(flavour: Flavour, scheduler: Scheduler, exceptions: Subject["exceptions"] = {}): Subject {
  return {
    name: scheduler.name,
    exceptions,
    parts: (stand) => {
      const cluster = new FakeCluster(stand.folder, flavour)
      stand.atEnd.push(() => cluster[Symbol.dispose]())
      return { parts: { scheduler, transport: cluster.transport(stand.clock) }, cluster }
    },
  }
}

export function executorContract(subject: Subject): void {
  const { exceptions } = subject
  describe.concurrent(`${subject.name} keeps the contract of an executor`, () => {
    for (const clause of clauseTitles) {
      const keep = clauses[clause]
      const reason = exceptions[clause]
      if (reason !== undefined) test.skip(`${clause} (not here: ${reason})`, () => undefined)
      else test(clause, { timeout: 120_000 }, async () => inTurn(() => run(subject, keep)))
    }
  })
}

/** More at a time than that wait for one another's processes. */
const atATime = 5
let free = atATime
const queue: (() => void)[] = []

async function inTurn(work: () => Promise<void>): Promise<void> {
  if (free > 0) free -= 1
  else await new Promise<void>((resolve) => queue.push(resolve))
  try {
    await work()
  } finally {
    const next = queue.shift()
    if (next === undefined) free += 1
    else next()
  }
}

async function run(subject: Subject, keep: (bench: Bench) => Promise<void>): Promise<void> {
  await using stand = new Stand()
  const { parts, cluster } = subject.parts(stand)
  // Each question costs forks, and the processes of several tests share the machine.
  const pace = { sweepMsMin: 1_500, sweepMsMax: 3_000, hintMs: 1_500, askMsMin: 0, gatherMs: 20, killAfterMs: 6_000 }
  const judgeLimits = { graceMs: 3_000, recordMs: 3_000, wordMs: 3_000, absenceMs: 3_000, absenceLooks: 3 }
  await keep(new Bench(stand, cluster, { pace, judgeLimits, ...parts }))
}

class Bench {
  readonly stand: Stand
  readonly #cluster: FakeCluster | null
  readonly #parts: Partial<ExecutorParts>

  constructor(stand: Stand, cluster: FakeCluster | null, parts: Partial<ExecutorParts>) {
    this.stand = stand
    this.#cluster = cluster
    this.#parts = parts
  }

  get cluster(): FakeCluster {
    if (this.#cluster === null) throw new Error("There is no manager to play with: make it an exception.")
    return this.#cluster
  }

  /** The dialect itself. */
  get scheduler(): Scheduler {
    if (this.#parts.scheduler === undefined) throw new Error("A subject names its scheduler.")
    return this.#parts.scheduler
  }

  fleet(store?: JobStore, name?: string, changes: Partial<ExecutorParts> = {}): Promise<Fleet> {
    return this.stand.fleet({ ...this.#parts, ...changes }, store, name)
  }

  /** Prints `word`, then this. */
  script(word: string, then: string): readonly string[] {
    return this.stand.leaving(word, then)
  }

  /** Runs until the test lets it go, or somebody ends it. */
  waiting(word: string): readonly string[] {
    return this.script(word, `while [ ! -e '${this.stand.path("go")}' ]; do sleep 0.1; done; echo gone`)
  }

  go(): void {
    writeFileSync(this.stand.path("go"), "")
  }

  /** A job that the manager runs, and that has begun. */
  async running(fleet: Fleet, command: readonly string[] = this.waiting("a")): Promise<Job & { native: Native }> {
    const { id } = await submit(fleet, { command })
    await until(() => this.stand.ran.includes("a"))
    return withNative(await when(fleet, id, ({ state }) => state === "running"))
  }

  /** A job that waits in the manager's queue. */
  async queued(fleet: Fleet, command: readonly string[] = this.script("a", ":")): Promise<Job & { native: Native }> {
    this.cluster.pause()
    const { id } = await submit(fleet, { command })
    return withNative(await when(fleet, id, ({ state }) => state === "queued"))
  }

  /** One job to its end. */
  async ended(fleet: Fleet, command: readonly string[]): Promise<JobView> {
    return ended(fleet, await submit(fleet, { command }))
  }
}

function withNative(job: Job): Job & { native: Native } {
  const attempt = job.attempts.at(-1)
  if (attempt === undefined) throw new Error("It has no attempt.")
  const { token, nativeName, nativeId, directory } = attempt
  return { ...job, native: { token, nativeName, nativeId, directory } }
}

/** What stands before the first dot is the number that the fake calls it by. */
function numberOf({ native: { nativeId } }: { readonly native: Native }): string {
  return nativeId?.split(".")[0] ?? ""
}

/** The manager ends what runs of it, for a reason of its own; its wrapper is gone without a word. */
async function endedBy(bench: Bench, why: Why): Promise<JobView> {
  const fleet = await bench.fleet()
  const job = await bench.running(fleet)
  bench.cluster.end(numberOf(job), why)
  return ended(fleet, job)
}

const clauses: Readonly<Record<Clause, (bench: Bench) => Promise<void>>> = {
  "a job runs once, its output comes back, and its native id is known": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.ended(fleet, bench.script("a", ":"))
    expect(job).toMatchObject({ state: "completed", cause: null, exitCode: 0, health: "up" })
    expect(job.nativeId).toMatch(/^\S+$/)
    expect(readFileSync(job.stdout, "utf8")).toBe("a\n")
    expect(bench.stand.ran).toEqual(["a"])
    expect(fleet.isIdle).toBe(true)
  },

  "exit codes and signals are told apart, also where an exit code looks like a signal": async (bench) => {
    const fleet = await bench.fleet()
    const jobs = await Promise.all(
      ["exit 7", "exit 137", "kill -s KILL $$", "kill -s SEGV $$"].map((then) =>
        bench.ended(fleet, bench.script("a", then)),
      ),
    )
    expect(jobs.map(({ state, cause, exitCode, signal }) => [state, cause, exitCode, signal])).toEqual([
      ["failed", "exit", 7, null],
      ["failed", "exit", 137, null],
      ["failed", "signal", null, "KILL"],
      ["failed", "signal", null, "SEGV"],
    ])
  },

  "the dialect finds a native by its token alone, and tells a stranger's from it": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    bench.cluster.stranger("7777")
    const looks = bench.scheduler.look([{ ...job.native, nativeId: null }], 0)
    const seen = looks.map((look) => bench.cluster.carryOut(look))
    expect(seen.every(({ coverage }) => coverage !== "partial")).toBe(true)
    const found = seen.flatMap(({ evidence }) => evidence)
    expect(new Set(found.map(({ token, nativeId }) => `${token} ${nativeId}`))).toEqual(
      new Set([`${job.native.token} ${job.native.nativeId}`]),
    )
    bench.go()
    await ended(fleet, job)
  },

  "what waits in the queue is queued, and starts by itself": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.queued(fleet)
    expect(bench.stand.ran).toEqual([])
    bench.cluster.unpause()
    expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
  },

  "what is held in the queue is held until it is released": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.queued(fleet)
    for (const command of bench.scheduler.hold([job.native]) ?? []) bench.cluster.carryOut(command)
    await when(fleet, job.id, ({ state }) => state === "held")
    bench.cluster.unpause()
    for (const command of bench.scheduler.release([job.native]) ?? []) bench.cluster.carryOut(command)
    expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
  },

  "what the manager suspends is suspended, and goes on": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    bench.cluster.suspend(numberOf(job))
    await when(fleet, job.id, ({ state }) => state === "suspended")
    bench.cluster.resume(numberOf(job))
    await when(fleet, job.id, ({ state }) => state === "running")
    bench.go()
    expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
  },

  "cancelled before it starts, it never runs and leaves the queue": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.queued(fleet)
    await fleet.cancel([job.id])
    expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
    await until(() => bench.cluster.natives().every(({ state }) => state === "ended"))
    bench.cluster.unpause()
    expect(bench.stand.ran).toEqual([])
  },

  "cancelled while it runs, it ends": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    await fleet.cancel([job.id])
    expect(await ended(fleet, job)).toMatchObject({ state: "cancelled", cause: null, attempt: 1 })
  },

  "cancelled while it runs and deaf to TERM, it ends by KILL": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet, bench.script("a", "trap : TERM INT; while :; do sleep 0.1; done"))
    await fleet.cancel([job.id])
    expect(await ended(fleet, job)).toMatchObject({ state: "cancelled", attempt: 1 })
  },

  "a cancel that does not arrive is sent again": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    bench.cluster.fault("cancel", "down")
    await fleet.cancel([job.id])
    expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
    expect(bench.cluster.calls("cancel")).toBeGreaterThan(1)
  },

  "cancelled by somebody else, it is cancelled, and says by whom it was not": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    bench.cluster.end(numberOf(job), "cancelled", "TERM")
    const end = await ended(fleet, job)
    expect(end).toMatchObject({ state: "cancelled" })
    expect(end.reason).toMatch(/\S/)
  },

  "out of time: failed with cause timeout": async (bench) => {
    expect(await endedBy(bench, "timeout")).toMatchObject({ state: "failed", cause: "timeout" })
  },

  "out of time with a record of the TERM before: failed with cause timeout": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    bench.cluster.end(numberOf(job), "timeout", "TERM")
    expect(await ended(fleet, job)).toMatchObject({ state: "failed", cause: "timeout" })
  },

  "out of memory: failed with cause out-of-memory": async (bench) => {
    expect(await endedBy(bench, "out-of-memory")).toMatchObject({ state: "failed", cause: "out-of-memory" })
  },

  "preempted: failed with cause preempted": async (bench) => {
    expect(await endedBy(bench, "preempted")).toMatchObject({ state: "failed", cause: "preempted" })
  },

  "its node is gone: failed with cause node-failure": async (bench) => {
    expect(await endedBy(bench, "node-failure")).toMatchObject({ state: "failed", cause: "node-failure" })
  },

  "killed with its wrapper, and nobody says why: failed with cause signal": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    const pid = Number(readFileSync(`${bench.cluster.state}/natives/${numberOf(job)}/pid`, "utf8"))
    writeFileSync(`${bench.cluster.state}/natives/${numberOf(job)}/signal`, "9\n")
    process.kill(-pid, "SIGKILL")
    expect(await ended(fleet, job)).toMatchObject({ state: "failed", cause: "signal", signal: "KILL" })
  },

  "a node that does not see the job directory: failed with cause launch": async (bench) => {
    const fleet = await bench.fleet()
    bench.cluster.blind()
    const job = await submit(fleet, { command: bench.script("a", ":") })
    expect(await ended(fleet, job)).toMatchObject({ state: "failed", cause: "launch", exitCode: null })
  },

  "what the manager refuses is rejected with its words; the next one goes": async (bench) => {
    const fleet = await bench.fleet()
    bench.cluster.fault("submit", "rejected")
    const job = await bench.ended(fleet, bench.script("a", ":"))
    expect(job).toMatchObject({ state: "failed", cause: "rejected" })
    expect(job.reason).toMatch(/queue|resources/i)
    expect(await bench.ended(fleet, bench.script("b", ":"))).toMatchObject({ state: "completed" })
  },

  "a limit is waited out, visibly": async (bench) => {
    const fleet = await bench.fleet()
    bench.cluster.fault("submit", "limit")
    const { id } = await submit(fleet, { command: bench.script("a", ":") })
    await when(fleet, id, ({ waiting }) => waiting !== null)
    expect(await ended(fleet, { id })).toMatchObject({ state: "completed", attempt: 1 })
  },

  "an answer that is lost after acceptance is found by its token, and it runs once": async (bench) => {
    const fleet = await bench.fleet()
    bench.cluster.fault("submit", "lost-after")
    const { id } = await submit(fleet, { command: bench.script("a", ":") })
    const job = await ended(fleet, { id })
    expect(job).toMatchObject({ state: "completed" })
    expect(fleet.job(id).attempts).toHaveLength(1)
    expect(bench.stand.ran).toEqual(["a"])
    expect(bench.cluster.natives()).toHaveLength(1)
  },

  "an answer that is lost before acceptance leads to a fence and a replacement, and it runs once": async (bench) => {
    const fleet = await bench.fleet()
    bench.cluster.fault("submit", "lost-before")
    const { id } = await submit(fleet, { command: bench.script("a", ":") })
    expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
    expect(fleet.job(id).attempts.map(({ fence }) => fence)).toEqual(["won", null])
    expect(bench.stand.ran).toEqual(["a"])
  },

  "a native that the manager made twice is cancelled, and the other one runs": async (bench) => {
    const fleet = await bench.fleet()
    bench.cluster.pause()
    bench.cluster.fault("submit", "double")
    const { id } = await submit(fleet, { command: bench.script("a", ":") })
    await until(() => bench.cluster.natives().some(({ why }) => why === "cancelled"))
    bench.cluster.unpause()
    expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
    expect(bench.stand.ran).toEqual(["a"])
  },

  "a manager that is down changes health and no job": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    bench.cluster.down(true)
    await until(async () => (await fleet.show(job.id)).health !== "up")
    expect(fleet.job(job.id)).toMatchObject({ state: "running" })
    const next = await submit(fleet, { command: bench.script("b", ":") })
    bench.cluster.down(false)
    bench.go()
    for (const one of [job, next]) expect(await ended(fleet, one)).toMatchObject({ state: "completed", attempt: 1 })
    expect(bench.stand.ran).toEqual(["a", "b"])
  },

  "answers that are cut short or empty are no look: nothing is fenced, ended or run twice": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.queued(fleet)
    for (const kind of ["cut", "empty"] as const) {
      bench.cluster.fault("list", kind, "always")
      bench.cluster.fault("history", kind, "always")
      const before = bench.cluster.calls("list")
      await until(() => bench.cluster.calls("list") > before + 8)
    }
    expect(fleet.job(job.id)).toMatchObject({ state: "queued", attempts: [{ fence: null }] })
    bench.cluster.fault("list", null)
    bench.cluster.fault("history", null)
    bench.cluster.unpause()
    expect(await ended(fleet, job)).toMatchObject({ state: "completed", attempt: 1 })
  },

  "noise around the answers hides no job": async (bench) => {
    const fleet = await bench.fleet()
    bench.cluster.fault("list", "noise", "always")
    bench.cluster.fault("history", "noise", "always")
    const job = await bench.running(fleet)
    bench.cluster.end(numberOf(job), "timeout")
    expect(await ended(fleet, job)).toMatchObject({ state: "failed", cause: "timeout" })
  },

  "a word that nobody knows changes nothing": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    const word = bench.scheduler.name === "htcondor" ? "77" : "FROLICKING"
    bench.cluster.says(numberOf(job), word)
    await until(async () => JSON.stringify(await fleet.explain(job.id)).includes(word))
    expect(fleet.job(job.id)).toMatchObject({ state: "running" })
    bench.cluster.says(numberOf(job), null)
    bench.go()
    expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
  },

  "an id that was given to a stranger is not taken for ours, and the stranger is left alone": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.queued(fleet)
    const number = numberOf(job)
    bench.cluster.forget(number)
    bench.cluster.stranger(number)
    bench.cluster.next("8888")
    bench.cluster.unpause()
    expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
    expect(fleet.job(job.id).attempts.map(({ fence }) => fence)).toEqual(["won", null])
    expect(bench.stand.ran).toEqual(["a"])
    const stranger = bench.cluster.natives().find(({ id }) => id === number)
    expect(stranger).toMatchObject({ name: "somebody-elses", state: "running", why: null })
  },

  "an id beyond 2^53 is kept to its last digit": async (bench) => {
    const fleet = await bench.fleet()
    bench.cluster.next("9007199254740993")
    const job = await bench.running(fleet)
    expect(numberOf(job)).toBe("9007199254740993")
    await fleet.cancel([job.id])
    expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
    expect(bench.cluster.natives().map(({ id }) => id)).toEqual(["9007199254740993"])
  },

  "accounting that lags keeps a job waiting, and ends it when it knows": async (bench) => {
    const fleet = await bench.fleet(undefined, undefined, {
      judgeLimits: { graceMs: 3_000, recordMs: 3_000, wordMs: 3_000, absenceMs: 300_000, absenceLooks: 3 },
    })
    const job = await bench.running(fleet)
    bench.cluster.lag(true)
    bench.cluster.end(numberOf(job), "timeout")
    const before = bench.cluster.calls("list")
    await until(() => bench.cluster.calls("list") > before + 8)
    expect(fleet.job(job.id)).toMatchObject({ state: "running" })
    bench.cluster.lag(false)
    expect(await ended(fleet, job)).toMatchObject({ state: "failed", cause: "timeout" })
  },

  "what had started and is known to nobody any more is lost, with what was asked": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    bench.cluster.forget(numberOf(job))
    const end = await ended(fleet, job)
    expect(end).toMatchObject({ state: "failed", cause: "lost" })
    expect(end.reason).toContain("complete looks")
  },

  "killed, a controller is followed by another on its state directory, and each job runs once": async (bench) => {
    const first = await bench.fleet(await bench.stand.journal("one"), "one")
    const jobs = [
      await submit(first, { command: bench.script("a", ":") }, { key: "a" }),
      await submit(first, { command: bench.waiting("b") }, { key: "b" }),
      await submit(first, { command: bench.waiting("c") }, { key: "c" }),
    ]
    await ended(first, jobs[0]!)
    for (const { id } of jobs.slice(1)) await when(first, id, ({ state }) => state === "running")
    // As it lies there at the time of the kill; what the first one writes afterwards is nobody's.
    bench.stand.copyState("one", "two")
    await first[Symbol.asyncDispose]()
    const second = await bench.fleet(await bench.stand.journal("two"), "two")
    await second.cancel([jobs[2]!.id])
    expect(await ended(second, jobs[2]!)).toMatchObject({ state: "cancelled", attempt: 1 })
    bench.go()
    expect(await ended(second, jobs[1]!)).toMatchObject({ state: "completed", attempt: 1 })
    expect(second.job(jobs[0]!.id)).toMatchObject({ state: "completed" })
    expect(bench.stand.ran).toEqual(["a", "b", "c"])
  },

  "a manager in working order says who it is": async (bench) => {
    const { version, facts } = bench.cluster.carryOut(bench.scheduler.probe())
    expect(version).toMatch(/\S/)
    expect(Object.keys(facts).length).toBeGreaterThan(0)
    bench.cluster.down(true)
    expect(() => bench.cluster.carryOut(bench.scheduler.queue([]))).toThrow(/down|connect/i)
  },
}

/** Several of these run at a time, each with processes of its own: on a busy machine that takes its time. */
const limitMs = 60_000

function ended(fleet: Fleet, job: { readonly id: string }): Promise<JobView> {
  return stands.ended(fleet, job, limitMs)
}

function when(fleet: Fleet, id: string, holds: (job: Job) => boolean): Promise<Job> {
  return stands.when(fleet, id, holds, limitMs)
}

/** `expect.poll` knows one test at a time. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = systemClock.now() + limitMs; systemClock.now() < end; await systemClock.sleep(50)) {
    if (await holds()) return
  }
  throw new Error(`It never came true: ${holds.toString()}`)
}
