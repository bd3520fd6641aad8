/** Retention: what is old goes by itself, and what is not is left alone. */
import { expect, test } from "vitest"
import type { PruneRequest, PruneResult } from "../../src/executors/api.ts"
import type { ExecutorParts, FleetView } from "../../src/executors/parts.ts"
import { keepRetention } from "../../src/executors/retention.ts"
import { memoryStore } from "../../src/persist/memory.ts"
import { created, life } from "../persist/life.ts"
import { virtualClock } from "../support/virtual-clock.ts"

const dayMs = 86_400_000

/** A fleet with two jobs that are over and one that is not, whose executor keeps directories for so long. */
async function fleetWith(retentionMs: number | null, answer: (request: PruneRequest) => Promise<PruneResult>) {
  const clock = virtualClock()
  const store = await memoryStore({ clock })
  for (const event of [...life("1"), ...life("2"), created("3")]) await store.append([event])
  const requests: PruneRequest[] = []
  const warnings: string[] = []
  const log = { debug() {}, info() {}, warn: (_: object, text: string) => void warnings.push(text), error() {} }
  const executors = new Map([["hpc", { name: "hpc", retentionMs } as ExecutorParts]])
  const prune = async (request: PruneRequest): Promise<PruneResult> => {
    requests.push(request)
    return answer(request)
  }
  const manager = { aheadMs: 0 }
  const session = async () => ({ now: clock.now() + manager.aheadMs })
  const engine = () => ({ desk: { link: { session } } })
  const fleet = { parts: { clock, store, executors, log }, prune, engine } as unknown as FleetView
  const end = new AbortController()
  const over = keepRetention(fleet, end.signal)
  return {
    clock,
    manager,
    store,
    requests,
    warnings,
    over,
    async [Symbol.asyncDispose]() {
      end.abort()
      await over
      await store[Symbol.asyncDispose]()
    },
  }
}

test("what has ended long enough ago is pruned, by its ids and on the other side only", async () => {
  await using fleet = await fleetWith(14 * dayMs, async ({ names = [] }) => ({ pruned: names, kept: [] }))
  await fleet.clock.advance(13 * dayMs)
  expect(fleet.requests).toEqual([])
  await fleet.clock.advance(1 * dayMs + 3_600_000)
  expect(fleet.requests[0]).toEqual({ names: ["1", "2"], olderThanMs: 14 * dayMs, local: false, dryRun: false })
})

test("what is gone is not asked for again", async () => {
  await using fleet = await fleetWith(dayMs, async ({ names = [] }) => {
    await fleet.store.append(names.map((job) => ({ type: "pruned", job, where: "remote" })))
    return { pruned: names, kept: [] }
  })
  await fleet.clock.advance(3 * dayMs)
  expect(fleet.requests).toHaveLength(1)
})

test("a host that is away is asked another time", async () => {
  await using fleet = await fleetWith(dayMs, async () => Promise.reject(new Error("no route")))
  await fleet.clock.advance(dayMs + 3_600_000)
  expect(fleet.requests.length).toBeGreaterThan(1)
  expect(fleet.warnings).toHaveLength(fleet.requests.length)
})

test("without a retention nothing waits, and nothing is removed", async () => {
  await using fleet = await fleetWith(null, async () => Promise.reject(new Error("not to be called")))
  await fleet.over
  await fleet.clock.advance(1_000 * dayMs)
  expect(fleet.requests).toEqual([])
})

test("a wall clock that jumps ahead makes nothing old: by the manager's clock it must be, too", async () => {
  await using fleet = await fleetWith(14 * dayMs, async ({ names = [] }) => ({ pruned: names, kept: [] }))
  await fleet.clock.advance(dayMs)
  fleet.clock.jump(30 * dayMs)
  fleet.manager.aheadMs = -30 * dayMs
  await fleet.clock.advance(12 * dayMs)
  expect(fleet.requests).toEqual([])
  await fleet.clock.advance(dayMs + 3_600_000)
  expect(fleet.requests[0]).toMatchObject({ names: ["1", "2"] })
})

test("what has a tombstone is left alone", async () => {
  await using fleet = await fleetWith(dayMs, async ({ names = [] }) => ({ pruned: names, kept: [] }))
  const outcome = { state: "failed", cause: "abandoned", exitCode: null, signal: null } as const
  for (const event of life("4").slice(0, 4)) await fleet.store.append([event])
  await fleet.store.append([{ type: "finished", job: "4", outcome, reason: "by a person" }])
  await fleet.clock.advance(dayMs + 3_600_000)
  expect(fleet.requests[0]?.names).toEqual(["1", "2"])
})
