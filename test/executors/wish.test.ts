/** Hold, release, suspend, resume and requeue, at each point of a job's way. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Fleet } from "../../src/executors/fleet.ts"
import type { JobState, Wish } from "../../src/job/index.ts"
import { Stand, ended, submit, when } from "../support/stand.ts"

const wishing = (fleet: Fleet, wish: Wish, ...names: readonly string[]) => fleet.wish({ wish, names })

const reached = (fleet: Fleet, id: string, wanted: JobState) =>
  when(fleet, id, ({ state, wish = null }) => state === wanted && wish === null)

test("held before it is submitted: nothing is sent before it is released", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const first = await submit(fleet, { command: ["sleep", "60"] }, { key: "first" })
  const job = await submit(fleet, { command: stand.leaving("a"), after: [{ job: "first", when: "ended" }] })
  expect((await wishing(fleet, "hold", job.id))[0]).toMatchObject({ state: "new", wish: "hold" })
  await fleet.cancel([first.id])
  await ended(fleet, first)
  await when(fleet, job.id, ({ waiting }) => waiting?.includes("held here") === true)
  expect(fleet.job(job.id).attempts).toEqual([])
  expect((await wishing(fleet, "release", job.id))[0]).toMatchObject({ wish: null })
  expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
  expect(stand.ran).toEqual(["a"])
})

test("held while queued: the manager holds it, and starts it when it is released", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const job = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, job.id, ({ state }) => state === "queued")
  await wishing(fleet, "hold", job.id)
  await reached(fleet, job.id, "held")
  stand.manager.resume()
  expect(stand.ran).toEqual([])
  await wishing(fleet, "release", job.id)
  expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
  expect(stand.ran).toEqual(["a"])
})

test("suspended while it runs, and resumed: it goes on where it was", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const job = await submit(fleet, { command: stand.leaving("a", "sleep 1") })
  await when(fleet, job.id, ({ state }) => state === "running")
  await wishing(fleet, "suspend", job.id)
  await reached(fleet, job.id, "suspended")
  await wishing(fleet, "resume", job.id)
  await reached(fleet, job.id, "running")
  expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
  expect(stand.ran).toEqual(["a"])
})

test("what the manager refuses is given up, and its words are a note", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  stand.manager.fault("hold", "rejected", "always")
  const job = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, job.id, ({ state }) => state === "queued")
  await wishing(fleet, "hold", job.id)
  const { state, notes } = await when(fleet, job.id, ({ wish = null, notes }) => wish === null && notes.length > 0)
  expect(state).toBe("queued")
  expect(notes).toEqual([expect.stringContaining("that is for administrators")])
  await fleet.cancel([job.id])
})

test("what a manager that is away did not take is asked for again, also by the next controller", async () => {
  await using stand = new Stand()
  stand.manager.pause()
  stand.manager.fault("hold", "connect", "always")
  const first = await stand.fleet({}, await stand.journal())
  const job = await submit(first, { command: stand.leaving("a") })
  await when(first, job.id, ({ state }) => state === "queued")
  await wishing(first, "hold", job.id)
  await expect.poll(() => stand.manager.calls("hold"), { timeout: 10_000 }).toBeGreaterThan(0)
  expect(first.job(job.id)).toMatchObject({ state: "queued", wish: "hold" })
  stand.copyState("state", "next")
  stand.manager.fault("hold", null)
  const next = await stand.fleet({}, await stand.journal("next"), "next")
  await reached(next, job.id, "held")
  await next.cancel([job.id])
  expect(await ended(next, job)).toMatchObject({ state: "cancelled" })
})

test("a release that comes before the hold has shown is carried out behind it", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const job = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, job.id, ({ state }) => state === "queued")
  await wishing(fleet, "hold", job.id)
  await expect.poll(() => stand.manager.natives()[0]?.state, { timeout: 10_000 }).toBe("held")
  await wishing(fleet, "release", job.id)
  stand.manager.resume()
  expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
})

test("a job that is suspended can be cancelled", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const job = await submit(fleet, { command: stand.leaving("a", "sleep 60") })
  await when(fleet, job.id, ({ state }) => state === "running")
  await wishing(fleet, "suspend", job.id)
  await reached(fleet, job.id, "suspended")
  await fleet.cancel([job.id])
  expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
})

test("what can't be is refused at once, and nothing is recorded of the others", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const running = await submit(fleet, { command: ["sleep", "60"] }, { key: "running" })
  await when(fleet, running.id, ({ state }) => state === "running")
  stand.manager.pause()
  const queued = await submit(fleet, { command: ["true"] }, { key: "queued" })
  await when(fleet, queued.id, ({ state }) => state === "queued")
  await expect(wishing(fleet, "hold", "queued", "running")).rejects.toMatchObject({
    code: "WISH_IMPOSSIBLE",
    reason: "It has started.",
  })
  await expect(wishing(fleet, "suspend", "queued")).rejects.toMatchObject({ reason: "It has not started." })
  await fleet.cancel(["running"])
  await expect(wishing(fleet, "suspend", "running")).rejects.toMatchObject({ code: "WISH_IMPOSSIBLE" })
  await ended(fleet, running)
  await expect(wishing(fleet, "release", "running")).rejects.toMatchObject({ reason: "It is cancelled." })
  expect(fleet.job(queued.id).wish).toBe(null)
  await fleet.cancel(["queued"])
})

test("said of an executor, it is done to all of its jobs to which it applies", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const running = await submit(fleet, { command: ["sleep", "60"] })
  await when(fleet, running.id, ({ state }) => state === "running")
  stand.manager.pause()
  const jobs = [await submit(fleet, { command: ["true"] }), await submit(fleet, { command: ["true"] })]
  for (const { id } of jobs) await when(fleet, id, ({ state }) => state === "queued")
  const held = await fleet.wish({ wish: "hold", executors: ["fake"] })
  expect(held.map(({ id }) => id).sort()).toEqual(jobs.map(({ id }) => id).sort())
  for (const { id } of jobs) await reached(fleet, id, "held")
  expect(fleet.job(running.id).state).toBe("running")
  await fleet.cancel([running, ...jobs].map(({ id }) => id))
  for (const job of [running, ...jobs]) await ended(fleet, job)
})

/** Writes down the number of its start, and takes long in the first one. */
async function startedAgain(stand: Stand, fleet: Fleet, more: object = {}): Promise<string> {
  const command = [
    "sh",
    "-c",
    'echo "$HAWSER_RESTART" >>starts; [ "$HAWSER_RESTART" -ge 1 ] && exec sleep 7; exec sleep 60',
  ]
  const { id } = await submit(fleet, { command, outputs: ["starts"], retry: { requeue: true }, ...more })
  const { attempts } = await when(fleet, id, ({ state }) => state === "running")
  await expect.poll(() => readFileSync(join(String(attempts[0]?.directory), "work/starts"), "utf8")).toBe("0\n")
  return id
}

