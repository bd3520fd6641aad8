/** Patience: the manager's own time from TERM to KILL, asked for when it matters and not before. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { SchedulerError } from "../../src/errors.ts"
import type { Live } from "../../src/executors/link.ts"
import { Patience } from "../../src/executors/patience.ts"
import type { ManagerFacts, Scheduler } from "../../src/schedulers/scheduler.ts"
import { fakeScheduler } from "../support/fake-scheduler.ts"
import { Stand, ended, submit, when } from "../support/stand.ts"

const limits = {
  graceMs: 20_000,
  wordMs: 20_000,
  recordMs: 75_000,
  absenceMs: 60_000,
  absenceLooks: 3,
  runawayMs: 600_000,
}
const { signal } = new AbortController()

/** A manager that answers so, one answer after the other. */
function managerThat(...answers: readonly (number | undefined | "down")[]) {
  const asked: string[] = []
  const degraded: string[] = []
  const ask = async (): Promise<ManagerFacts> => {
    const answer = answers[asked.push("probe") - 1]
    if (answer === "down") throw new SchedulerError("DOWN", { summary: "It is down.", class: "transient" })
    return { version: "1", facts: {}, ...(answer === undefined ? {} : { killWaitMs: answer }) }
  }
  const live = (): Live => ({ session: { ask } }) as unknown as Live
  const scheduler = { features: { countsResources: false }, probe: () => ({}) } as unknown as Scheduler
  const link = { degraded: (reason: string) => void degraded.push(reason) }
  const patience = new Patience({ scheduler, link, limits, pace: { killAfterMs: 30_000 } })
  return { asked, degraded, live, patience }
}

test.each([
  ["a manager that waits longer than we would", 120_000, 135_000, 135_000],
  ["Slurm's default", 30_000, 45_000, 45_000],
  ["a manager that hardly waits", 2_000, 20_000, 30_000],
  ["one that does not say", undefined, 20_000, 30_000],
])("grace and KILL after %s", async (_, killWaitMs, graceMs, killAfterMs) => {
  const { patience, live } = managerThat(killWaitMs)
  expect([patience.limits, patience.killAfterMs]).toEqual([limits, 30_000])
  await patience.learn(live(), signal)
  expect([patience.limits, patience.killAfterMs]).toEqual([{ ...limits, graceMs }, killAfterMs])
})

test("it is asked once for each session, and again where it did not answer; what it said last counts meanwhile", async () => {
  const { patience, live, asked, degraded } = managerThat(60_000, "down", 120_000)
  const first = live()
  await patience.learn(first, signal)
  await patience.learn(first, signal)
  expect([asked.length, patience.limits.graceMs]).toEqual([1, 75_000])
  const second = live()
  await patience.learn(second, signal)
  expect([asked.length, degraded.length, patience.limits.graceMs]).toEqual([2, 1, 75_000])
  await patience.learn(second, signal)
  await patience.learn(second, signal)
  expect([asked.length, patience.limits.graceMs]).toEqual([3, 135_000])
})

test("a job without a record waits for the manager's kill time; one with a record asks nobody", async () => {
  await using stand = new Stand()
  const scheduler = fakeScheduler(stand.manager)
  let probes = 0
  const probe: Scheduler["probe"] = () => {
    probes += 1
    return { ...scheduler.probe(), parse: () => ({ version: "1", facts: {}, killWaitMs: 10_000 }) }
  }
  const fleet = await stand.fleet({ scheduler: { ...scheduler, probe } })
  expect(await ended(fleet, await submit(fleet, { command: stand.leaving("a") }))).toMatchObject({ state: "completed" })
  expect(probes).toBe(0)
  const { id } = await submit(fleet, { command: stand.leaving("b", "sleep 60") })
  const job = await when(fleet, id, ({ state }) => state === "running")
  await expect.poll(() => stand.ran).toEqual(["a", "b"])
  stand.manager.call(String(job.attempts[0]?.nativeId), "OUT_OF_MEMORY")
  const since = stand.clock.monotonic()
  process.kill(-Number(stand.manager.group(String(job.attempts[0]?.nativeId))), "SIGKILL")
  expect(await ended(fleet, { id })).toMatchObject({ state: "failed" })
  expect(probes).toBe(1)
  // The stand's own grace is 3 s.
  expect(stand.clock.monotonic() - since).toBeGreaterThan(25_000)
})

test("a cancelled payload that ignores TERM has the manager's kill time before a KILL of ours", async () => {
  await using stand = new Stand()
  const scheduler = fakeScheduler(stand.manager)
  const probe: Scheduler["probe"] = () => ({
    ...scheduler.probe(),
    parse: () => ({ version: "1", facts: {}, killWaitMs: 10_000 }),
  })
  const fleet = await stand.fleet({ scheduler: { ...scheduler, probe } })
  const { id } = await submit(fleet, { command: stand.leaving("a", "trap '' TERM; sleep 60 & wait; sleep 60") })
  await when(fleet, id, ({ state }) => state === "running")
  await expect.poll(() => stand.ran).toEqual(["a"])
  const since = stand.clock.monotonic()
  await fleet.cancel([id])
  const cancels = (): string => readFileSync(join(stand.manager.state, "calls"), "utf8")
  await expect.poll(cancels).toMatch(/^cancel .* TERM$/m)
  await expect.poll(cancels).toMatch(/^cancel .* KILL$/m)
  // The stand's own patience is 5 s.
  expect(stand.clock.monotonic() - since).toBeGreaterThan(25_000)
  expect(await ended(fleet, { id })).toMatchObject({ state: "cancelled" })
})
