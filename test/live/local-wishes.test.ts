/** Hold, suspend, resume, pause and play as people type them, with jobs of this machine. */
import { expect, test } from "vitest"
import type { Status } from "../../src/hawser.ts"
import type { JobView } from "../../src/job/index.ts"
import { type Study, study } from "../support/cli.ts"
import { until } from "../support/cluster.ts"

/** A count that grows as long as the job runs. */
const counting = ["sh", "-c", 'n=0; while :; do n=$((n + 1)); echo "$n"; sleep 0.1; done'] as const

const show = (work: Study, key: string): Promise<JobView> => work.json<JobView>("show", key, "--json")

const reached = (work: Study, key: string, state: string): Promise<void> =>
  until(state, async () => (await show(work, key)).state === state, 20_000)

test("a local job is stopped with all its processes, and goes on where it was", { timeout: 60_000 }, async () => {
  await using work = await study("")
  expect((await work.hawser(["submit", "--key", "a", "--", ...counting])).code).toBe(0)
  await until("it counts", async () => (await work.hawser(["logs", "a"])).stdout.includes("3\n"))
  expect((await work.hawser(["suspend", "a"])).stderr).toBe("a: suspending\n")
  await reached(work, "a", "suspended")
  const stopped = (await work.hawser(["logs", "a"])).stdout
  expect((await work.hawser(["hold", "a"])).code).toBe(2)
  expect((await work.hawser(["logs", "a"])).stdout).toBe(stopped)
  expect((await work.hawser(["resume", "-e", "local"])).code).toBe(0)
  await reached(work, "a", "running")
  await until("it counts on", async () => (await work.hawser(["logs", "a"])).stdout.length > stopped.length + 10)
  expect((await work.hawser(["logs", "a"])).stdout.startsWith(stopped)).toBe(true)
  await work.hawser(["cancel", "a"])
  await reached(work, "a", "cancelled")
})

test("what is suspended can be cancelled", { timeout: 60_000 }, async () => {
  await using work = await study("")
  expect((await work.hawser(["submit", "--key", "a", "--", "sleep", "300"])).code).toBe(0)
  await reached(work, "a", "running")
  await work.hawser(["suspend", "a"])
  await reached(work, "a", "suspended")
  expect((await work.hawser(["cancel", "-e", "local"])).code).toBe(0)
  await reached(work, "a", "cancelled")
})

test("an executor that is paused takes jobs and starts none before it is played", { timeout: 60_000 }, async () => {
  await using work = await study("")
  expect((await work.hawser(["pause", "local"])).stderr).toBe("local: paused\n")
  const submitted = await work.hawser(["submit", "--key", "a", "--", "true"])
  expect(submitted.code).toBe(0)
  expect(submitted.stderr).toContain('"hawser play local" lets its jobs go on')
  const { executors } = await work.json<Status>("status", "--json")
  expect(executors.find(({ name }) => name === "local")?.paused).toMatch(/Z$/)
  expect((await show(work, "a")).attempts).toEqual([])
  expect((await work.hawser(["play", "local"])).code).toBe(0)
  expect((await work.hawser(["wait", "a"])).code).toBe(0)
})

test("what is held here waits for its release", { timeout: 60_000 }, async () => {
  await using work = await study("executors: {local: {cores: 1}}\n")
  expect((await work.hawser(["submit", "--key", "first", "--", "sleep", "300"])).code).toBe(0)
  expect((await work.hawser(["submit", "--key", "a", "--", "true"])).code).toBe(0)
  expect((await work.hawser(["hold", "a"])).stderr).toBe("a: held here\n")
  await work.hawser(["cancel", "first"])
  await reached(work, "first", "cancelled")
  await until("why", async () => (await show(work, "a")).reason?.includes("held here") === true)
  await work.hawser(["release", "a"])
  expect((await work.hawser(["wait", "a"])).code).toBe(0)
})
