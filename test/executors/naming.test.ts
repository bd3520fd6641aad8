import { describe, expect, test } from "vitest"
import { findJob, findJobs } from "../../src/executors/naming.ts"
import { memoryStore } from "../../src/persist/memory.ts"
import { specOf } from "../support/jobs.ts"
import { virtualClock } from "../support/virtual-clock.ts"

/** A store with jobs of these keys, whose ids are `id0` and so on. */
async function storeOf(...keys: readonly string[]) {
  const store = await memoryStore({ clock: virtualClock() })
  const create = (key: string, index: number) =>
    ({ job: `id${index}`, type: "created", key, executor: "here", generation: 0, spec: specOf({}) }) as const
  await store.append(keys.map(create))
  const keysOf = (name: string): readonly string[] => findJobs(store, name).map(({ key }) => key)
  return { store, keysOf }
}

const array = ["relax[0]", "relax[2]", "relax[10]", "relax[1]"]

describe("one name for several jobs", () => {
  test.each([
    ["relax[0-2]", ["relax[0]", "relax[1]", "relax[2]"]],
    ["relax[10,0]", ["relax[10]", "relax[0]"]],
    ["relax[0-10:2,10]", null],
    ["relax[2]", ["relax[2]"]],
    ["relax", ["relax[0]", "relax[1]", "relax[2]", "relax[10]"]],
    ["id3", ["relax[1]"]],
  ])("%s", async (name, keys) => {
    const { keysOf } = await storeOf(...array)
    if (keys === null) expect(() => keysOf(name)).toThrow(/no job "relax\[4\]"/)
    else expect(keysOf(name)).toEqual(keys)
  })

  test("a job of that very key is meant, and not the array beside it", async () => {
    const { keysOf } = await storeOf(...array, "relax")
    expect(keysOf("relax")).toEqual(["relax"])
  })

  test("an array whose name begins like another one is left alone", async () => {
    const { keysOf } = await storeOf(...array, "relax/b[0]", "relaxed[0]", "relax[x]")
    expect(keysOf("relax")).toHaveLength(4)
    expect(() => keysOf("rela")).toThrow(/no job "rela"/)
  })

  test("where there can be one only, an array has no name", async () => {
    const { store } = await storeOf(...array)
    expect(() => findJob(store, "relax")).toThrow(expect.objectContaining({ code: "JOB_UNKNOWN" }))
  })

  test("what was pruned and forgotten is named no more; of a key that was used again the newest is", async () => {
    const { store, keysOf } = await storeOf(...array)
    const over = { outcome: { state: "cancelled", cause: null, exitCode: null, signal: null }, reason: null } as const
    await store.append([{ job: "id0", type: "finished", ...over }])
    await store.append([{ job: "id0", type: "pruned", where: "both" }])
    expect(keysOf("relax")).toEqual(["relax[1]", "relax[2]", "relax[10]"])
    await store.append([
      { job: "again", type: "created", key: "relax[0]", executor: "here", generation: 1, spec: specOf({}) },
    ])
    expect(findJobs(store, "relax").map(({ id }) => id)).toEqual(["again", "id3", "id1", "id2"])
  })
})
