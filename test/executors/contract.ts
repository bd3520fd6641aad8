/** What every executor has to do, whatever stands behind it: an engine, real shells, and a manager with real processes. */
import { describe, test } from "vitest"
import type { ExecutorParts } from "../../src/executors/parts.ts"
import type { Scheduler } from "../../src/schedulers/scheduler.ts"
import { FakeCluster, type Flavour } from "../support/fake-cluster.ts"
import { Stand } from "../support/stand.ts"
import type { TameManager } from "../support/tame-manager.ts"
import { Bench, type Clauses } from "./bench.ts"
import { clausesOfLife } from "./clauses.ts"
import { clausesOfTrouble } from "./troubles.ts"

/** An executor under test. */
export interface Subject {
  readonly name: string
  /** How it is put together on this stand; with the manager, where there is one that a test can play with. */
  readonly parts: (stand: Stand) => Promise<Parts> | Parts
  /** Clauses that it can't keep, by title, each with the reason. */
  readonly exceptions: Readonly<Record<string, string>>
  /** More at a time than that wait for one another's processes. Default 5. */
  readonly atATime?: number
  /** Times as fast as on the manager's host; a manager that takes its time for answers needs less of it. Default 10. */
  readonly clockFactor?: number
}

interface Parts {
  readonly parts: Partial<ExecutorParts>
  readonly cluster: TameManager | null
}

export const clauses: Clauses = { ...clausesOfLife, ...clausesOfTrouble }

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
  const { exceptions, atATime = 5 } = subject
  const inTurn = turns(atATime)
  const stray = Object.keys(exceptions).find((title) => !Object.hasOwn(clauses, title))
  if (stray !== undefined) throw new Error(`No clause is called "${stray}".`)
  describe.concurrent(`${subject.name} keeps the contract of an executor`, () => {
    for (const [clause, keep] of Object.entries(clauses)) {
      const reason = exceptions[clause]
      if (reason !== undefined) test.skip(`${clause} (not here: ${reason})`, () => undefined)
      else test(clause, { timeout: 120_000 }, async () => inTurn(() => onBench(subject, keep)))
    }
  })
}

/** Runs so many at a time, in their order. */
function turns(atATime: number): (work: () => Promise<void>) => Promise<void> {
  let free = atATime
  const queue: (() => void)[] = []
  return async (work) => {
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
}

/** What only one kind of executor has to do. */
export async function onBench(subject: Subject, keep: (bench: Bench) => Promise<void>): Promise<void> {
  await using stand = new Stand(subject.clockFactor)
  const { parts, cluster } = await subject.parts(stand)
  // Each question costs forks, and the processes of several tests share the machine.
  const pace = { sweepMsMin: 1_500, sweepMsMax: 3_000, hintMs: 1_500, askMsMin: 0, gatherMs: 20, killAfterMs: 6_000 }
  const judgeLimits = { graceMs: 3_000, recordMs: 3_000, wordMs: 3_000, absenceMs: 3_000, absenceLooks: 3 }
  await keep(new Bench(stand, cluster, { pace, judgeLimits, ...parts }))
}
