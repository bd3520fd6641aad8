import { readdir } from "node:fs/promises"
import { describe, expect, test } from "vitest"
import { type Files, nodeFiles, openStore } from "../../src/persist/index.ts"
import { systemClock } from "../../src/clock.ts"
import { freshDirectory, openAs } from "./directory.ts"
import { errno, faultyFiles } from "./faulty-files.ts"
import { contentsOf, created, kindsOf, life } from "./life.ts"

const never = () => null

describe("groups", () => {
  test("a hundred concurrent appends share a few syncs; a hundred in a row take one each", async () => {
    const directory = await freshDirectory()
    let syncs = 0
    const files = faultyFiles({ fail: (_, what) => (what === "sync" && syncs++, null) })
    await using store = await openAs(1, directory, { files })
    syncs = 0
    await Promise.all(Array.from({ length: 100 }, (_, index) => store.append([created(`j${index}`)])))
    expect(syncs).toBe(1)
    for (let index = 0; index < 100; index++) await store.append([{ type: "note", job: "j1", text: "n" }])
    expect(syncs).toBe(101)
  })

  test("what was appended while a group was written is the next group", async () => {
    const directory = await freshDirectory()
    let syncs = 0
    const files = faultyFiles({ fail: (_, what) => (what === "sync" && syncs++, null) })
    await using store = await openAs(1, directory, { files })
    syncs = 0
    const first = store.append([created("a")])
    await Promise.resolve().then(() => Promise.resolve())
    await Promise.all([first, ...["b", "c", "d"].map((job) => store.append([created(job)]))])
    expect(syncs).toBe(2)
  })
})

describe("a disk that fails", () => {
  const cases = [
    { what: "write", code: "ENOSPC", error: "STORE_FULL" },
    { what: "write", code: "EDQUOT", error: "STORE_FULL" },
    { what: "write", code: "EROFS", error: "STORE_READ_ONLY" },
    { what: "sync", code: "EIO", error: "STORE_FAILED" },
    { what: "sync", code: "ENOSPC", error: "STORE_FULL" },
    { what: "list", code: "EIO", error: "STORE_FAILED" },
  ]
  test.each(cases)(
    "a $what that fails with $code is $error, and the next append is clean",
    async ({ what, code, error }) => {
      const directory = await freshDirectory()
      let armed = false
      const files = faultyFiles({
        partial: 30,
        fail: (_, call) => (armed && call === what ? ((armed = false), errno(code)) : null),
      })
      const store = await openAs(1, directory, { files })
      await store.append([created("a")])
      armed = true
      const [lost, behind] = await Promise.allSettled([store.append([created("b")]), store.append([created("c")])])
      expect(lost).toMatchObject({ status: "rejected", reason: { name: "StoreError", code: error } })
      expect(behind).toMatchObject({ status: "rejected", reason: { code: error } })
      expect([...store.jobs.keys()]).toEqual(["a"])
      await store.append([created("b")])
      await store.append([{ type: "note", job: "b", text: "again" }])
      const next = await openAs(2, directory)
      expect([...next.jobs.keys()]).toEqual(["a", "b"])
      expect(next.findings).toEqual([])
      await next.close()
    },
  )

  test("while it stays full every append says so, and nothing of them counts when there is space again", async () => {
    const directory = await freshDirectory()
    let isFull = false
    const grows = ["write", "create", "truncate"]
    const files = faultyFiles({
      partial: 40,
      fail: (_, call) => (isFull && grows.includes(call) ? errno("ENOSPC") : null),
    })
    const store = await openAs(1, directory, { files })
    await store.append([created("a")])
    isFull = true
    for (const job of ["b", "c", "d"]) {
      await expect(store.append([created(job)])).rejects.toMatchObject({ code: "STORE_FULL", class: "limit" })
    }
    isFull = false
    await store.append([created("e")])
    const next = await openAs(2, directory)
    expect([...next.jobs.keys()]).toEqual(["a", "e"])
    expect(next.findings).toEqual([])
    await next.close()
  })

  test("where nobody can tell whether a new segment was begun, nothing is written any more; the next owner goes on", async () => {
    const directory = await freshDirectory()
    let isBad = false
    const check = (path: string): void => {
      if (isBad && path.endsWith("journal.1.2.ndjson")) throw errno("EIO")
    }
    const files: Files = {
      ...nodeFiles,
      rename: async (from, to) => (check(to), nodeFiles.rename(from, to)),
      inode: async (path) => (check(path), nodeFiles.inode(path)),
    }
    const store = await openAs(1, directory, { files })
    await store.append([created("a")])
    isBad = true
    await expect(store.snapshot()).rejects.toThrow()
    isBad = false
    for (const job of ["b", "c"])
      await expect(store.append([created(job)])).rejects.toMatchObject({ code: "STORE_UNSURE", class: "gone" })
    await store.close()
    await using next = await openAs(2, directory)
    await next.append([created("d")])
    expect([...next.jobs.keys()]).toEqual(["a", "d"])
  })

  // Opens, writes, takes over, makes a snapshot, closes: all that a store does.
  async function work(directory: string, options: Parameters<typeof openAs>[2]): Promise<string[]> {
    const acknowledged: string[] = []
    for (const pid of [101, 102]) {
      const store = await openAs(pid, directory, { snapshotEvents: 8, ...options }).catch(() => null)
      if (store === null) continue
      for (let index = 0; index < 3; index++) {
        const job = `${pid}-${index}`
        await store.append(life(job)).then(
          () => acknowledged.push(job),
          () => undefined,
        )
      }
      await store.snapshot().catch(() => undefined)
      await store.append([{ type: "note", job: acknowledged[0] ?? "", text: "n" }]).catch(() => undefined)
      await store.close().catch(() => undefined)
    }
    return acknowledged
  }

  test("whichever call fails, what was acknowledged is there, and what was rejected is not", async () => {
    const healthy = faultyFiles({ fail: never })
    expect(await work(await freshDirectory(), { files: healthy })).toHaveLength(6)
    expect(healthy.calls()).toBeGreaterThan(100)
    for (let nth = 1; nth <= healthy.calls(); nth++) {
      const directory = await freshDirectory()
      const code = nth % 2 === 0 ? "EIO" : "ENOSPC"
      const files = faultyFiles({ partial: nth % 70, fail: (call) => (call === nth ? errno(code) : null) })
      const acknowledged = await work(directory, { files })
      const next = await openAs(103, directory)
      expect([nth, ...next.jobs.keys()]).toEqual([nth, ...acknowledged])
      expect([nth, ...next.findings]).toEqual([nth])
      await next.close()
    }
  }, 60_000)

  test("whenever the disk dies for good, what was acknowledged is there", async () => {
    const healthy = faultyFiles({ fail: never })
    await work(await freshDirectory(), { files: healthy })
    for (let nth = 1; nth <= healthy.calls(); nth++) {
      const directory = await freshDirectory()
      const files = faultyFiles({ partial: nth % 70, fail: (call) => (call >= nth ? errno("EIO") : null) })
      const acknowledged = await work(directory, { files })
      const next = await openAs(103, directory)
      const there = [...next.jobs.keys()]
      expect([nth, ...acknowledged.filter((job) => next.jobs.get(job)?.state !== "completed")]).toEqual([nth])
      expect(there.length - acknowledged.length).toBeLessThanOrEqual(1)
      expect(kindsOf(next).filter((kind) => kind !== "torn-tail")).toEqual([])
      await next.close()
    }
  }, 60_000)
})

