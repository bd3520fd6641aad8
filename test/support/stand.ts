/** A stand for the engine: a fleet over the fake manager, real shells, and a clock on which patience is short. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"
import { type Clock, systemClock } from "../../src/clock.ts"
import { Fleet } from "../../src/executors/fleet.ts"
import type { ExecutorParts } from "../../src/executors/parts.ts"
import type { HawserApi, SubmitRequest } from "../../src/executors/api.ts"
import { none } from "../../src/launchers/none.ts"
import type { AnyEvent, Job, JobView } from "../../src/job/index.ts"
import { type Host, openStore, systemHost } from "../../src/persist/index.ts"
import { memoryStore } from "../../src/persist/memory.ts"
import type { JobStore } from "../../src/persist/store.ts"
import { localTransport } from "../../src/transport/local.ts"
import { homeName } from "../../src/remote/layout.ts"
import { FakeManager, fakeScheduler } from "./fake-scheduler.ts"

/** Time passes ten times as fast as on the manager's host; what a test has set the wall clock off by comes on top. */
export function fastClock(factor = 10): Clock & { jump(ms: number): void } {
  const began = { now: systemClock.now(), monotonic: systemClock.monotonic() }
  let offset = 0
  return {
    ...systemClock,
    now: () => Math.floor(began.now + (systemClock.monotonic() - began.monotonic) * factor + offset),
    monotonic: () => systemClock.monotonic() * factor,
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
    jump: (ms) => {
      offset += ms
    },
  }
}

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly facts: object
}

export class Stand implements AsyncDisposable {
  readonly folder: string
  readonly manager: FakeManager
  readonly clock: ReturnType<typeof fastClock>
  readonly log: LogLine[] = []
  /** Called before the fleets are closed. */
  readonly atEnd: (() => void | Promise<void>)[] = []
  readonly #fleets: Fleet[] = []

  /** `factor`: how many times as fast as on the manager's host time passes here. */
  constructor(factor = 10) {
    this.clock = fastClock(factor)
    this.folder = mkdtempSync(join(tmpdir(), "hawser-engine-"))
    this.manager = new FakeManager(join(this.folder, "manager"))
    mkdirSync(join(this.folder, "base"))
  }

  /** No job has shown yet that a guard stops a native (PROTOCOL 8). */
  isUnshown = false

  /** One more controller: over a store in memory, or over `store`. */
  async fleet(changes: Partial<ExecutorParts> = {}, store?: JobStore, name = "state"): Promise<Fleet> {
    const { clock } = this
    const parts: ExecutorParts = {
      name: "fake",
      scheduler: fakeScheduler(this.manager),
      transport: localTransport(clock),
      launcherFor: () => none,
      defaults: {},
      limits: { maxQueued: null, maxSubmitPerMinute: null, capacity: null },
      root: join(this.folder, "root"),
      // In the clock's milliseconds.
      pace: { sweepMsMin: 500, sweepMsMax: 1_000, hintMs: 500, askMsMin: 0, gatherMs: 20, killAfterMs: 5_000 },
      judgeLimits: { graceMs: 3_000, recordMs: 3_000, absenceMs: 1_000, absenceLooks: 3 },
      retentionMs: null,
      ...changes,
    }
    const line =
      (level: string) =>
      (facts: object, message: string): void =>
        void this.log.push({ level, facts, message })
    const fleet = new Fleet({
      stateDirectory: join(this.folder, name),
      store: store ?? (await this.#shown(await memoryStore({ clock }))),
      executors: new Map([["fake", parts]]),
      defaultExecutor: "fake",
      clock,
      log: { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") },
      onDown: () => undefined,
    })
    this.#fleets.push(fleet)
    return fleet
  }

  /** Whoever had it is dead. */
  async journal(name = "state"): Promise<JobStore> {
    return this.#shown(await openStore(join(this.folder, name), { clock: this.clock, host: deadHost }))
  }

  /** As if a job had started there before. */
  async #shown(store: JobStore): Promise<JobStore> {
    const root = join(realpathSync(this.folder), "root", homeName(store.identity.stateId, "fake"))
    const visible = { executor: "fake", type: "visible", root, machine: machineName(), shownBy: null } as const
    if (!this.isUnshown) await store.append([visible])
    return store
  }

  /** The state directory as a crash would leave it. */
  copyState(from: string, to: string): void {
    cpSync(join(this.folder, from), join(this.folder, to), { recursive: true })
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names)
  }

