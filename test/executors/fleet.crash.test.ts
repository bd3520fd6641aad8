/** A controller that is killed at any of its writes: the next one goes on, and each payload runs once. */
import { describe, expect, test } from "vitest"
import type { Fleet } from "../../src/executors/fleet.ts"
import type { JobStore } from "../../src/persist/store.ts"
import { Stand, when } from "../support/stand.ts"

/** Stands still from its n-th append on, like a process that was killed there: nobody learns any more what is written. */
function stopping(
  store: JobStore,
  n: number,
): { readonly store: JobStore; readonly stopped: Promise<void>; readonly end: () => void } {
  let count = 0
  let stop: () => void = () => undefined
  let end: () => void = () => undefined
  const stopped = new Promise<void>((resolve) => (stop = resolve))
  const over = new Promise<void>((resolve) => (end = resolve))
  const append: JobStore["append"] = async (events) => {
    count += 1
    if (count < n) return store.append(events)
    stop()
    await over
    throw new Error("killed")
  }
  const proxy = new Proxy(store, {
    get: (target, name) => {
      if (name === "append") return append
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === "function" ? value.bind(target) : value
    },
  })
  return { store: proxy, stopped, end }
}

/** Two jobs and one that waits for the first; and one that is cancelled while it runs. */
async function scenario(fleet: Fleet, stand: Stand): Promise<string[]> {
  const spec = (key: string, more: object = {}) => ({ key, base: "/", spec: { command: stand.leaving(key), ...more } })
  const requests = [
    spec("a"),
    spec("b", { after: [{ job: "a", when: "completed" }] }),
    { ...spec("c"), spec: { command: ["sleep", "60"] } },
  ]
  const results = await fleet.submit(requests)
  const ids = results.flatMap((result) => (result.ok ? [result.job.id] : []))
  await when(fleet, ids[2]!, ({ state }) => !["new", "staging"].includes(state))
  await fleet.cancel([ids[2]!])
  await fleet.ended(ids, AbortSignal.timeout(30_000))
  return ids
}

describe("killed at its n-th write", () => {
  test.each(Array.from({ length: 14 }, (_, index) => index + 1))("n = %i", { timeout: 20_000 }, async (n) => {
    await using stand = new Stand()
    const first = stopping(await stand.journal("one"), n)
    const old = await stand.fleet({}, first.store, "one")
    stand.atEnd.push(first.end)
    const run = scenario(old, stand).catch(() => null)
    await Promise.race([first.stopped, run])
    stand.copyState("one", "two")
    const fleet = await stand.fleet({}, await stand.journal("two"), "two")
    await scenario(fleet, stand)
    const jobs = await fleet.list()
    expect(jobs.map(({ key, state }) => [key, state]).sort()).toEqual([
      ["a", "completed"],
      ["b", "completed"],
      ["c", "cancelled"],
    ])
    expect(stand.ran).toEqual(["a", "b"])
    expect(fleet.isIdle).toBe(true)
  })
})
