/** Clauses of the contract of executors: how jobs live, are cancelled, and end. */
import { readFileSync } from "node:fs"
import { expect } from "vitest"
import { ended, submit, when } from "../support/stand.ts"
import { type Clauses, endedBy, numberOf, until } from "./bench.ts"

export const clausesOfLife: Clauses = {
  "a job runs once, its output comes back, and its native id is known": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.ended(fleet, bench.script("a", ":"))
    expect(job).toMatchObject({ state: "completed", cause: null, exitCode: 0, health: "up" })
    expect(job.nativeId).toMatch(/^\S+$/)
    expect(readFileSync(job.stdout, "utf8")).toBe("a\n")
    expect(bench.stand.ran).toEqual(["a"])
    expect(fleet.isIdle).toBe(true)
  },

  "exit codes and signals are told apart, also where an exit code looks like a signal": async (bench) => {
    const fleet = await bench.fleet()
    const jobs = await Promise.all(
      ["exit 7", "exit 137", "kill -s KILL $$", "kill -s SEGV $$"].map((then) =>
        bench.ended(fleet, bench.script("a", then)),
      ),
    )
    expect(jobs.map(({ state, cause, exitCode, signal }) => [state, cause, exitCode, signal])).toEqual([
      ["failed", "exit", 7, null],
      ["failed", "exit", 137, null],
      ["failed", "signal", null, "KILL"],
      ["failed", "signal", null, "SEGV"],
    ])
  },

  "the dialect finds a native by its token alone, and tells a stranger's from it": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    bench.cluster.stranger("7777")
    const looks = bench.scheduler.look([{ ...job.native, nativeId: null }], 0)
    const seen = looks.map((look) => bench.cluster.carryOut(look))
    expect(seen.every(({ coverage }) => coverage !== "partial")).toBe(true)
    const found = seen.flatMap(({ evidence }) => evidence)
    expect(new Set(found.map(({ token, nativeId }) => `${token} ${nativeId}`))).toEqual(
      new Set([`${job.native.token} ${job.native.nativeId}`]),
    )
    bench.go()
    await ended(fleet, job)
  },

  "a job does not begin before its time": async (bench) => {
    const fleet = await bench.fleet()
    const begin = new Date(bench.stand.clock.now() + 3_600_000).toISOString()
    const { id } = await submit(fleet, { command: bench.script("a", ":"), resources: { begin } })
    const job = await when(fleet, id, ({ waiting }) => waiting !== null)
    expect(job).toMatchObject({ waiting: expect.stringContaining("It begins at") as string, attempts: [] })
    await fleet.cancel([id])
    expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
    expect(bench.stand.ran).toEqual([])
  },

  "what waits in the queue is queued, and starts by itself": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.queued(fleet)
    expect(bench.stand.ran).toEqual([])
    bench.cluster.unpause()
    expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
  },

  "what is held in the queue is held until it is released": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.queued(fleet)
    await fleet.wish({ wish: "hold", names: [job.id] })
    await when(fleet, job.id, ({ state }) => state === "held")
    bench.cluster.unpause()
    await fleet.wish({ wish: "release", names: [job.id] })
    expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
  },

  "what is suspended while it runs goes on when it is resumed": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    await fleet.wish({ wish: "suspend", names: [job.id] })
    await when(fleet, job.id, ({ state }) => state === "suspended")
    bench.go()
    await fleet.wish({ wish: "resume", names: [job.id] })
    expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
    expect(bench.stand.ran).toEqual(["a"])
  },

  "what the manager suspends is suspended, and goes on": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    bench.cluster.suspend(numberOf(job))
    await when(fleet, job.id, ({ state }) => state === "suspended")
    bench.cluster.resume(numberOf(job))
    await when(fleet, job.id, ({ state }) => state === "running")
    bench.go()
    expect(await ended(fleet, job)).toMatchObject({ state: "completed" })
  },

  "cancelled before it starts, it never runs and leaves the queue": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.queued(fleet)
    await fleet.cancel([job.id])
    expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
    await until(() => bench.cluster.natives().every(({ state }) => state === "ended"))
    bench.cluster.unpause()
    expect(bench.stand.ran).toEqual([])
  },

  "cancelled while it runs, it ends": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    await fleet.cancel([job.id])
    expect(await ended(fleet, job)).toMatchObject({ state: "cancelled", cause: null, attempt: 1 })
  },

  "cancelled while it runs and deaf to TERM, it ends by KILL": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet, bench.script("a", "trap : TERM INT; while :; do sleep 0.1; done"))
    await fleet.cancel([job.id])
    expect(await ended(fleet, job)).toMatchObject({ state: "cancelled", attempt: 1 })
  },

  "a cancel that does not arrive is sent again": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    bench.cluster.fault("cancel", "down")
    await fleet.cancel([job.id])
    expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
    expect(bench.cluster.calls("cancel")).toBeGreaterThan(1)
  },

  "cancelled by somebody else, it is cancelled, and says by whom it was not": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    bench.cluster.end(numberOf(job), "cancelled", "TERM")
    const end = await ended(fleet, job)
    expect(end).toMatchObject({ state: "cancelled" })
    expect(end.reason).toMatch(/\S/)
  },

  "out of time: failed with cause timeout": async (bench) => {
    expect(await endedBy(bench, "timeout")).toMatchObject({ state: "failed", cause: "timeout" })
  },

  "out of time with a record of the TERM before: failed with cause timeout": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.doomed(fleet, "timeout", "TERM")
    bench.cluster.end(numberOf(job), "timeout", "TERM")
    expect(await ended(fleet, job)).toMatchObject({ state: "failed", cause: "timeout" })
  },

  "out of memory: failed with cause out-of-memory": async (bench) => {
    expect(await endedBy(bench, "out-of-memory")).toMatchObject({ state: "failed", cause: "out-of-memory" })
  },

  "preempted: failed with cause preempted": async (bench) => {
    expect(await endedBy(bench, "preempted")).toMatchObject({ state: "failed", cause: "preempted" })
  },

  "its node is gone: failed with cause node-failure": async (bench) => {
    expect(await endedBy(bench, "node-failure")).toMatchObject({ state: "failed", cause: "node-failure" })
  },

  "killed with its wrapper, and nobody says why: failed with cause signal": async (bench) => {
    const fleet = await bench.fleet()
    const job = await bench.running(fleet)
    bench.cluster.kill(numberOf(job))
    expect(await ended(fleet, job)).toMatchObject({ state: "failed", cause: "signal", signal: "KILL" })
  },

  "a node that does not see the job directory: failed with cause launch": async (bench) => {
    const fleet = await bench.fleet()
    bench.cluster.blind()
    const job = await submit(fleet, { command: bench.script("a", ":") })
    expect(await ended(fleet, job)).toMatchObject({ state: "failed", cause: "launch", exitCode: null })
  },
}
