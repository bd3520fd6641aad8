/** What a clause of the contract of executors works with: a stand, an executor on it, and the manager, where there is one to play with. */
import { writeFileSync } from "node:fs"
import { systemClock } from "../../src/clock.ts"
import type { Fleet } from "../../src/executors/fleet.ts"
import type { ExecutorParts } from "../../src/executors/parts.ts"
import type { Job, JobView } from "../../src/job/index.ts"
import type { JobStore } from "../../src/persist/store.ts"
import type { Native, Scheduler } from "../../src/schedulers/scheduler.ts"
import { type Stand, ended, submit, when } from "../support/stand.ts"
import type { TameManager, Why } from "../support/tame-manager.ts"

/** By title. */
export type Clauses = Readonly<Record<string, (bench: Bench) => Promise<void>>>

export class Bench {
  readonly stand: Stand
  readonly #cluster: TameManager | null
  readonly #parts: Partial<ExecutorParts>

  constructor(stand: Stand, cluster: TameManager | null, parts: Partial<ExecutorParts>) {
    this.stand = stand
    this.#cluster = cluster
    this.#parts = parts
  }

  get cluster(): TameManager {
    if (this.#cluster === null) throw new Error("There is no manager to play with: make it an exception.")
    return this.#cluster
  }

  /** The dialect itself. */
  get scheduler(): Scheduler {
    if (this.#parts.scheduler === undefined) throw new Error("A subject names its scheduler.")
    return this.#parts.scheduler
  }

  /** Longer than nobody may have seen a native before it counts as gone. */
  async absenceIsOver(): Promise<void> {
    const absenceMs = this.#parts.judgeLimits?.absenceMs
    if (absenceMs === undefined) throw new Error("A subject names its limits.")
    await this.stand.clock.sleep(2 * absenceMs)
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

  /** The same, and the manager may end it for that reason. */
  doomed(fleet: Fleet, why: Why, signal?: "TERM" | "KILL"): Promise<Job & { native: Native }> {
    this.cluster.foresee?.(why, signal)
    return this.running(fleet)
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
export function numberOf({ native: { nativeId } }: { readonly native: Native }): string {
  return nativeId?.split(".")[0] ?? ""
}

/** The manager ends what runs of it, for a reason of its own; its wrapper is gone without a word. */
export async function endedBy(bench: Bench, why: Why): Promise<JobView> {
  const fleet = await bench.fleet()
  const job = await bench.doomed(fleet, why)
  bench.cluster.end(numberOf(job), why)
  return ended(fleet, job)
}

/** Several of these run at a time, each with processes of its own: on a busy machine that takes its time. */
const limitMs = 50_000

/** `expect.poll` knows one test at a time. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = systemClock.now() + limitMs; systemClock.now() < end; await systemClock.sleep(50)) {
    if (await holds()) return
  }
  throw new Error(`It never came true: ${holds.toString()}`)
}
