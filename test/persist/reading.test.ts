import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { openStore } from "../../src/persist/index.ts"
import { freshDirectory, openAs } from "./directory.ts"
import { contentsOf, created, life } from "./life.ts"

const looking = { clock: systemClock, readOnly: true } as const

test("a reader sees what is written while the owner goes on, also across snapshots and take-overs", async () => {
  const directory = await freshDirectory()
  const owner = await openAs(1, directory)
  await owner.append(life("a"))
  const reader = await openStore(directory, looking)
  expect(contentsOf(reader)).toEqual(contentsOf(owner))
  await owner.append([created("b")])
  expect(reader.jobs.has("b")).toBe(false)
  await reader.refresh()
  expect(reader.jobs.has("b")).toBe(true)
  for (const job of ["c", "d", "e"]) {
    await owner.append(life(job))
    await owner.snapshot()
  }
  await reader.refresh()
  expect(contentsOf(reader)).toEqual(contentsOf(owner))
  const next = await openAs(2, directory)
  await next.append([{ type: "note", job: "b", text: "n" }])
  await reader.refresh()
  expect(contentsOf(reader)).toEqual(contentsOf(next))
  expect([reader.epoch, reader.identity, reader.findings]).toEqual([2, next.identity, []])
})

test("a reader takes nothing and leaves nothing", async () => {
  const directory = await freshDirectory()
  await (await openAs(1, directory)).close()
  const before = await readdir(directory)
  const reader = await openStore(directory, looking)
  await reader.refresh()
  await reader.close()
  expect(await readdir(directory)).toEqual(before)
})

test("where nothing is a reader sees nothing, makes nothing, and says so when asked who it is", async () => {
  const parent = await freshDirectory()
  const reader = await openStore(join(parent, "state"), looking)
  expect([reader.jobs.size, reader.epoch, reader.findings]).toEqual([0, 0, []])
  expect(() => reader.identity).toThrow(/--state/)
  expect(await readdir(parent)).toEqual([])
  const owner = await openAs(1, join(parent, "state"))
  await reader.refresh()
  expect(reader.identity).toEqual(owner.identity)
})

test("readers that read all the time, while segments come and go, never see less than before", async () => {
  const directory = await freshDirectory()
  const owner = await openAs(1, directory, { snapshotEvents: 12 })
  let isWriting = true
  const writing = (async () => {
    for (let index = 0; index < 80; index++) await owner.append(life(`j${index}`))
    isWriting = false
  })()
  let seen = 0
  while (isWriting) {
    const reader = await openStore(directory, looking)
    expect(reader.findings.filter(({ kind }) => kind !== "torn-tail")).toEqual([])
    expect(reader.jobs.size).toBeGreaterThanOrEqual(seen)
    seen = reader.jobs.size
  }
  await writing
  await owner.close()
  expect((await openStore(directory, looking)).jobs.size).toBe(80)
})
