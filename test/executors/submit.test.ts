/** Submitting, where the manager's answer is late, lost, or a no. */
import { writeFileSync } from "node:fs"
import { expect, test } from "vitest"
import { Stand, ended, submit, when } from "../support/stand.ts"

test("the same key is the same job; with another spec it is refused", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const request = { spec: { command: stand.leaving("a") }, key: "a", base: "/" }
  const results = await Promise.all([fleet.submit([request, request]), fleet.submit([request])])
  const ids = results.flat().map((result) => (result.ok ? result.job.id : result.error.code))
  expect(new Set(ids).size).toBe(1)
  expect(results.flat().filter((result) => result.ok && !result.existed)).toHaveLength(1)
  const [taken] = await fleet.submit([{ ...request, spec: { command: ["false"] } }])
  expect(taken).toMatchObject({ ok: false, error: { code: "KEY_TAKEN" } })
  await ended(fleet, { id: ids[0]! })
  expect(stand.ran).toEqual(["a"])
})

test("an answer that is lost after acceptance is found by its token, and the payload runs once", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.fault("submit", "lost-after")
  const job = await ended(fleet, await submit(fleet, { command: stand.leaving("a") }))
  expect(job.state).toBe("completed")
  expect(job.attempts).toHaveLength(1)
  expect(stand.ran).toEqual(["a"])
  expect(stand.manager.natives()).toHaveLength(1)
})

test("an answer that is lost before acceptance leads to a fence after three complete looks, and a replacement", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.fault("submit", "lost-before")
  const { id } = await submit(fleet, { command: stand.leaving("a") })
  const first = await when(fleet, id, (job) => job.attempts[0]?.submission === "in-doubt")
  const looks = stand.manager.calls("history")
  const job = await ended(fleet, { id })
  expect(stand.manager.calls("history") - looks).toBeGreaterThanOrEqual(3)
  expect(job.state).toBe("completed")
  expect(fleet.job(id).attempts.map(({ fence }) => fence)).toEqual(["won", null])
  expect(fleet.job(id).notes.join()).toContain("submitted again")
  expect(stand.ran).toEqual(["a"])

  // It turns up after all, with nobody there who would cancel it: its guard is taken.
  await fleet[Symbol.asyncDispose]()
  const old = first.attempts[0]!
  stand.manager.start(stand.manager.turnUp(old.nativeName, `${old.directory}/job.sh`))
  await expect
    .poll(
      () =>
        stand.manager
          .natives()
          .map(({ code }) => code)
          .sort(),
      { timeout: 10_000 },
    )
    .toEqual(["0", "111"])
  expect(stand.ran).toEqual(["a"])
})

test("an incomplete look is none: nothing is fenced while accounting is down or the queue says nothing", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.fault("submit", "lost-before")
  stand.manager.fault("history", "down", "always")
  const { id } = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, id, (job) => job.attempts[0]?.submission === "in-doubt")
  const before = stand.manager.calls("history")
  await expect.poll(() => stand.manager.calls("history"), { timeout: 10_000 }).toBeGreaterThan(before + 5)
  expect(fleet.job(id).attempts).toHaveLength(1)
  expect(fleet.job(id).attempts[0]?.fence).toBe(null)
  expect((await fleet.show(id)).health).toBe("degraded")
  stand.manager.fault("history", null)
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
})

test("a native that the manager made twice is cancelled as surplus, and the payload runs once", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  stand.manager.fault("submit", "double")
  const { id } = await submit(fleet, { command: stand.leaving("a") })
  await expect.poll(() => stand.manager.natives().map(({ word }) => word), { timeout: 10_000 }).toContain("CANCELLED")
  stand.manager.resume()
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
  expect(stand.ran).toEqual(["a"])
})

test("of two natives the one that has started is the truth, whichever we know", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const { id } = await submit(fleet, { command: stand.leaving("a", "sleep 1") })
  const { attempts } = await when(fleet, id, (job) => job.attempts[0]?.nativeId !== null && job.attempts.length > 0)
  const [attempt] = attempts
  // Unseen until it runs: one that is seen in the queue is cancelled as surplus.
  stand.manager.fault("list", "garbage", "always")
  stand.manager.start(stand.manager.turnUp(attempt!.nativeName, `${attempt!.directory}/job.sh`))
  await expect.poll(() => stand.ran, { timeout: 8_000 }).toEqual(["a"])
  stand.manager.fault("list", null)
  const job = await ended(fleet, { id })
  expect(job.state).toBe("completed")
  expect(stand.ran).toEqual(["a"])
  expect(stand.manager.natives().find((native) => native.id === attempt!.nativeId)?.word).toBe("CANCELLED")
})

test("a limit of the manager is waited out visibly, and the job goes on by itself", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.fault("submit", "limit")
  const { id } = await submit(fleet, { command: stand.leaving("a") })
  const [accepted] = await fleet.accepted([id])
  expect(accepted).toMatchObject({ state: "staging" })
  expect(fleet.job(id).waiting).toContain("no more jobs")
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
})

test("what the manager rejects fails with its words; the next one goes", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.fault("submit", "rejected")
  const job = await ended(fleet, await submit(fleet, { command: stand.leaving("a") }))
  expect(job).toMatchObject({ state: "failed", cause: "rejected" })
  expect(job.reason).toContain("there is no such queue")
  expect(await ended(fleet, await submit(fleet, { command: stand.leaving("b") }))).toMatchObject({ state: "completed" })
})

