/** Cancelling, at each point of a job's way. */
import { rmSync } from "node:fs"
import { expect, test } from "vitest"
import { Stand, ended, submit, when } from "../support/stand.ts"

test("cancelled before anything was submitted", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  await submit(fleet, { command: ["sleep", "60"] }, { key: "first" })
  const job = await submit(fleet, { command: stand.leaving("a"), after: [{ job: "first", when: "ended" }] })
  await fleet.cancel([job.id])
  expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
  expect(stand.ran).toEqual([])
})

test("cancelled on its way, before it was ever staged: it ends, and the executor stays in order", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.fault("submit", "limit", "always")
  const job = await submit(fleet, { command: stand.leaving("a") })
  const { attempts } = await when(fleet, job.id, ({ waiting }) => waiting !== null)
  rmSync(attempts[0]!.directory, { recursive: true })
  await fleet.cancel([job.id])
  expect(await ended(fleet, job)).toMatchObject({ state: "cancelled", health: "up" })
  expect(stand.ran).toEqual([])
})

test("cancelled while queued: the fence is the proof, and the native is cancelled behind it", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const job = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, job.id, ({ state }) => state === "queued")
  await fleet.cancel([job.id])
  expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
  expect(fleet.job(job.id).attempts[0]?.fence).toBe("won")
  expect(stand.manager.natives()[0]).toMatchObject({ state: "ended", word: "CANCELLED" })
})

test("a cancel that the manager did not take is sent again", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  stand.manager.fault("cancel", "down")
  const job = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, job.id, ({ state }) => state === "queued")
  await fleet.cancel([job.id])
  expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
  expect(stand.manager.calls("cancel")).toBeGreaterThanOrEqual(2)
  expect(stand.manager.natives()[0]).toMatchObject({ word: "CANCELLED" })
})

test.each([
  ["TERM ends it", "sleep 60", 1],
  ["KILL ends what TERM does not", "trap : TERM; while :; do sleep 1; done", 2],
])("cancelled while running: %s", async (_title, payload, calls) => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const job = await submit(fleet, { command: stand.leaving("a", payload) })
  await expect.poll(() => stand.ran, { timeout: 10_000 }).toEqual(["a"])
  await fleet.cancel([job.id])
  expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
  expect(fleet.job(job.id).attempts[0]?.fence).toBe("lost")
  expect(stand.manager.calls("cancel")).toBe(calls)
})

test("many are cancelled in one go", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const results = await fleet.submit(
    Array.from({ length: 12 }, (_, index) => ({ spec: { command: stand.leaving(`${index}`) }, base: "/" })),
  )
  const ids = results.flatMap((result) => (result.ok ? [result.job.id] : []))
  await fleet.accepted(ids)
  await fleet.cancel(ids)
  const jobs = await fleet.ended(ids)
  expect(new Set(jobs.map(({ state }) => state))).toEqual(new Set(["cancelled"]))
  expect(stand.ran).toEqual([])
})

test("one name stands for the jobs of an array, to cancel, to list and to prune them", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const jobs = []
  for (const index of [0, 1, 2]) jobs.push(await submit(fleet, { command: stand.leaving("a") }, { key: `a[${index}]` }))
  const keysOf = (views: readonly { readonly key: string }[]) => views.map(({ key }) => key).sort()
  expect(keysOf(await fleet.cancel(["a[0-1]", "a[1]"]))).toEqual(["a[0]", "a[1]"])
  for (const job of jobs.slice(0, 2)) expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
  expect(fleet.job("a[2]").cancelRequestedAt).toBe(null)
  expect(keysOf(await fleet.list({ names: ["a"] }))).toEqual(["a[0]", "a[1]", "a[2]"])
  await fleet.cancel(["a"])
  expect(await ended(fleet, jobs[2]!)).toMatchObject({ state: "cancelled" })
  const { pruned } = await fleet.prune({ names: ["a"], olderThanMs: 0, local: false, dryRun: false })
  expect(pruned).toHaveLength(3)
  expect(stand.ran).toEqual([])
})
