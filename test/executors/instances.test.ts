/** Flux instances of our own, end to end over a fake flux: the pilot is a process, and so is what runs in it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { knownNames, parseConfig } from "../../src/config/index.ts"
import type { Fleet } from "../../src/executors/fleet.ts"
import { openController } from "../../src/hawser.ts"
import type { JobView } from "../../src/job/index.ts"
import { FakeCluster } from "../support/fake-cluster.ts"
import { ended, submit, when } from "../support/stand.ts"

/** A controller whose executor `own` starts an instance where its jobs need one. */
class Bench implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "hawser-instance-"))
  readonly cluster = new FakeCluster(this.folder, "flux")
  private fleets: Fleet[] = []

  async open(instance: string): Promise<Fleet> {
    const file = join(this.folder, "hawser.yaml")
    const lines = [
      "executors:",
      "  own:",
      "    scheduler: flux",
      `    root: ${this.folder}/root`,
      `    transport: {command: ${JSON.stringify(this.cluster.command)}}`,
      `    instance: {${instance}}`,
      "    defaults: {retry: {maxAttempts: 2, on: [node-failure, preempted]}}",
    ]
    const parsed = parseConfig(lines.join("\n"), { file, home: this.folder, names: knownNames() })
    const config = { ...parsed, file, stateDirectory: join(this.folder, "state") }
    const silent = (): void => undefined
    const log = { debug: silent, info: silent, warn: silent, error: silent }
    const fleet = await openController({ config, log, clock: systemClock })
    this.fleets.push(fleet)
    return fleet
  }

  async close(fleet: Fleet): Promise<void> {
    await fleet[Symbol.asyncDispose]()
    this.fleets = this.fleets.filter((one) => one !== fleet)
  }

  async pilots(fleet: Fleet): Promise<JobView[]> {
    return (await fleet.list()).filter(({ serves }) => serves === "own")
  }

  /** A line in `ran` when it starts, and one when it has slept. */
  leaving(word: string, seconds: number): readonly string[] {
    return ["sh", "-c", 'echo "start $1" >>"$0"; sleep "$2"; echo "end $1" >>"$0"', this.ran, word, String(seconds)]
  }

  private get ran(): string {
    return join(this.folder, "ran")
  }

  get lines(): string[] {
    return readFileSync(this.ran, "utf8").trim().split("\n").sort()
  }

  killBroker(): void {
    process.kill(Number(readFileSync(join(this.folder, "cluster", "broker"), "utf8")), "SIGKILL")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const fleet of this.fleets) {
      const open = await this.pilots(fleet)
      await fleet.cancel(open.map(({ id }) => id))
      await Promise.all(open.map((job) => ended(fleet, job)))
      await fleet[Symbol.asyncDispose]()
    }
    this.cluster[Symbol.dispose]()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20 })
  }
}

test("jobs wait for an instance, which is started for them and serves them all", async () => {
  await using bench = new Bench()
  const fleet = await bench.open("on: local")
  const jobs = [
    await submit(fleet, { command: ["true"] }, { executor: "own" }),
    await submit(fleet, { command: ["sh", "-c", "exit 3"] }, { executor: "own" }),
  ]
  const states = await Promise.all(jobs.map(async (job) => (await ended(fleet, job)).state))
  expect(states).toEqual(["completed", "failed"])
  const pilots = await bench.pilots(fleet)
  expect(pilots).toMatchObject([{ key: "instance/own/1", executor: "own.instance", state: "running" }])
  const status = await fleet.status()
  expect(status.executors.find(({ name }) => name === "own")?.instance).toMatchObject({
    pilot: "instance/own/1",
    state: "running",
    generation: 1,
  })
})

test("a submission is on disk in its KVS before it is answered", async () => {
  await using bench = new Bench()
  const fleet = await bench.open("on: local")
  const job = await submit(fleet, { command: ["true"] }, { executor: "own" })
  await ended(fleet, job)
  // Of the token, and of the job.
  expect(bench.cluster.calls("sync")).toBe(2)
})

