/** A fence is relied on where it is shown that it stops a native, and nowhere else. (PROTOCOL 8) */
import { expect, test } from "vitest"
import type { Fleet } from "../../src/executors/fleet.ts"
import { isHeldBack } from "../../src/job/index.ts"
import type { JobStore } from "../../src/persist/store.ts"
import { Stand, ended, eventsOf, submit, when } from "../support/stand.ts"

/** A manager at which nothing has started yet. */
function newStand(): Stand {
  const stand = new Stand()
  stand.isUnshown = true
  stand.manager.pause()
  return stand
}

/** A job that the manager has forgotten before it started. */
async function vanished(stand: Stand, fleet: Fleet): Promise<string> {
  const { id } = await submit(fleet, { command: stand.leaving("a") })
  const { attempts } = await when(fleet, id, ({ state }) => state === "queued")
  stand.manager.forget(attempts[0]!.nativeId!)
  await when(fleet, id, isHeldBack)
  return id
}

test("what vanishes waits until another job has shown that a fence stops it, and is then submitted again", async () => {
  await using stand = newStand()
  const fleet = await stand.fleet()
  const events = eventsOf(fleet)
  const id = await vanished(stand, fleet)
  const looks = stand.manager.calls("history")
  await expect.poll(() => stand.manager.calls("history"), { timeout: 10_000 }).toBeGreaterThan(looks + 3)
  expect(fleet.job(id).attempts).toMatchObject([{ fence: null }])
  const { waits, advice } = await fleet.explain(id)
  expect(JSON.stringify([waits, advice])).toContain("hawser doctor fake")

  stand.manager.resume()
  const other = await submit(fleet, { command: stand.leaving("b") })
  const job = await ended(fleet, { id })
  expect(job).toMatchObject({ state: "completed", attempt: 1 })
  expect(fleet.job(id).attempts.map(({ fence }) => fence)).toEqual(["won", null])
  await ended(fleet, other)
  expect(stand.ran).toEqual(["a", "b"])
  // Whichever has started first: it, or the engine's own test job.
  const { jobs } = fleet.parts.store
  const tokens = [...jobs.values()].filter((one) => one.id !== id).map(({ attempts }) => attempts[0]?.token)
  const shown = events.flatMap((event) => (event.type === "visible" ? [event.shownBy] : []))
  expect(shown).toHaveLength(1)
  expect(tokens).toContain(shown[0])
})

test("where it turns up again, it waits no longer, and runs once", async () => {
  await using stand = newStand()
  const fleet = await stand.fleet()
  const { id } = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, id, ({ state }) => state === "queued")
  stand.manager.fault("list", "none", "always")
  await when(fleet, id, isHeldBack)
  stand.manager.fault("list", null)
  await when(fleet, id, ({ waiting }) => waiting === null)
  stand.manager.resume()
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
  expect(fleet.job(id).attempts).toHaveLength(1)
  expect(stand.ran).toEqual(["a"])
})

test("where everything has vanished, also doctor's test job shows it", async () => {
  await using stand = newStand()
  const fleet = await stand.fleet()
  const id = await vanished(stand, fleet)
  stand.manager.resume()
  const lines = await fleet.doctor("fake", () => undefined)
  expect(lines.find(({ check }) => check === "visibility")).toMatchObject({ status: "ok" })
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
  expect(stand.ran).toEqual(["a"])
})

test("a submission whose answer was lost is found by its token; one that nobody finds waits", async () => {
  await using stand = newStand()
  const fleet = await stand.fleet()
  stand.manager.fault("submit", "lost-after")
  const found = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, found.id, ({ state }) => state === "queued")
  stand.manager.fault("submit", "lost-before")
  const gone = await submit(fleet, { command: stand.leaving("b") })
  await when(fleet, gone.id, isHeldBack)
  stand.manager.resume()
  expect(await ended(fleet, found)).toMatchObject({ state: "completed" })
  expect(await ended(fleet, gone)).toMatchObject({ state: "completed" })
  expect(fleet.job(gone.id).attempts).toHaveLength(2)
  expect(stand.ran).toEqual(["a", "b"])
})

test("a cancel is carried out by the manager, whose word ends it: the guard is left alone", async () => {
  await using stand = newStand()
  const fleet = await stand.fleet()
  const queued = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, queued.id, ({ state }) => state === "queued")
  stand.manager.fault("submit", "lost-after")
  const doubtful = await submit(fleet, { command: stand.leaving("b") })
  await when(fleet, doubtful.id, ({ attempts }) => attempts[0]?.submission === "in-doubt")
  await fleet.cancel([queued.id, doubtful.id])
  for (const job of [queued, doubtful]) {
    expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
    expect(fleet.job(job.id).attempts).toMatchObject([{ fence: null, evidence: [{ word: "CANCELLED" }] }])
  }
  expect(stand.manager.natives().map(({ word }) => word)).toEqual(["CANCELLED", "CANCELLED"])
})

test("what was never submitted is cancelled at once", async () => {
  await using stand = newStand()
  const fleet = await stand.fleet()
  stand.manager.fault("submit", "limit", "always")
  const job = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, job.id, ({ waiting }) => waiting !== null)
  await fleet.cancel([job.id])
  expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
  expect(fleet.job(job.id).attempts).toMatchObject([{ fence: "won", submission: "not-accepted" }])
  expect(stand.manager.natives()).toEqual([])
})

test("what a controller that died has submitted is not called cancelled before the manager says so", async () => {
  await using stand = newStand()
  const store = await stand.journal("one")
  const old = await stand.fleet({}, store, "one")
  store.subscribe((events) => {
    // As a crash right behind the intent would leave it.
    if (events.some(({ type }) => type === "intent")) stand.copyState("one", "two")
  })
  const { id } = await submit(old, { command: stand.leaving("a") })
  await when(old, id, ({ state }) => state === "queued")
  const later: JobStore = await stand.journal("two")
  await later.append([{ job: id, type: "cancel-requested", by: "user" }])
  const fleet = await stand.fleet({}, later, "two")
  expect(await ended(fleet, { id })).toMatchObject({ state: "cancelled" })
  const [attempt] = fleet.job(id).attempts
  expect(attempt).toMatchObject({ nativeId: stand.manager.natives()[0]?.id, evidence: [{ word: "CANCELLED" }] })
})

test("at its deadline a job that the manager has is ended by the wrapper's own look at the time", async () => {
  await using stand = newStand()
  const fleet = await stand.fleet()
  const { id } = await submit(fleet, { command: stand.leaving("a"), giveUpAfter: "1h" })
  await when(fleet, id, ({ state }) => state === "queued")
  stand.clock.jump(3_600_000 + 1_000)
  await fleet.recover()
  expect(fleet.job(id).state, "clocks of nodes may be behind").toBe("queued")
  stand.clock.jump(120_000)
  expect(await ended(fleet, { id })).toMatchObject({ state: "failed", cause: "abandoned" })
  expect(fleet.job(id).attempts[0]?.fence).toBe(null)
  await expect.poll(() => stand.manager.natives()[0]?.word).toBe("CANCELLED")
})

test("what nobody can see takes no place from the one that may show it", async () => {
  await using stand = newStand()
  const fleet = await stand.fleet({ limits: { maxQueued: 1, maxSubmitPerMinute: null, capacity: null } })
  const id = await vanished(stand, fleet)
  stand.manager.resume()
  expect(await ended(fleet, await submit(fleet, { command: stand.leaving("b") }))).toMatchObject({ state: "completed" })
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
})