test("a manager that can't be reached is unreachable for all, and asked again", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.fault("submit", "connect", "always")
  const jobs = [
    await submit(fleet, { command: stand.leaving("a") }),
    await submit(fleet, { command: stand.leaving("b") }),
  ]
  await expect.poll(async () => (await fleet.show(jobs[0]!.id)).health, { timeout: 10_000 }).toBe("unreachable")
  stand.manager.fault("submit", null)
  for (const job of jobs) expect(await ended(fleet, job)).toMatchObject({ state: "completed", health: "up" })
  expect(stand.ran.toSorted()).toEqual(["a", "b"])
})

test("missing inputs fail the job at stage-in; the same inputs, once there, do not", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const spec = { command: ["cat", "in"], inputs: [{ from: stand.path("in"), to: "in" }] }
  expect(await ended(fleet, await submit(fleet, spec))).toMatchObject({ state: "failed", cause: "stage-in" })
  writeFileSync(stand.path("in"), "x")
  expect(await ended(fleet, await submit(fleet, spec))).toMatchObject({ state: "completed" })
})

test("a job whose secrets nobody knows any more waits and keeps no place; told them, it goes", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet({ limits: { maxQueued: 1, maxSubmitPerMinute: null, capacity: null } })
  const env = { S: { fromEnv: "HAWSER_TEST_NO_SUCH" } }
  const spec = { command: ["sh", "-c", 'test "$S" = word'], env, after: ["first"] }
  const secrets = { HAWSER_TEST_NO_SUCH: "word" }
  await submit(fleet, { command: ["sleep", "1"] }, { key: "first" })
  const { id } = await submit(fleet, spec, { key: "s", secrets })
  // As after a kill of the controller: they were in its memory only.
  fleet.secrets.delete(id)
  const waits = await when(fleet, id, (job) => job.waiting?.includes("HAWSER_TEST_NO_SUCH") === true)
  expect(waits.state).toBe("new")
  expect(await ended(fleet, await submit(fleet, { command: stand.leaving("a") }))).toMatchObject({ state: "completed" })
  await submit(fleet, spec, { key: "s", secrets })
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
})

test("a job without a value for its secret is refused, and says which", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const spec = { command: ["true"], env: { S: { fromEnv: "HAWSER_TEST_NO_SUCH" } } }
  const [result] = await fleet.submit([{ spec, key: "s" }])
  expect(result).toMatchObject({ ok: false, error: { code: "SECRET_MISSING" } })
})

test.each([
  ["completed", "true", "completed"],
  ["completed", "exit 3", "dependency"],
  ["failed", "exit 3", "completed"],
  ["ended", "exit 3", "completed"],
  ["started", "true", "completed"],
] as const)("a job that waits until another is %s: after `%s` it is %s", async (until, script, end) => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  await submit(fleet, { command: ["sh", "-c", script] }, { key: "first" })
  const job = await ended(fleet, await submit(fleet, { command: ["true"], after: [{ job: "first", when: until }] }))
  expect(job.cause ?? job.state).toBe(end)
})

test("a job that waits for one that nobody knows fails for its dependency", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const job = await ended(fleet, await submit(fleet, { command: ["true"], after: [{ job: "nobody", when: "ended" }] }))
  expect(job).toMatchObject({ state: "failed", cause: "dependency" })
})

test("no more natives than allowed are in the manager, and all jobs get their turn", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet({ limits: { maxQueued: 3, maxSubmitPerMinute: null, capacity: null } })
  const names = Array.from({ length: 10 }, (_, index) => `j${index}`)
  let most = 0
  fleet.parts.store.subscribe(() => {
    most = Math.max(most, fleet.engine("fake").desk.book.count("staging", "queued", "running"))
  })
  const results = await fleet.submit(names.map((key) => ({ spec: { command: stand.leaving(key) }, key, base: "/" })))
  await fleet.ended(results.flatMap((result) => (result.ok ? [result.job.id] : [])))
  expect(stand.ran).toEqual(names)
  expect(most).toBe(3)
})

test("one among many that the manager rejects keeps no other one back", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.fault("submit", "rejected")
  const jobs = await Promise.all(
    Array.from({ length: 30 }, (_, index) => submit(fleet, { command: stand.leaving(`${index}`) })),
  )
  const views = await Promise.all(jobs.map((job) => ended(fleet, job)))
  const rejected = views.filter(({ state }) => state === "failed").length
  // Those that ask in the same moment may all meet the fault.
  expect([1, 2, 3]).toContain(rejected)
  expect(views.filter(({ state }) => state === "completed")).toHaveLength(30 - rejected)
  expect(stand.manager.calls("submit")).toBe(30)
  expect(new Set(stand.ran).size).toBe(30 - rejected)
})

test("a manager that can't be asked is asked by few, however many wait", async () => {
  // Time passes as it does: whoever pauses does so until this is looked at.
  await using stand = new Stand(1)
  const fleet = await stand.fleet()
  // Once it has taken some, many are under way at a time.
  const before = await Promise.all(
    Array.from({ length: 40 }, (_, index) => submit(fleet, { command: stand.leaving(`before${index}`) })),
  )
  await Promise.all(before.map((job) => when(fleet, job.id, ({ attempts }) => attempts[0]?.submission === "accepted")))
  const calls = stand.manager.calls("submit")
  stand.manager.fault("submit", "connect", "always")
  const jobs = await Promise.all(
    Array.from({ length: 40 }, (_, index) => submit(fleet, { command: stand.leaving(`${index}`) })),
  )
  await expect
    .poll(async () => (await fleet.status()).executors.map(({ health }) => health), { timeout: 20_000, interval: 5 })
    .toEqual(["unreachable"])
  const asked = stand.manager.calls("submit") - calls
  expect(asked).toBeGreaterThan(0)
  // Of forty: a round asks nine at a time, and a busy machine begins another before we look.
  expect(asked).toBeLessThan(24)
  expect(jobs.map(({ id }) => fleet.job(id).state)).not.toContain("failed")
})