describe("take-over", () => {
  test("who was superseded is told, from then on always, and nothing it wrote counts", async () => {
    const directory = await freshDirectory()
    const old = await openAs(1, directory)
    await old.append([created("a")])
    const next = await openAs(2, directory)
    await expect(old.append([created("zombie")])).rejects.toMatchObject({ code: "STORE_SUPERSEDED", class: "gone" })
    await expect(old.append([created("zombie")])).rejects.toMatchObject({ code: "STORE_SUPERSEDED" })
    await next.append([created("b")])
    await old.close()
    const third = await openAs(3, directory)
    expect([...third.jobs.keys()]).toEqual(["a", "b"])
    expect(kindsOf(third)).toEqual(["superseded-tail"])
    await third.close()
  })

  test("one that sleeps through several take-overs and snapshots is told too", async () => {
    const directory = await freshDirectory()
    const old = await openAs(1, directory)
    for (const pid of [2, 3, 4, 5]) {
      const next = await openAs(pid, directory)
      await next.append([created(`j${pid}`)])
      await next.snapshot()
      await next.close()
    }
    expect(await readdir(directory)).not.toContain("journal.2.ndjson")
    await expect(old.append([created("zombie")])).rejects.toMatchObject({ code: "STORE_SUPERSEDED" })
    await expect(old.snapshot()).rejects.toMatchObject({ code: "STORE_SUPERSEDED" })
    await old.close()
    const last = await openAs(6, directory)
    expect([...last.jobs.keys()]).toEqual(["j2", "j3", "j4", "j5"])
    await last.close()
  })

  test("one that can't see that it was superseded changes nothing that counts, snapshot and all", async () => {
    const directory = await freshDirectory()
    let isBlind = false
    const list: Files["list"] = async (path) =>
      (await nodeFiles.list(path)).filter((name) => !isBlind || !name.startsWith("journal.2"))
    const old = await openAs(1, directory, { files: { ...nodeFiles, list } })
    await old.append([created("a")])
    isBlind = true
    const next = await openAs(2, directory)
    await next.append([created("b")])
    await next.snapshot()
    for (const job of ["zombie", "zombie2"]) {
      await old.append([created(job)])
      await old.snapshot()
    }
    await next.append([created("c")])
    const third = await openAs(3, directory)
    expect([...third.jobs.keys()]).toEqual(["a", "b", "c"])
    expect(kindsOf(third)).toContain("snapshot-unusable")
    await third.append([created("d")])
    await third.snapshot()
    const fourth = await openAs(4, directory)
    expect([...fourth.jobs.keys()]).toEqual(["a", "b", "c", "d"])
  })
})

test("a crash loses nothing: the twin of all that goes wrong", async () => {
  const directory = await freshDirectory()
  const store = await openAs(1, directory)
  for (const job of ["a", "b", "c"]) await store.append(life(job))
  const before = contentsOf(store)
  const { identity } = store
  const next = await openAs(2, directory)
  expect(contentsOf(next)).toEqual(before)
  expect(next.identity).toEqual(identity)
  expect([next.epoch, next.findings]).toEqual([2, []])
  await next.close()
  const reader = await openStore(directory, { clock: systemClock, readOnly: true })
  expect(contentsOf(reader)).toEqual(before)
})
