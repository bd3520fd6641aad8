/** After a sleep, a stop or a jump of the clock: everything is asked afresh before anything is decided. */
import { expect, test } from "vitest"
import { Pulse, joltText } from "../../src/executors/pulse.ts"
import { prelude } from "../../src/remote/prelude.ts"
import { localTransport } from "../../src/transport/local.ts"
import { type Session, openSession } from "../../src/transport/session.ts"
import { fakeScheduler } from "../support/fake-scheduler.ts"
import { Stand, ended, submit, when } from "../support/stand.ts"
import { virtualClock } from "../support/virtual-clock.ts"

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** A pulse, what it has told, and a process that can be stopped for a while. */
function pulsing() {
  const clock = virtualClock()
  let stoppedMs = 0
  const both = { now: () => clock.now() + stoppedMs, monotonic: () => clock.monotonic() + stoppedMs }
  const pulse = new Pulse({ ...clock, ...both })
  const told: string[] = []
  pulse.listen((what) => void told.push(what))
  void pulse.run(new AbortController().signal)
  const stop = (ms: number): void => {
    stoppedMs += ms
  }
  return { clock, pulse, told, stop }
}

test("time that passes as it should is none, nor is a busy machine, nor a clock that is set right by a second", async () => {
  const { clock, pulse, told, stop } = pulsing()
  await clock.advance(hourMs)
  stop(6_000)
  await clock.advance(hourMs)
  clock.jump(1_000)
  await clock.advance(hourMs)
  expect(told).toEqual([])
  expect([pulse.isSteady, pulse.steadyForMs]).toEqual([true, Infinity])
})

test.each([60_000, -60_000, 5 * dayMs])("a wall clock that jumps by %d ms is told once", async (ms) => {
  const { clock, pulse, told } = pulsing()
  await clock.advance(15_000)
  clock.jump(ms)
  expect(pulse.isSteady, "before the next beat").toBe(false)
  await clock.advance(hourMs)
  expect(told).toEqual([`the wall clock moved by ${ms / 1000} s`])
})

test("a process that stood still knows it before it decides anything, once", async () => {
  const { clock, pulse, told, stop } = pulsing()
  await clock.advance(12_000)
  stop(60_000)
  expect(pulse.isSteady).toBe(false)
  await clock.advance(hourMs)
  expect(told).toHaveLength(1)
})

test("what was asked before the last jolt is no look", async () => {
  const { clock, pulse } = pulsing()
  clock.jump(hourMs)
  const began = pulse.check()
  clock.jump(-hourMs)
  pulse.looked(began)
  expect(pulse.isSteady).toBe(false)
  pulse.looked(pulse.check())
  expect(pulse.isSteady).toBe(true)
  await clock.advance(90_000)
  expect(pulse.steadyForMs).toBe(90_000)
})

test("a deadline that has come by a jump is nothing before the manager was asked", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const { id } = await submit(fleet, { command: stand.leaving("a"), giveUpAfter: "1h" })
  await when(fleet, id, ({ state }) => state === "queued")
  stand.manager.fault("list", "down", "always")
  stand.clock.jump(2 * hourMs)
  const asked = stand.manager.calls("list")
  await expect.poll(() => stand.manager.calls("list"), { timeout: 10_000 }).toBeGreaterThan(asked + 1)
  expect(fleet.job(id)).toMatchObject({ state: "queued", attempts: [{ fence: null }] })
  stand.manager.fault("list", null)
  expect(await ended(fleet, { id })).toMatchObject({ state: "failed", cause: "launch" })
})

test("a job that is not yet submitted waits for that look, too, and says so", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet({ limits: { maxQueued: 1, maxSubmitPerMinute: null, capacity: null } })
  stand.manager.pause()
  const first = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, first.id, ({ state }) => state === "queued")
  const { id } = await submit(fleet, { command: stand.leaving("b"), giveUpAfter: "1h" })
  stand.manager.fault("list", "down", "always")
  stand.clock.jump(2 * hourMs)
  await when(fleet, id, ({ waiting }) => waiting === joltText)
  stand.manager.fault("list", null)
  expect(await ended(fleet, { id })).toMatchObject({ state: "failed", cause: "launch" })
})

test("a connection that gives no answer after a jump is replaced, and the clocks are compared again", async () => {
  await using stand = new Stand()
  let isDead = false
  let opened = 0
  const fleet = await stand.fleet({
    openSession: async (signal): Promise<Session> => {
      opened += 1
      isDead = false
      const { clock } = stand
      const session = await openSession(localTransport(clock), { clock, prelude: prelude([]) }, signal)
      const ask: Session["ask"] = async (command, after) =>
        isDead ? new Promise(() => undefined) : session.ask(command, after)
      return { ...session, ask, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() }
    },
  })
  stand.manager.pause()
  const { id } = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, id, ({ state }) => state === "queued")
  const { link } = fleet.engine("fake").desk
  const before = link.clockOffsetMs
  stand.clock.jump(hourMs)
  await expect.poll(() => link.clockOffsetMs, { timeout: 10_000 }).toBeLessThan(before - hourMs + 60_000)
  expect(opened, "the one that answers stays").toBe(1)
  isDead = true
  stand.clock.jump(hourMs)
  await expect.poll(() => opened, { timeout: 10_000 }).toBe(2)
  stand.manager.resume()
  expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
})

test("accounting is asked from before the job was submitted, whatever our clock said then", async () => {
  await using stand = new Stand()
  const since: number[] = []
  const scheduler = fakeScheduler(stand.manager)
  const look: typeof scheduler.look = (natives, from) => {
    since.push(from)
    return scheduler.look(natives, from)
  }
  const fleet = await stand.fleet({ scheduler: { ...scheduler, look } })
  stand.manager.pause()
  const first = await submit(fleet, { command: stand.leaving("a") })
  await when(fleet, first.id, ({ state }) => state === "queued")
  const submittedAt = Date.now()
  stand.clock.jump(5 * dayMs)
  const second = await submit(fleet, { command: stand.leaving("b") })
  const { attempts } = await when(fleet, second.id, ({ state }) => state === "queued")
  stand.clock.jump(-5 * dayMs)
  stand.manager.forget(attempts[0]!.nativeId!)
  await expect.poll(() => since.length, { timeout: 10_000 }).toBeGreaterThan(1)
  for (const seconds of since) expect(seconds * 1000).toBeLessThan(submittedAt - dayMs + hourMs)
})
