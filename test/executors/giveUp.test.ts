/** Deadlines: what has not started by then never will, and what has started goes on. */
import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { TransportError } from "../../src/errors.ts"
import type { Fleet } from "../../src/executors/fleet.ts"
import { prelude } from "../../src/remote/prelude.ts"
import { type Session, openSession } from "../../src/transport/session.ts"
import { localTransport } from "../../src/transport/local.ts"
import { Stand, ended, submit, when } from "../support/stand.ts"

const hourMs = 3_600_000

test("a job that is queued at its deadline is fenced and failed, and never runs afterwards", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const { id } = await submit(fleet, { command: stand.leaving("a"), giveUpAfter: "1h" })
  const other = await submit(fleet, { command: stand.leaving("b") })
  await when(fleet, id, ({ state }) => state === "queued")
  await when(fleet, other.id, ({ state }) => state === "queued")
  stand.clock.jump(hourMs + 1_000)
  const end = await ended(fleet, { id })
  expect(end).toMatchObject({ state: "failed", cause: "launch" })
  expect(end.reason).toContain("giveUpAfter")
  expect(fleet.job(id).attempts[0]?.fence).toBe("won")
  stand.manager.resume()
  expect(await ended(fleet, other)).toMatchObject({ state: "completed" })
  expect(stand.ran).toEqual(["b"])
})

test("before its deadline it waits, and then runs", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const { id } = await submit(fleet, { command: stand.leaving("a"), giveUpAfter: "1h" })
  await when(fleet, id, ({ state }) => state === "queued")
  stand.clock.jump(hourMs - 60_000)
  await fleet.recover()
  expect(fleet.job(id).state).toBe("queued")
  stand.manager.resume()
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
})

test("what has started before its deadline goes on", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const { id } = await submit(fleet, { command: stand.leaving("a", "sleep 1"), giveUpAfter: "1h" })
  await when(fleet, id, ({ state }) => state === "running")
  stand.clock.jump(2 * hourMs)
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
})

test("what has started unseen holds its guard, and goes on", async () => {
  await using stand = new Stand()
  // No sweep sees it run before the deadline.
  const fleet = await stand.fleet({
    pace: { sweepMsMin: 30_000, sweepMsMax: 30_000, hintMs: 500, askMsMin: 0, gatherMs: 20, killAfterMs: 5_000 },
  })
  const { id } = await submit(fleet, { command: stand.leaving("a", "sleep 1"), giveUpAfter: "1h" })
  await expect.poll(() => stand.ran, { timeout: 8_000 }).toEqual(["a"])
  stand.clock.jump(2 * hourMs)
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
})

test("a job that waits in our own queue ends at its deadline, and nothing is submitted", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet({ limits: { maxQueued: 1, maxSubmitPerMinute: null, capacity: null } })
  stand.manager.pause()
  const first = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, first.id, ({ state }) => state === "queued")
  const { id } = await submit(fleet, { command: stand.leaving("b"), giveUpAfter: "1h" })
  await when(fleet, id, ({ waiting }) => waiting !== null)
  stand.clock.jump(hourMs + 1_000)
  const more = await submit(fleet, { command: stand.leaving("c"), giveUpAfter: "1h" })
  expect(await ended(fleet, { id })).toMatchObject({ state: "failed", cause: "launch", attempt: 0 })
  await when(fleet, more.id, ({ waiting }) => waiting !== null)
})

test("the wrapper gets the deadline with the job's directory, in whole seconds", async () => {
  // Time passes here as it does on the manager's host.
  await using stand = new Stand(1)
  const fleet = await stand.fleet()
  stand.manager.pause()
  const { id } = await submit(fleet, { command: stand.leaving("a"), giveUpAfter: "1h" })
  const { attempts, createdAt } = await when(fleet, id, ({ state }) => state === "queued")
  const told = Number(readFileSync(join(attempts[0]!.directory, "start-before"), "utf8"))
  expect(Math.abs(told * 1000 - (createdAt + hourMs))).toBeLessThan(5_000)
  const without = await submit(fleet, { command: stand.leaving("b") })
  const job = await when(fleet, without.id, ({ state }) => state === "queued")
  expect(readdirSync(job.attempts[0]!.directory)).not.toContain("start-before")
})

/** A fleet whose way to the manager can be cut and mended. */
async function cuttable(stand: Stand): Promise<{ fleet: Fleet; cut: () => Promise<void>; mend: () => void }> {
  let isCut = false
  const sessions: Session[] = []
  const open = async (signal: AbortSignal): Promise<Session> => {
    if (isCut) throw new TransportError("CUT", { summary: "There is no way to it.", class: "transient" })
    const session = await openSession(localTransport(stand.clock), { clock: stand.clock, prelude: prelude([]) }, signal)
    sessions.push(session)
    return session
  }
  return {
    fleet: await stand.fleet({ openSession: open }),
    cut: async () => {
      isCut = true
      await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()))
    },
    mend: () => {
      isCut = false
    },
  }
}

test("a manager that is away at the deadline: a clean failure after the margin, and it never runs when it comes back", async () => {
  await using stand = new Stand(30)
  const { fleet, cut, mend } = await cuttable(stand)
  stand.manager.pause()
  const submittedAt = Date.now()
  const { id } = await submit(fleet, { command: stand.leaving("a"), giveUpAfter: "2s" })
  await when(fleet, id, ({ state }) => state === "queued")
  await cut()
  stand.clock.jump(60_000)
  await expect.poll(async () => (await fleet.show(id)).health, { timeout: 10_000 }).toBe("unreachable")
  expect(fleet.job(id).state).toBe("queued")
  stand.clock.jump(63_000)
  expect(await ended(fleet, { id })).toMatchObject({ state: "failed", cause: "abandoned" })
  // The wrapper's clock is the real one.
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, submittedAt + 3_000 - Date.now())))
  mend()
  stand.manager.resume()
  const other = await submit(fleet, { command: stand.leaving("b") })
  expect(await ended(fleet, other)).toMatchObject({ state: "completed" })
  expect(stand.ran).toEqual(["b"])
})

test("one that had started unseen, while its manager was away, is corrected by late evidence", async () => {
  await using stand = new Stand(30)
  const { fleet, cut, mend } = await cuttable(stand)
  stand.manager.pause()
  const { id } = await submit(fleet, { command: stand.leaving("a"), giveUpAfter: "10m" })
  await when(fleet, id, ({ state }) => state === "queued")
  await cut()
  stand.manager.resume()
  await expect.poll(() => stand.ran, { timeout: 8_000 }).toEqual(["a"])
  stand.clock.jump(730_000)
  expect(await ended(fleet, { id })).toMatchObject({ state: "failed", cause: "abandoned" })
  mend()
  await when(fleet, id, ({ state }) => state === "completed")
  expect(stand.ran).toEqual(["a"])
})
