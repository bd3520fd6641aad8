import { mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { type Host, nodeFiles, openStore, readLease, systemHost } from "../../src/persist/index.ts"
import { virtualClock } from "../support/virtual-clock.ts"
import { freshDirectory, openAs } from "./directory.ts"
import { errno } from "./faulty-files.ts"
import { created } from "./life.ts"

const clock = systemClock
const other: Host = {
  self: () =>
    Promise.resolve({
      pid: 7,
      startTime: "1",
      host: "elsewhere",
      machineId: "m2",
      bootId: "b2",
      pidNamespace: "pid:[4026531836]",
    }),
  startTimeOf: () => Promise.resolve("1"),
}

describe("the lease", () => {
  test("of this process, while it holds it: another open is told who has it and what to do", async () => {
    const directory = await freshDirectory()
    const store = await openStore(directory, { clock, socketPath: "/run/me/hawser.sock" })
    const error = await openStore(directory, { clock }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: "StoreError", code: "LEASE_HELD" })
    for (const word of [String(process.pid), "/run/me/hawser.sock", "--take-over"])
      expect(String(error)).toContain(word)
    await store.append([created("a")])
    await store.close()
    await (await openStore(directory, { clock })).close()
  })

  test("of another host: only with takeOver, and then the other one is out", async () => {
    const directory = await freshDirectory()
    const far = await openStore(directory, { clock, host: other })
    await far.append([created("a")])
    const error = await openStore(directory, { clock }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: "LEASE_HELD_ELSEWHERE", class: "rejected" })
    for (const word of ["elsewhere", "process 7", "since 20", "--take-over"]) expect(String(error)).toContain(word)
    const near = await openStore(directory, { clock, takeOver: true })
    expect([...near.jobs.keys()]).toEqual(["a"])
    await expect(far.append([created("b")])).rejects.toMatchObject({ code: "STORE_SUPERSEDED" })
    await Promise.all([near.close(), far.close()])
  })

  test("of another host that gave it back: free", async () => {
    const directory = await freshDirectory()
    await (await openStore(directory, { clock, host: other })).close()
    const near = await openStore(directory, { clock })
    expect(near.epoch).toBe(2)
    await near.close()
  })

  test("on a file system that caches, who takes over from another host waits until its caches have run out", async () => {
    const directory = await freshDirectory()
    const far = await openStore(directory, { clock, host: other })
    const waiting = virtualClock()
    const files = { ...nodeFiles, isRemote: () => Promise.resolve(true) }
    const opening = openStore(directory, { clock: waiting, files, takeOver: true })
    for (;;) {
      await waiting.advance(0)
      if (waiting.nextIn() !== null) break
    }
    expect(waiting.nextIn()).toBe(60_000)
    await waiting.advance(60_000)
    await (await opening).close()
    await expect(far.append([created("b")])).rejects.toMatchObject({ code: "STORE_SUPERSEDED" })
    await far.close()
  })

  test("says where the owner listens, as soon as it does", async () => {
    const directory = await freshDirectory()
    const store = await openStore(directory, { clock })
    expect(await readLease(directory)).toMatchObject({
      state: "live",
      epoch: 1,
      owner: { socket: null, pid: process.pid },
    })
    await store.announce("/run/me/s")
    expect(await readLease(directory)).toMatchObject({ owner: { socket: "/run/me/s" } })
    await store.close()
    expect(await readLease(directory)).toEqual({ state: "free", epoch: 1, owner: null })
  })

  test("that is gone or unreadable: the claim in the journal still says who it is", async () => {
    const directory = await freshDirectory()
    const store = await openStore(directory, { clock })
    await writeFile(join(directory, "lease"), "{")
    expect(await readLease(directory)).toMatchObject({ state: "live", owner: { pid: process.pid } })
    await rm(join(directory, "lease"))
    await expect(openStore(directory, { clock })).rejects.toMatchObject({ code: "LEASE_HELD" })
    await store.close()
  })

  test("is free where nothing is", async () => {
    expect(await readLease(join(await freshDirectory(), "nowhere"))).toEqual({ state: "free", epoch: 0, owner: null })
  })

  test("without hard links exclusive creation decides", async () => {
    const directory = await freshDirectory()
    const files = { ...nodeFiles, link: () => Promise.reject(errno("EPERM")) }
    const one = await openAs(1, directory, { files })
    await one.append([created("a")])
    await one.snapshot()
    await one.append([created("b")])
    await one.snapshot()
    const next = await openAs(2, directory, { files })
    expect([...next.jobs.keys()]).toEqual(["a", "b"])
    expect((await openAs(3, directory, { files })).epoch).toBe(3)
  })

  test("a link that was made, and whose answer was lost, is ours", async () => {
    const directory = await freshDirectory()
    const link = async (from: string, to: string) => {
      await nodeFiles.link(from, to)
      throw errno("EEXIST")
    }
    const store = await openAs(1, directory, { files: { ...nodeFiles, link } })
    expect(store.epoch).toBe(1)
  })

  test("an open that fails gives back what it took", async () => {
    const directory = await freshDirectory()
    const files = { ...nodeFiles, read: () => Promise.reject(errno("EIO")) }
    await expect(openStore(directory, { clock, files })).rejects.toMatchObject({ code: "STORE_FAILED" })
    const store = await openStore(directory, { clock })
    expect(store.epoch).toBe(1)
    await store.close()
  })

  test("a directory that can't be made is an error with advice", async () => {
    const parent = await freshDirectory()
    await writeFile(join(parent, "file"), "")
    await expect(openStore(join(parent, "file", "state"), { clock })).rejects.toMatchObject({ name: "StoreError" })
    await mkdir(join(parent, "state"))
    await (await openStore(join(parent, "state"), { clock })).close()
    expect((await systemHost.self()).pid).toBe(process.pid)
  })
})
