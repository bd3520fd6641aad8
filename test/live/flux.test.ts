/** Jobs in a real Flux: in the instance that FLUX_URI names, else in one that is started for them. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { readFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { JobView } from "../../src/job/index.ts"
import { type Study, pause, study } from "../support/cli.ts"

const isThere = spawnSync("flux", ["version"]).error === undefined
const why = isThere ? "" : " (skipped: flux is not on the PATH)"
const given = process.env["FLUX_URI"]

let own: ChildProcess | null = null
let uri = given ?? ""
let work: Study

async function startInstance(): Promise<string> {
  own = spawn("flux", ["start", "sh", "-c", 'echo "$FLUX_URI"; exec sleep 1200'], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const [line] = (await once(own.stdout!, "data")) as [Buffer]
  return line.toString("utf8").trim()
}

function flux(...words: readonly string[]): string {
  return execFileSync("flux", words, { encoding: "utf8", env: { ...process.env, FLUX_URI: uri } })
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600 && !(await holds()); tries += 1) await pause(100)
  expect(await holds()).toBe(true)
}

const show = (key: string): Promise<JobView> => work.json<JobView>("show", key, "--json")
const isIn =
  (key: string, state: JobView["state"]): (() => Promise<boolean>) =>
  async () =>
    (await show(key)).state === state

describe.skipIf(!isThere)(`jobs in Flux${why}`, { timeout: 180_000 }, () => {
  beforeAll(async () => {
    if (given === undefined) uri = await startInstance()
    work = await study(
      `executors:\n  site: {scheduler: flux, transport: {command: [env, ${JSON.stringify(`FLUX_URI=${uri}`)}, sh]}}\n`,
    )
  })

  afterAll(async () => {
    await work?.[Symbol.asyncDispose]()
    if (own === null) return
    const ended = once(own, "exit")
    flux("shutdown", "--quiet")
    await ended
  })

  test.each([
    ["true", 0],
    ["exit 7", 7],
    ["exit 137", 137],
    ["kill -s SEGV $$", 139],
  ])("%s ends with %i", async (line, code) => {
    expect((await work.hawser(["run", "--", "sh", "-c", line])).code).toBe(code)
  })

  test("its id is the one that Flux has, under a name of ours", async () => {
    expect((await work.hawser(["run", "--key", "named", "--", "sh", "-c", "echo out"])).stdout).toBe("out\n")
    const { nativeId } = await show("named")
    expect(nativeId).toMatch(/^\d+$/)
    const told = JSON.parse(flux("jobs", "--json", nativeId ?? "")) as { name: string; result: string }
    expect(told).toMatchObject({ name: expect.stringMatching(/^hz[a-z0-9]{13}/) as string, result: "COMPLETED" })
  })

  test("cancelled while it runs, it ends, and Flux calls it canceled", async () => {
    expect((await work.hawser(["submit", "--key", "long", "--", "sleep", "600"])).code).toBe(0)
    await until(isIn("long", "running"))
    expect((await work.hawser(["cancel", "long"])).code).toBe(0)
    await work.hawser(["wait", "long"])
    const job = await show("long")
    expect(job).toMatchObject({ state: "cancelled", attempt: 1 })
    expect(flux("jobs", "--json", job.nativeId ?? "")).toContain('"CANCELED"')
  })

  test("several tasks are one instance, and the job is started in it once", async () => {
    const spec = { key: "many", command: ["sh", "-c", "echo once"], launcher: "none", resources: { tasks: 2 } }
    expect((await work.hawser(["batch", "-"], { stdin: `${JSON.stringify(spec)}\n` })).code).toBe(0)
    await work.hawser(["wait", "many"])
    const job = await show("many")
    expect(job).toMatchObject({ state: "completed" })
    expect(await readFile(job.stdout, "utf8")).toBe("once\n")
  })

  test.skipIf(given !== undefined)("out of time, it has failed with cause timeout", async () => {
    await work.hawser(["run", "--key", "late", "-t", "2s", "--", "sleep", "600"])
    expect(await show("late")).toMatchObject({ state: "failed", cause: "timeout" })
  })

  test.skipIf(given !== undefined)("what waits is held by its urgency, and starts when it is released", async () => {
    flux("queue", "stop")
    expect((await work.hawser(["submit", "--key", "held", "--", "true"])).code).toBe(0)
    await until(isIn("held", "queued"))
    await work.hawser(["hold", "held"])
    await until(isIn("held", "held"))
    flux("queue", "start")
    const { nativeId } = await show("held")
    expect(flux("jobs", "-n", "-o", "{urgency} {state}", nativeId ?? "").trim()).toBe("0 SCHED")
    await work.hawser(["release", "held"])
    expect((await work.hawser(["wait", "held"])).code).toBe(0)
  })

  test.skipIf(given !== undefined)("what can never be given is rejected with Flux's words", async () => {
    await work.hawser(["run", "--key", "huge", "-c", "100000", "--", "true"])
    const job = await show("huge")
    expect(job).toMatchObject({ state: "failed", cause: "rejected" })
    expect(job.reason).toContain("unsatisfiable")
  })
})
