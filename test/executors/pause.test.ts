/** Pause and play: what is submitted, and what goes on all the same. */
import { expect, test } from "vitest"
import { Stand, ended, submit, when } from "../support/stand.ts"

test("nothing is submitted to an executor that is paused; what runs goes on, and is brought back", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const running = await submit(fleet, { command: stand.leaving("a", "sleep 0.5") })
  await when(fleet, running.id, ({ state }) => state === "running")
  await fleet.pause({ executors: ["fake"], paused: true })
  const job = await submit(fleet, { command: stand.leaving("b") })
  expect((await fleet.accepted([job.id]))[0]).toMatchObject({
    state: "new",
    reason: expect.stringContaining("hawser play fake"),
  })
  expect((await fleet.status()).executors[0]?.paused).toMatch(/Z$/)
  expect(await ended(fleet, running)).toMatchObject({ state: "completed" })
  expect(stand.manager.calls("submit")).toBe(1)
  await fleet.pause({ executors: ["fake"], paused: false })
  expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
  expect((await fleet.status()).executors[0]?.paused).toBe(null)
  expect(stand.ran).toEqual(["a", "b"])
})

test("a retry waits as well, and a cancel does not", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const retried = await submit(fleet, { command: stand.leaving("a", "sleep 0.5; false"), retry: { maxAttempts: 2 } })
  const cancelled = await submit(fleet, { command: stand.leaving("b", "sleep 60") })
  for (const { id } of [retried, cancelled]) await when(fleet, id, ({ state }) => state === "running")
  await fleet.pause({ executors: ["fake"], paused: true })
  await fleet.cancel([cancelled.id])
  expect(await ended(fleet, cancelled)).toMatchObject({ state: "cancelled" })
  await when(fleet, retried.id, ({ state, waiting }) => state === "new" && waiting?.includes("paused") === true)
  expect(stand.manager.calls("submit")).toBe(2)
  await fleet.pause({ executors: ["fake"], paused: false })
  expect(await ended(fleet, retried)).toMatchObject({ state: "failed", attempt: 2 })
})

test("it is paused for the next controller too, also for what was on its way", async () => {
  await using stand = new Stand()
  const first = await stand.fleet({}, await stand.journal())
  stand.manager.fault("submit", "connect", "always")
  const job = await submit(first, { command: stand.leaving("a") })
  await when(first, job.id, ({ state, waiting }) => state === "staging" && waiting !== null)
  await first.pause({ executors: ["fake"], paused: true })
  stand.copyState("state", "next")
  stand.manager.fault("submit", null)
  const next = await stand.fleet({}, await stand.journal("next"), "next")
  await when(next, job.id, ({ waiting }) => waiting?.includes("is paused since") === true)
  expect(stand.manager.natives()).toEqual([])
  await next.pause({ executors: ["fake"], paused: false })
  expect(await ended(next, job)).toMatchObject({ state: "completed" })
  expect(stand.ran).toEqual(["a"])
})

test("an executor that there is not can't be paused", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  await expect(fleet.pause({ executors: ["other"], paused: true })).rejects.toMatchObject({ code: "EXECUTOR_UNKNOWN" })
})
