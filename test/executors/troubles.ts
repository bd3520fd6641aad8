/** Clauses of the contract of executors: refusals, lost answers, managers that are away or talk nonsense, and controllers that die. */
import { expect } from "vitest"
import { ended, eventsOf, submit, when } from "../support/stand.ts"
import { type Clauses, numberOf, until } from "./bench.ts"

export const clausesOfTrouble: Clauses = {
  "what the manager refuses is rejected with its words; the next one goes": async (bench) => {
    const fleet = await bench.fleet()
    bench.cluster.fault("submit", "rejected")
    const job = await bench.ended(fleet, bench.script("a", ":"))
    expect(job).toMatchObject({ state: "failed", cause: "rejected" })
    expect(job.reason).toMatch(/queue|resources|partition/i)
    expect(await bench.ended(fleet, bench.script("b", ":"))).toMatchObject({ state: "completed" })
  },

  "a limit is waited out, visibly": async (bench) => {
    const fleet = await bench.fleet()
    bench.cluster.fault("submit", "limit")
    const { id } = await submit(fleet, { command: bench.script("a", ":") })
    await when(fleet, id, ({ waiting }) => waiting !== null)
    expect(await ended(fleet, { id })).toMatchObject({ state: "completed", attempt: 1 })
  },

  "an answer that is lost after acceptance is found by its token, and it runs once": async (bench) => {
    const fleet = await bench.fleet()
    const events = eventsOf(fleet)
    bench.cluster.fault("submit", "lost-after")
    const { id } = await submit(fleet, { command: bench.script("a", ":") })
    const job = await ended(fleet, { id })
    expect(job).toMatchObject({ state: "completed" })
    expect(events.map(({ type }) => type)).toContain("in-doubt")
    expect(fleet.job(id).attempts).toHaveLength(1)
    expect(bench.stand.ran).toEqual(["a"])
    expect(bench.cluster.natives()).toHaveLength(1)
  },

  "an answer that is lost before acceptance leads to a fence and a replacement, and it runs once": async (bench) => {
    const fleet = await bench.fleet()
    bench.cluster.fault("submit", "lost-before")
    const { id } = await submit(fleet, { command: bench.script("a", ":") })
    expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
    expect(fleet.job(id).attempts.map(({ fence }) => fence)).toEqual(["won", null])
    expect(bench.stand.ran).toEqual(["a"])
  },

  "a native that the manager made twice is cancelled, and the other one runs": async (bench) => {
    const fleet = await bench.fleet()
    bench.cluster.pause()
    bench.cluster.fault("submit", "double")
    const { id } = await submit(fleet, { command: bench.script("a", ":") })
    await until(() => bench.cluster.natives().some(({ why }) => why === "cancelled"))
    bench.cluster.unpause()
    expect(await ended(fleet, { id })).toMatchObject({ state: "completed" })
    expect(bench.stand.ran).toEqual(["a"])
  },

  "a manager that is down changes health and no job": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    bench.cluster.down(true)
    await until(async () => (await fleet.show(job.id)).health !== "up")
    await bench.absenceIsOver()
    expect(fleet.job(job.id)).toMatchObject({ state: "running" })
    const next = await submit(fleet, { command: bench.script("b", ":") })
    bench.cluster.down(false)
    bench.go()
    for (const one of [job, next]) expect(await ended(fleet, one)).toMatchObject({ state: "completed", attempt: 1 })
    expect(bench.stand.ran).toEqual(["a", "b"])
  },

  "answers that are cut short or empty are no look: nothing is fenced, ended or run twice": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.queued(fleet)
    for (const kind of ["cut", "empty"] as const) {
      bench.cluster.fault("list", kind, "always")
      bench.cluster.fault("history", kind, "always")
      const before = bench.cluster.calls("list")
      await bench.absenceIsOver()
      await until(() => bench.cluster.calls("list") > before + 8)
    }
    expect(fleet.job(job.id)).toMatchObject({ state: "queued", attempts: [{ fence: null }] })
    bench.cluster.fault("list", null)
    bench.cluster.fault("history", null)
    bench.cluster.unpause()
    expect(await ended(fleet, job)).toMatchObject({ state: "completed", attempt: 1 })
  },

  "noise around the answers hides no job": async (bench) => {
    const fleet = await bench.fleet()
    bench.cluster.fault("list", "noise", "always")
    bench.cluster.fault("history", "noise", "always")
    const job = await bench.doomed(fleet, "timeout")
    bench.cluster.end(numberOf(job), "timeout")
    expect(await ended(fleet, job)).toMatchObject({ state: "failed", cause: "timeout" })
  },

  "a word that nobody knows changes nothing": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    const word = bench.scheduler.name === "htcondor" ? "77" : "FROLICKING"
    bench.cluster.says(numberOf(job), word)
    await until(async () => JSON.stringify(await fleet.explain(job.id)).includes(word))
    expect(fleet.job(job.id)).toMatchObject({ state: "running" })
    bench.cluster.says(numberOf(job), null)
    bench.go()
    expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
  },

  "an id that was given to a stranger is not taken for ours, and the stranger is left alone": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.queued(fleet)
    const number = numberOf(job)
    await bench.cluster.forget(number)
    bench.cluster.stranger(number)
    await bench.cluster.next("8888")
    bench.cluster.unpause()
    expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
    expect(fleet.job(job.id).attempts.map(({ fence }) => fence)).toEqual(["won", null])
    expect(bench.stand.ran).toEqual(["a"])
    const stranger = bench.cluster.natives().find(({ id }) => id === number)
    expect(stranger).toMatchObject({ name: "somebody-elses", state: "running", why: null })
  },

  "an id beyond 2^53 is kept to its last digit": async (bench) => {
    const fleet = await bench.fleet()
    await bench.cluster.next("9007199254740993")
    const job = await bench.running(fleet)
    expect(BigInt(numberOf(job))).toBeGreaterThanOrEqual(9007199254740993n)
    await fleet.cancel([job.id])
    expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
    expect(bench.cluster.natives().map(({ id }) => id)).toEqual([numberOf(job)])
  },

  "accounting that lags keeps a job waiting, and ends it when it knows": async (bench) => {
    const fleet = await bench.fleet(undefined, undefined, {
      judgeLimits: { graceMs: 3_000, recordMs: 3_000, wordMs: 3_000, absenceMs: 300_000, absenceLooks: 3 },
    })
    const job = await bench.doomed(fleet, "timeout")
    bench.cluster.lag(true)
    bench.cluster.end(numberOf(job), "timeout")
    await until(() => bench.cluster.natives().every(({ state }) => state === "ended"))
    const before = bench.cluster.calls("list")
    await until(() => bench.cluster.calls("list") > before + 8)
    expect(fleet.job(job.id)).toMatchObject({ state: "running" })
    bench.cluster.lag(false)
    expect(await ended(fleet, job)).toMatchObject({ state: "failed", cause: "timeout" })
  },

  "what had started and is known to nobody any more is lost, with what was asked": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    await bench.cluster.forget(numberOf(job))
    const end = await ended(fleet, job)
    expect(end).toMatchObject({ state: "failed", cause: "lost" })
    expect(end.reason).toContain("complete looks")
  },

  "killed, a controller is followed by another on its state directory, and each job runs once": async (bench) => {
    const first = await bench.fleet(await bench.stand.journal("one"), "one")
    const jobs = [
      await submit(first, { command: bench.script("a", ":") }, { key: "a" }),
      await submit(first, { command: bench.waiting("b") }, { key: "b" }),
      await submit(first, { command: bench.waiting("c") }, { key: "c" }),
    ]
    await ended(first, jobs[0]!)
    for (const { id } of jobs.slice(1)) await when(first, id, ({ state }) => state === "running")
    // As it lies there at the time of the kill; what the first one writes afterwards is nobody's.
    bench.stand.copyState("one", "two")
    await first[Symbol.asyncDispose]()
    const second = await bench.fleet(await bench.stand.journal("two"), "two")
    await second.cancel([jobs[2]!.id])
    expect(await ended(second, jobs[2]!)).toMatchObject({ state: "cancelled", attempt: 1 })
    bench.go()
    expect(await ended(second, jobs[1]!)).toMatchObject({ state: "completed", attempt: 1 })
    expect(second.job(jobs[0]!.id)).toMatchObject({ state: "completed" })
    expect(bench.stand.ran).toEqual(["a", "b", "c"])
  },

  "a manager in working order says who it is": async (bench) => {
    const { version, facts } = bench.cluster.carryOut(bench.scheduler.probe())
    expect(version).toMatch(/\S/)
    expect(Object.keys(facts).length).toBeGreaterThan(0)
    const lines = await (await bench.fleet()).doctor("fake", () => undefined)
    expect(lines.filter(({ status }) => status === "failed")).toEqual([])
    // It is asked for a native that was never there.
    expect(lines.find(({ check }) => check === "accounting")?.status).toMatch(/^(?:ok|skipped)$/)
    bench.cluster.down(true)
    expect(() => bench.cluster.carryOut(bench.scheduler.queue([]))).toThrow(/down|connect/i)
  },
}
