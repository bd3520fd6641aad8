/** Where attempts wait only for a job that shows what a fence does there, the engine submits one by itself. (PROTOCOL 8) */
import { expect, test } from "vitest"
import type { Fleet } from "../../src/executors/fleet.ts"
import { isHeldBack } from "../../src/job/index.ts"
import type { Job } from "../../src/job/index.ts"
import type { FakeNative } from "../support/fake-scheduler.ts"
import { Stand, ended, eventsOf, submit, when } from "../support/stand.ts"

/** A manager at which nothing has started yet. `factor`: how many times as fast as on its host time passes. */
function newStand(factor?: number): Stand {
  const stand = new Stand(factor)
  stand.isUnshown = true
  stand.manager.pause()
  return stand
}

/** A job that the manager has forgotten before it started. */
async function vanished(stand: Stand, fleet: Fleet, word = "a"): Promise<string> {
  const { id } = await submit(fleet, { command: stand.leaving(word) })
  const { attempts } = await when(fleet, id, ({ state }) => state === "queued")
  stand.manager.forget(attempts[0]!.nativeId!)
  await when(fleet, id, isHeldBack)
  return id
}

function testsOf(fleet: Fleet): Job[] {
  return [...fleet.parts.store.jobs.values()].filter(({ isTest }) => isTest === true)
}

function testNatives(stand: Stand): FakeNative[] {
  return stand.manager.natives().filter(({ name }) => name.endsWith("-hawser-test"))
}

/** The test job that has number `index`, as soon as the manager has it. */
async function queuedTest(fleet: Fleet, index: number): Promise<Job> {
  await expect.poll(() => testsOf(fleet).length, { timeout: 15_000 }).toBe(index + 1)
  return when(fleet, testsOf(fleet)[index]!.id, ({ state }) => state === "queued")
}

test("where everything has vanished, a test job shows it, what vanished is submitted again, and the test job is forgotten", async () => {
  await using stand = newStand()
  const fleet = await stand.fleet()
  const events = eventsOf(fleet)
  const ids = [await vanished(stand, fleet, "a")]
  const { attempts } = await queuedTest(fleet, 0)
  const { waits } = await fleet.explain(ids[0]!)
  expect(JSON.stringify(waits)).toContain("the test job hawser-test-")
  stand.manager.resume()
  for (const id of ids) expect(await ended(fleet, { id })).toMatchObject({ state: "completed", attempt: 1 })
  expect(stand.ran).toEqual(["a"])
  expect(events.filter(({ type }) => type === "visible")).toMatchObject([{ shownBy: attempts[0]?.token }])
  await expect.poll(() => testsOf(fleet), { timeout: 10_000 }).toMatchObject([{ state: "completed", pruned: "both" }])
  expect((await fleet.list()).map(({ id }) => id)).toEqual(ids)
})

test("there is one at a time, however many wait and however long it takes", async () => {
  await using stand = newStand()
  const fleet = await stand.fleet()
  await vanished(stand, fleet, "a")
  await vanished(stand, fleet, "b")
  await queuedTest(fleet, 0)
  const looks = stand.manager.calls("history")
  await expect.poll(() => stand.manager.calls("history"), { timeout: 10_000 }).toBeGreaterThan(looks + 5)
  expect(testNatives(stand)).toHaveLength(1)
  expect(testsOf(fleet)).toHaveLength(1)
})

test("where a job is on its way that will show it, there is none", async () => {
  await using stand = newStand()
  const fleet = await stand.fleet()
  const other = await submit(fleet, { command: stand.leaving("b") })
  await when(fleet, other.id, ({ state }) => state === "queued")
  const id = await vanished(stand, fleet)
  const looks = stand.manager.calls("history")
  await expect.poll(() => stand.manager.calls("history"), { timeout: 10_000 }).toBeGreaterThan(looks + 5)
  stand.manager.resume()
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
  expect(testsOf(fleet)).toEqual([])
})