test.each([null, "lost-after", "connect"] as const)(
  "requeued while it runs: it starts once more, as the same attempt, also where the answer is %j",
  async (fault) => {
    await using stand = new Stand()
    const fleet = await stand.fleet()
    const id = await startedAgain(stand, fleet)
    if (fault !== null) stand.manager.fault("requeue", fault)
    expect((await wishing(fleet, "requeue", id))[0]).toMatchObject({ state: "running", wish: "requeue" })
    await when(fleet, id, ({ wish = null }) => wish === null)
    expect(fleet.job(id).state).not.toBe("completed")
    const end = await ended(fleet, { id })
    expect(end).toMatchObject({ state: "completed", wish: null, attempts: [{ restarts: 1 }] })
    expect(readFileSync(join(end.directory, "starts"), "utf8")).toBe("0\n1\n")
    expect(end.notes.join()).not.toContain("requeue:")
  },
)

test("what may not start again, has not started, or is over can't be requeued, and it is said why", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const once = await startedAgain(stand, fleet, { retry: { maxAttempts: 1 } })
  await expect(wishing(fleet, "requeue", once)).rejects.toMatchObject({ reason: /without retry\.requeue/ })
  stand.manager.pause()
  const queued = await submit(fleet, { command: ["true"], retry: { requeue: true } })
  await when(fleet, queued.id, ({ state }) => state === "queued")
  await expect(wishing(fleet, "requeue", queued.id)).rejects.toMatchObject({ reason: "It has not started." })
  await fleet.cancel([once, queued.id])
  await ended(fleet, { id: once })
  await expect(wishing(fleet, "requeue", once)).rejects.toMatchObject({ reason: "It is cancelled." })
})