test("it is the same instance for a controller that comes later, and its pilot keeps none from ending", async () => {
  await using bench = new Bench()
  const first = await bench.open("on: local")
  await ended(first, await submit(first, { command: ["true"] }, { executor: "own" }))
  const [pilot] = await bench.pilots(first)
  await expect.poll(() => first.isIdle).toBe(true)
  await bench.close(first)
  const second = await bench.open("on: local")
  await ended(second, await submit(second, { command: ["true"] }, { executor: "own" }))
  expect(await bench.pilots(second)).toMatchObject([{ id: pilot?.id, nativeId: pilot?.nativeId, state: "running" }])
})

test("its broker is killed: it is started again, what ran is ended before that, and tried again once", async () => {
  await using bench = new Bench()
  const fleet = await bench.open("on: local")
  const done = await ended(fleet, await submit(fleet, { command: ["true"] }, { executor: "own" }))
  const job = await submit(fleet, { command: bench.leaving("a", 3) }, { executor: "own" })
  await expect.poll(() => bench.cluster.natives().filter(({ state }) => state === "running")).toHaveLength(1)
  await expect.poll(() => bench.lines).toEqual(["start a"])
  bench.killBroker()
  const view = await ended(fleet, job)
  expect(view).toMatchObject({ state: "completed", attempt: 2 })
  expect(view.attempts[0]).toMatchObject({ cause: "node-failure", signal: "KILL" })
  expect(bench.lines).toEqual(["end a", "start a", "start a"])
  expect(await fleet.show(done.id)).toMatchObject({ state: "completed", attempt: 1 })
  // In the same pilot: its allocation is still there.
  expect(await bench.pilots(fleet)).toHaveLength(1)
})

test("its pilot is cancelled: what ran in it is preempted, and there is another one for those that are left", async () => {
  await using bench = new Bench()
  const fleet = await bench.open("on: local")
  const job = await submit(fleet, { command: bench.leaving("a", 3) }, { executor: "own" })
  await expect.poll(() => bench.cluster.natives().filter(({ state }) => state === "running")).toHaveLength(1)
  await expect.poll(() => bench.lines).toEqual(["start a"])
  const [pilot] = await bench.pilots(fleet)
  await fleet.cancel([pilot?.id ?? ""])
  const view = await ended(fleet, job)
  expect(view).toMatchObject({ state: "completed", attempt: 2 })
  expect(view.attempts[0]).toMatchObject({ cause: "preempted" })
  expect(await bench.pilots(fleet)).toMatchObject([{ state: "cancelled" }, { key: "instance/own/2", state: "running" }])
})

test("with scope workflow it ends with the last job", async () => {
  await using bench = new Bench()
  const fleet = await bench.open("scope: workflow, on: local")
  await ended(fleet, await submit(fleet, { command: ["true"] }, { executor: "own" }))
  const [pilot] = await bench.pilots(fleet)
  expect(await ended(fleet, pilot ?? { id: "" })).toMatchObject({ state: "cancelled" })
  await expect.poll(() => fleet.isIdle).toBe(true)
})

test("its state directory holds somebody else's: nothing is sent there, and the jobs say why they wait", async () => {
  await using bench = new Bench()
  writeFileSync(join(bench.folder, "cluster", "kvs.hawser.instance"), "insomebodyelse\n")
  const fleet = await bench.open("on: local")
  const job = await submit(fleet, { command: ["true"] }, { executor: "own" })
  const waits = await when(fleet, job.id, ({ waiting }) => waiting?.includes("not ours") === true)
  expect(waits.waiting).toContain("instance/own/1 could not (Its state directory holds an instance that is not ours")
  expect(bench.cluster.natives()).toEqual([])
  await fleet.cancel([job.id])
})

test("a job that asks for more time than an instance has is rejected at once", async () => {
  await using bench = new Bench()
  const fleet = await bench.open("on: local, walltime: 10m")
  const job = await submit(fleet, { command: ["true"], resources: { walltime: "1h" } }, { executor: "own" })
  expect(await ended(fleet, job)).toMatchObject({ state: "failed", cause: "rejected" })
  expect(await bench.pilots(fleet)).toEqual([])
})