test("one that vanishes itself is given up, and after a minute another one follows; its natives are ended when they turn up", async () => {
  await using stand = newStand(30)
  const fleet = await stand.fleet()
  const id = await vanished(stand, fleet)
  const first = await queuedTest(fleet, 0)
  stand.manager.forget(first.attempts[0]!.nativeId!)
  expect(await ended(fleet, first)).toMatchObject({ state: "failed", cause: "abandoned" })
  const { waits } = await fleet.explain(id)
  expect(waits.find(({ for: what }) => what.includes("another test job"))?.until).not.toBe(null)
  const second = await queuedTest(fleet, 1)
  expect(second.createdAt - fleet.job(first.id).endedAt!).toBeGreaterThanOrEqual(59_000)
  const late = stand.manager.turnUp(first.attempts[0]!.nativeName, `${first.attempts[0]!.directory}/job.sh`)
  const wordOf = (): string | null | undefined => stand.manager.natives().find((one) => one.id === late)?.word
  await expect.poll(wordOf, { timeout: 10_000 }).toBe("CANCELLED")
  stand.manager.resume()
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
  expect(stand.ran).toEqual(["a"])
})

test("one that the manager refuses is told, and another one follows", async () => {
  await using stand = newStand(30)
  const fleet = await stand.fleet()
  const { id } = await submit(fleet, { command: stand.leaving("a") })
  const { attempts } = await when(fleet, id, ({ state }) => state === "queued")
  stand.manager.fault("submit", "rejected")
  stand.manager.forget(attempts[0]!.nativeId!)
  await expect.poll(() => testsOf(fleet)[0]?.state, { timeout: 10_000 }).toBe("failed")
  expect(JSON.stringify(await fleet.explain(id))).toMatch(/another test job, .*did not \(rejected: /)
  stand.manager.resume()
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
  expect(testsOf(fleet).map(({ outcome }) => outcome?.cause)).toEqual(["rejected", null])
})

test("what a controller that died had intended is found by the next one, and submitted once", async () => {
  await using stand = newStand()
  const store = await stand.journal("one")
  const old = await stand.fleet({}, store, "one")
  let isCopied = false
  store.subscribe((events) => {
    // As a crash right behind the record would leave it.
    if (isCopied || !events.some((event) => event.type === "created" && event.isTest === true)) return
    stand.copyState("one", "two")
    isCopied = true
  })
  const id = await vanished(stand, old)
  const { attempts } = await queuedTest(old, 0)
  const fleet = await stand.fleet({}, await stand.journal("two"), "two")
  expect(await queuedTest(fleet, 0)).toMatchObject({ attempts: [{ token: attempts[0]?.token }] })
  expect(testNatives(stand)).toHaveLength(1)
  stand.manager.resume()
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
  expect(stand.ran).toEqual(["a"])
})

test("it goes where a job went that the manager has taken, and within the user's limits", async () => {
  await using stand = newStand()
  const fleet = await stand.fleet({ limits: { maxQueued: 1, maxSubmitPerMinute: null, capacity: null } })
  const { id } = await submit(fleet, {
    command: stand.leaving("a"),
    resources: { queue: "debug", account: "p1", nodes: 7 },
  })
  const { attempts } = await when(fleet, id, ({ state }) => state === "queued")
  stand.manager.forget(attempts[0]!.nativeId!)
  const { spec } = await queuedTest(fleet, 0)
  expect(spec.resources).toMatchObject({ queue: "debug", account: "p1", tasks: 1, nodes: null, walltime: 300 })
})

test("who waits no longer for it needs none", async () => {
  await using stand = newStand()
  const fleet = await stand.fleet()
  const { id } = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, id, ({ state }) => state === "queued")
  await fleet.abandon({ jobs: [id], dryRun: false })
  await fleet.recover().catch(() => undefined)
  expect(testsOf(fleet)).toEqual([])
})
