/** Loose ends: natives of older tokens are found and cancelled, also when no job of the executor is live, and are told. */
import { expect, test } from "vitest"
import type { Fleet } from "../../src/executors/fleet.ts"
import type { Job } from "../../src/job/index.ts"
import { Stand, ended, eventsOf, submit, when } from "../support/stand.ts"

const isSettled = ({ attempts }: Job): boolean => attempts.some((attempt) => (attempt.settled ?? null) !== null)

test("a late native of a replaced attempt is cancelled by the next controller, though nothing is left to do", async () => {
  await using stand = new Stand()
  const { job, script } = await replaced(stand)
  // A frozen manager has taken what its client had given up; nobody looks just then.
  const id = stand.manager.turnUp(job.attempts[0]!.nativeName, script)
  const next = await stand.fleet({}, await stand.journal())
  const known = await when(next, job.id, isSettled)
  expect(stand.manager.natives().find((native) => native.id === id)).toMatchObject({ word: "CANCELLED" })
  expect(known.state).toBe("completed")
  expect(known.notes).toContainEqual(
    `Native ${id} of ${job.attempts[0]!.token} was found on fake and is cancelled: another attempt has followed.`,
  )
  expect(stand.ran).toEqual(["a"])
})

test("its twin without a late native is looked for, keeps no controller, and tells nothing", async () => {
  await using stand = new Stand()
  const { job } = await replaced(stand)
  const calls = stand.manager.calls("list")
  const next = await stand.fleet({}, await stand.journal())
  await next.recover("fake")
  expect(stand.manager.calls("list")).toBeGreaterThan(calls)
  const known = next.job(job.id)
  expect(isSettled(known)).toBe(false)
  expect(known.notes.filter((note) => note.includes("is cancelled"))).toEqual([])
  expect(next.isIdle).toBe(true)
})

test("what has nothing left open connects nobody", async () => {
  await using stand = new Stand()
  const first = await stand.fleet({}, await stand.journal())
  await ended(first, await submit(first, { command: stand.leaving("a") }))
  await first[Symbol.asyncDispose]()
  const calls = stand.manager.calls("list")
  const next = await stand.fleet({}, await stand.journal())
  const events = eventsOf(next)
  await stand.clock.sleep(3_000)
  expect(stand.manager.calls("list")).toBe(calls)
  expect(events).toEqual([])
})

test("a native beside the one that serves is cancelled, and its job tells of it once", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const { id } = await submit(fleet, { command: stand.leaving("a", "sleep 3") })
  const { attempts } = await when(fleet, id, ({ state }) => state === "running")
  const { nativeName, directory, token } = attempts[0]!
  const second = stand.manager.turnUp(nativeName, `${directory}/job.sh`)
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
  expect(stand.manager.natives().find((native) => native.id === second)).toMatchObject({ word: "CANCELLED" })
  expect(fleet.job(id).notes).toEqual([
    `Native ${second} of ${token} was found on fake and is cancelled: another one serves the attempt.`,
  ])
  expect(stand.ran).toEqual(["a"])
})

test("a cancel of what waits tells of no surplus", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const job = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, job.id, ({ state }) => state === "queued")
  await fleet.cancel([job.id])
  await ended(fleet, job)
  await when(fleet, job.id, isSettled)
  expect(fleet.job(job.id).notes).toEqual([])
})

/** A job that completed with its second native, after the first one had been forgotten; its controller has ended at once. */
async function replaced(stand: Stand): Promise<{ readonly job: Job; readonly script: string }> {
  const fleet: Fleet = await stand.fleet({}, await stand.journal())
  stand.manager.pause()
  const { id } = await submit(fleet, { command: stand.leaving("a") })
  const { attempts } = await when(fleet, id, ({ state }) => state === "queued")
  stand.manager.forget(attempts[0]!.nativeId!)
  await when(fleet, id, ({ attempts: now }) => now.length === 2 && now[1]!.submission === "accepted")
  await fleet[Symbol.asyncDispose]()
  stand.manager.resume()
  await expect.poll(() => stand.ran, { timeout: 10_000 }).toEqual(["a"])
  await expect.poll(() => stand.manager.natives().at(-1)?.state, { timeout: 10_000 }).toBe("ended")
  const second = await stand.fleet({}, await stand.journal())
  const done = await ended(second, { id })
  expect(done.state).toBe("completed")
  const job = second.job(id)
  await second[Symbol.asyncDispose]()
  return { job, script: `${job.attempts[0]!.directory}/job.sh` }
}