  /** A command that writes a line to `ran` and prints it. */
  leaving(word: string, then = ":"): readonly string[] {
    return ["sh", "-c", `echo "$1" >>"$0"; echo "$1"; ${then}`, this.path("ran"), word]
  }

  /** The lines that payloads have left. */
  get ran(): string[] {
    try {
      return readFileSync(this.path("ran"), "utf8").trim().split("\n").sort()
    } catch {
      return []
    }
  }

  /** What ends just now may still write; `maxRetries` tries the folder again, and not what has come into it. */
  async #remove(): Promise<void> {
    for (let tries = 20; ; tries -= 1) {
      try {
        return rmSync(this.folder, { recursive: true, force: true })
      } catch (error) {
        if (tries === 0) throw error
        await systemClock.sleep(50)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.atEnd) await end()
    await Promise.all(this.#fleets.map((fleet) => fleet[Symbol.asyncDispose]()))
    for (const { id } of this.manager.natives()) {
      const group = this.manager.group(id)
      try {
        if (group !== null) process.kill(-group, "SIGKILL")
      } catch {
        // It has ended.
      }
    }
    await this.#remove()
  }
}

const deadHost: Host = { ...systemHost, startTimeOf: () => Promise.resolve(null) }

/** As `hz_host` has it. */
function machineName(): string {
  const path = "/etc/machine-id"
  const [id = ""] = existsSync(path) ? readFileSync(path, "utf8").split("\n") : []
  return id === "" || id === "uninitialized" ? hostname() : id
}

/** Submits one job, which has to be taken. */
export async function submit(fleet: HawserApi, spec: object, request: Partial<SubmitRequest> = {}): Promise<JobView> {
  const [result] = await fleet.submit([{ spec, base: "/", ...request }])
  if (result?.ok !== true) throw new Error(`It was refused: ${JSON.stringify(result)}`)
  return result.job
}

/** Long enough for a machine that has ten other things to do; what never comes costs a failing test so long. */
const waitMsMax = 50_000

export async function ended(fleet: HawserApi, { id }: { readonly id: string }): Promise<JobView> {
  const signal = AbortSignal.timeout(waitMsMax)
  try {
    const [job] = await fleet.ended([id], signal)
    return job!
  } catch (cause) {
    if (!signal.aborted) throw cause
    throw new Error(`It never ended: ${JSON.stringify(await fleet.explain(id))}`, { cause })
  }
}

/** As soon as the job fulfils the condition: at once or after one of its events. */
export async function when(fleet: Fleet, id: string, holds: (job: Job) => boolean): Promise<Job> {
  const { store } = fleet.parts
  const now = store.jobs.get(id)
  if (now !== undefined && holds(now)) return now
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stop()
      const { state, waiting, reason } = store.jobs.get(id) ?? {}
      reject(new Error(`It never came true: ${holds.toString()} (${state}, ${waiting ?? reason})`))
    }, waitMsMax)
    const stop = store.subscribe(() => {
      const job = store.jobs.get(id)
      if (job === undefined || !holds(job)) return
      clearTimeout(timer)
      stop()
      resolve(job)
    })
  })
}

/** The events from now on. */
export function eventsOf(fleet: Fleet): AnyEvent[] {
  const events: AnyEvent[] = []
  fleet.parts.store.subscribe((more) => void events.push(...more))
  return events
}
