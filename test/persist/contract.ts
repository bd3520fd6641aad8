/** What every store does, whatever it writes on. */
import { describe, expect, test } from "vitest"
import type { AnyEvent, JobEventBody } from "../../src/job/index.ts"
import type { JobStore } from "../../src/persist/index.ts"
import { contentsOf, created, life, seqsOf } from "./life.ts"

/** `open` gives an empty store of its own each time. */
export function storeContract(name: string, open: () => Promise<JobStore>): void {
  describe(`${name}, as every store`, () => {
    test("a new store has an identity, an epoch, and nothing else", async () => {
      await using store = await open()
      expect(store.identity.stateId).toMatch(/^[a-z0-9]{12}$/)
      expect(store.identity.seed).toMatch(/^[0-9a-f]{64}$/)
      expect(store.epoch).toBe(1)
      expect(contentsOf(store)).toEqual({ jobs: [], managers: [] })
      expect(store.findings).toEqual([])
    })

    test("two stores have different identities", async () => {
      await using one = await open()
      await using other = await open()
      expect(one.identity.seed === other.identity.seed).toBe(false)
    })

    test("a job's life is replayed as it is appended, and events get numbers and times", async () => {
      await using store = await open()
      const events: AnyEvent[] = []
      for (const body of life("a")) events.push(...(await store.append([body])))
      const first = events[0]?.seq ?? 0
      expect(seqsOf(events)).toEqual(life("a").map((_, index) => first + index))
      expect(events.every(({ at }) => at > 0)).toBe(true)
      expect(store.jobs.get("a")).toMatchObject({
        state: "completed",
        outcome: { exitCode: 0 },
        endedAt: events.at(-1)?.at,
      })
    })

    test("concurrent appends keep the order of the calls", async () => {
      await using store = await open()
      const heard: AnyEvent[] = []
      store.subscribe((events) => heard.push(...events))
      const appended = await Promise.all(life("a").map((body) => store.append([body])))
      expect(seqsOf(appended.flat())).toEqual(seqsOf(heard))
      expect(seqsOf(heard)).toEqual(seqsOf(heard).toSorted((a, b) => a - b))
      expect(store.jobs.get("a")?.state).toBe("completed")
    })

    test("nothing shows in the jobs before it is written", async () => {
      await using store = await open()
      const done = store.append([created("a")])
      expect(store.jobs.size).toBe(0)
      await done
      expect(store.jobs.size).toBe(1)
    })

    test("an illegal move is refused, also behind one that is still being written, and the twin is not", async () => {
      await using store = await open()
      const legal = store.append([created("a")])
      const illegal = store.append([{ type: "note", job: "b", text: "who is b?" }])
      await expect(illegal).rejects.toMatchObject({ name: "StoreError", code: "EVENT_REFUSED" })
      await expect(legal).resolves.toHaveLength(1)
      await expect(store.append([{ type: "note", job: "a", text: "a is here" }])).resolves.toHaveLength(1)
    })

    test("of a group with one illegal event nothing counts, and the numbers have no gap", async () => {
      await using store = await open()
      const [before] = await store.append([created("a")])
      const group: JobEventBody[] = [created("b"), created("b")]
      await expect(store.append(group)).rejects.toMatchObject({ code: "EVENT_REFUSED" })
      expect([...store.jobs.keys()]).toEqual(["a"])
      const [after] = await store.append([created("b")])
      expect(after?.seq).toBe((before?.seq ?? 0) + 1)
    })

    test("the identity and the controller are the store's own to write", async () => {
      await using store = await open()
      await expect(store.append([{ type: "controller", epoch: 9, pid: 1, host: "x" }])).rejects.toMatchObject({
        code: "EVENT_REFUSED",
      })
    })

    test("an append of nothing is done at once", async () => {
      await using store = await open()
      await expect(store.append([])).resolves.toEqual([])
    })

    test("what the caller changes afterwards changes nothing here", async () => {
      await using store = await open()
      const body = { type: "note" as const, job: "a", text: "as written" }
      await store.append([created("a"), body])
      body.text = "changed"
      expect(store.jobs.get("a")?.notes).toEqual(["as written"])
    })

    test("a key leads to its newest job, and a generation is used once, also when the job was pruned", async () => {
      await using store = await open()
      const again = { key: "key/a" }
      expect(store.newestByKey("key/a")).toBeUndefined()
      await store.append(life("a"))
      expect(store.newestByKey("key/a")).toBe("a")
      await expect(store.append([created("a2", again)])).rejects.toMatchObject({ code: "EVENT_REFUSED" })
      await store.append([{ type: "pruned", job: "a", where: "both" }])
      expect(store.newestByKey("key/a")).toBe("a")
      await expect(store.append([created("a2", again)])).rejects.toMatchObject({ code: "EVENT_REFUSED" })
      await store.append([created("a2", { ...again, generation: 2 })])
      expect(store.newestByKey("key/a")).toBe("a2")
    })

    test("a manager has a record from its first event on, and its health has a beginning", async () => {
      await using store = await open()
      const executor = "hpc"
      const [down] = await store.append([{ type: "health", executor, health: "unreachable", reason: "no route" }])
      await store.append([{ type: "health", executor, health: "unreachable", reason: "timeout" }])
      expect(store.managers.get(executor)).toEqual({
        executor,
        contacted: null,
        visible: [],
        owners: [],
        limits: [],
        health: "unreachable",
        reason: "timeout",
        since: down?.at,
      })
      await store.append([
        { type: "contacted", executor, root: "/home/me/.hawser", machine: "m" },
        { type: "health", executor, health: "up", reason: null },
      ])
      expect(store.managers.get(executor)).toMatchObject({ health: "up", contacted: { machine: "m" }, visible: [] })
      const here = { root: "/home/me/.hawser", machine: "m" }
      const there = { ...here, machine: "n" }
      for (const site of [here, there, here])
        await store.append([{ type: "visible", executor, ...site, shownBy: null }])
      expect(store.managers.get(executor)?.visible).toEqual([there, here])
    })

    test("listeners hear each append once, until they leave", async () => {
      await using store = await open()
      const heard: string[] = []
      const leave = store.subscribe((events) => heard.push(events.map(({ type }) => type).join()))
      await Promise.all([
        store.append([created("a"), { type: "waiting", job: "a", reason: "quota" }]),
        store.append([created("b")]),
      ])
      leave()
      await store.append([created("c")])
      expect(heard).toEqual(["created,waiting", "created"])
    })

    test("a listener that begins at a number gets what was before it, and then what comes, without a gap", async () => {
      await using store = await open()
      const events: AnyEvent[] = []
      for (const body of life("a")) events.push(...(await store.append([body])))
      const heard: AnyEvent[] = []
      const wanted = events.slice(2)
      const [leave] = await Promise.all([
        store.subscribeFrom(wanted[0]?.seq ?? 0, (more) => heard.push(...more)),
        store.append([created("b")]),
      ])
      await store.append([created("c")])
      leave()
      await store.append([created("d")])
      expect(heard.slice(0, wanted.length)).toEqual(wanted)
      expect(seqsOf(heard)).toEqual(Array.from({ length: wanted.length + 2 }, (_, n) => n + (wanted[0]?.seq ?? 0)))
    })

    test("after the end nothing is taken, and what was taken before is settled", async () => {
      const store = await open()
      const last = store.append([created("a")])
      await store[Symbol.asyncDispose]()
      await expect(last).resolves.toHaveLength(1)
      await expect(store.append([created("b")])).rejects.toMatchObject({ code: "STORE_CLOSED" })
      await store[Symbol.asyncDispose]()
    })
  })
}
