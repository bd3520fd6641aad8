/** Watching: a manager that is down, forgets, or gives an id to somebody else. */
import { existsSync, writeFileSync } from "node:fs"
import { expect, test } from "vitest"
import { localPace } from "../../src/executors/pace.ts"
import { Stand, ended, eventsOf, submit, when } from "../support/stand.ts"

test.each(["down", "empty", "garbage"] as const)("a poll that fails (%s) changes health and no job", async (kind) => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const { id } = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, id, ({ state }) => state === "queued")
  const events = eventsOf(fleet)
  stand.manager.fault("list", kind, "always")
  await expect.poll(async () => (await fleet.show(id)).health, { timeout: 10_000 }).not.toBe("up")
  const polls = stand.manager.calls("list")
  await expect.poll(() => stand.manager.calls("list"), { timeout: 15_000 }).toBeGreaterThan(polls + 2)
  expect(fleet.job(id)).toMatchObject({ state: "queued" })
  expect(events.filter((event) => "job" in event && event.type !== "observed")).toEqual([])
  stand.manager.fault("list", null)
  stand.manager.resume()
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
})

test("a queued job that the manager forgets is replaced by itself, with a note", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const { id } = await submit(fleet, { command: stand.leaving("a") })
  const job = await when(fleet, id, ({ state }) => state === "queued")
  stand.manager.forget(job.attempts[0]!.nativeId!)
  stand.manager.resume()
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed", attempt: 1 })
  expect(fleet.job(id).notes.join()).toContain("vanished")
  expect(stand.ran).toEqual(["a"])
})

test("a job that has started and is forgotten by the manager is judged by its records", async () => {
  await using stand = new Stand()
  // More than it needs to its end.
  const fleet = await stand.fleet({ judgeLimits: { absenceMs: 200_000 } })
  const { id } = await submit(fleet, { command: stand.leaving("a", "sleep 2; exit 7") })
  const job = await when(fleet, id, ({ state }) => state === "running")
  stand.manager.forget(job.attempts[0]!.nativeId!)
  expect(await ended(fleet, { id })).toMatchObject({ state: "failed", cause: "exit", exitCode: 7 })
})

test("a job that has started, is forgotten and leaves no record is lost, after complete looks only", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const { id } = await submit(fleet, { command: stand.leaving("a", "sleep 60") })
  const job = await when(fleet, id, ({ state }) => state === "running")
  const { nativeId } = job.attempts[0]!
  await expect.poll(() => stand.ran, { timeout: 8_000 }).toEqual(["a"])
  process.kill(-stand.manager.group(nativeId!)!, "SIGKILL")
  stand.manager.fault("history", "garbage", "always")
  stand.manager.forget(nativeId!)
  const polls = stand.manager.calls("history")
  await expect.poll(() => stand.manager.calls("history"), { timeout: 10_000 }).toBeGreaterThan(polls + 5)
  expect(fleet.job(id).state).toBe("running")
  stand.manager.fault("history", null)
  const end = await ended(fleet, { id })
  expect(end).toMatchObject({ state: "failed", cause: "lost" })
  expect(stand.ran).toEqual(["a"])
})

test("an id that the manager gives to a stranger is not mistaken for ours", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const { id } = await submit(fleet, { command: stand.leaving("a") })
  const job = await when(fleet, id, ({ state }) => state === "queued")
  const { nativeId } = job.attempts[0]!
  stand.manager.forget(nativeId!)
  stand.manager.next(nativeId!)
  const second = await submit(fleet, { command: stand.leaving("b", "exit 5") })
  await when(fleet, second.id, ({ state }) => state === "queued")
  expect(fleet.job(second.id).attempts[0]?.nativeId).toBe(nativeId)
  stand.manager.resume()
  expect(await ended(fleet, second)).toMatchObject({ state: "failed", exitCode: 5 })
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
  expect(stand.ran).toEqual(["a", "b"])
})

test("a wall clock that jumps ends nothing", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const { id } = await submit(fleet, { command: stand.leaving("a", "sleep 1") })
  await when(fleet, id, ({ state }) => state === "running")
  ;(stand.clock as { jump(ms: number): void }).jump(7_200_000)
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
})

test("recover looks afresh, also after something else has failed", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const { id } = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, id, ({ state }) => state === "queued")
  stand.manager.fault("list", "down")
  await expect.poll(async () => (await fleet.show(id)).health, { timeout: 10_000 }).not.toBe("up")
  const polls = stand.manager.calls("list")
  await fleet.recover()
  expect(stand.manager.calls("list")).toBeGreaterThan(polls)
  stand.manager.resume()
  await ended(fleet, { id })
})

test("an end that its own record tells is not asked of the manager", async () => {
  await using stand = new Stand()
  const seldom = { ...localPace, sweepMsMin: 600_000, sweepMsMax: 600_000 }
  const fleet = await stand.fleet({ pace: seldom })
  const gate = stand.path("gate")
  const { id } = await submit(fleet, { command: ["sh", "-c", `until [ -e ${gate} ]; do sleep 0.05; done`] })
  await when(fleet, id, ({ state }) => state === "queued" || state === "running")
  await expect.poll(() => stand.manager.calls("list")).toBe(1)
  writeFileSync(gate, "")
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
  expect(stand.manager.calls("list")).toBe(1)
})

test.each([
  ["killed, and its manager says why", "OUT_OF_MEMORY", "kill -9 $$", null, "out-of-memory"],
  ["killed, and its manager says no more than that", null, "kill -9 $$", null, "signal"],
  [
    "a child was, and the policy asks for that",
    "OUT_OF_MEMORY",
    "exit 1",
    { maxAttempts: 2, on: ["out-of-memory"] },
    "out-of-memory",
  ],
  ["a child was, and nobody asks: its record is enough", "OUT_OF_MEMORY", "exit 1", null, "exit"],
] as const)("a payload that fails: %s", async (_, word, end, retry, cause) => {
  await using stand = new Stand()
  const fleet = await stand.fleet({ pace: { ...localPace, hintMs: 200 } })
  const gate = stand.path("gate")
  const command = ["sh", "-c", `echo >"$0"; until [ -e "$0.open" ]; do sleep 0.1; done; ${end}`, gate]
  const { id } = await submit(fleet, { command, retry })
  const job = await when(fleet, id, ({ state }) => state === "running")
  await expect.poll(() => existsSync(gate)).toBe(true)
  if (word !== null) stand.manager.call(String(job.attempts[0]?.nativeId), word)
  writeFileSync(`${gate}.open`, "")
  const first = await when(fleet, id, ({ attempts }) => attempts[0]?.outcome !== null)
  expect(first.attempts[0]?.outcome?.cause).toBe(cause)
})
