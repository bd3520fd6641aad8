import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import type { ControlClient } from "../../src/control/client.ts"
import { type Controller, type RunOptions, runController } from "../../src/control/controller.ts"
import { findController } from "../../src/control/find.ts"
import { type HawserError, StoreError } from "../../src/errors.ts"
import { FakeHawser, fakeJob } from "../support/fake-hawser.ts"

let state: string
let env: NodeJS.ProcessEnv
let fake: FakeHawser

beforeEach(() => {
  state = realpathSync(mkdtempSync(join(tmpdir(), "hz-")))
  mkdirSync(join(state, "run"), { mode: 0o700 })
  env = { XDG_RUNTIME_DIR: join(state, "run") }
})
afterEach(() => rmSync(state, { recursive: true }))

function run(more: Partial<RunOptions> = {}): { ended: Promise<void>; isRunning: () => boolean } {
  let running = true
  const open: RunOptions["open"] = async (parts): Promise<Controller> => (fake = new FakeHawser(parts))
  const ended = runController({ stateDirectory: state, env, open, lingerMs: 1_500, ...more }).finally(
    () => (running = false),
  )
  return { ended, isRunning: () => running }
}

async function client(): Promise<ControlClient> {
  for (;;) {
    const found = await findController({ stateDirectory: state, env })
    if (found !== null) return found
    await systemClock.sleep(10)
  }
}

test("it ends by itself when nothing is left to do, and lets go of the state directory", async () => {
  const { ended } = run()
  await ended
  expect(fake.isDisposed).toBe(true)
  expect(await findController({ stateDirectory: state, env })).toBe(null)
})

test("a job keeps it, and its end lets it go", async () => {
  const { ended, isRunning } = run()
  await using hawser = await client()
  fake.jobs.set("id-1", fakeJob({ state: "running" }))
  await systemClock.sleep(2_000)
  expect(isRunning()).toBe(true)
  fake.set("id-1", { state: "completed" })
  await ended
  expect(await hawser.closed).toMatchObject({ code: "CONTROLLER_GONE" })
})

test("a client that waits or listens keeps it, and one that is only connected does not", async () => {
  const { ended, isRunning } = run()
  await using hawser = await client()
  const end = await hawser.subscribe(() => undefined)
  await systemClock.sleep(2_000)
  expect(isRunning()).toBe(true)
  end()
  await ended
})

test("asked to stay, it stays, until it is told to end", async () => {
  const { ended, isRunning } = run()
  await using hawser = await client()
  await hawser.stay()
  await systemClock.sleep(2_000)
  expect(isRunning()).toBe(true)
  await hawser.down()
  await ended
  expect(await hawser.closed).toMatchObject({ code: "CONTROLLER_ENDED" })
})

test("a controller that has lost the state directory ends, and says why", async () => {
  const superseded = new StoreError("STORE_SUPERSEDED", { summary: "Another controller took over." })
  let lose = (_why: HawserError): void => undefined
  const lost = new Promise<HawserError>((resolve) => (lose = resolve))
  const open: RunOptions["open"] = async (parts) => Object.assign((fake = new FakeHawser(parts)), { lost })
  const { ended } = run({ open, stay: true })
  await using hawser = await client()
  const failed = expect(ended).rejects.toBe(superseded)
  lose(superseded)
  await failed
  expect(await hawser.closed).toMatchObject({ code: "CONTROLLER_GONE" })
  expect(fake.isDisposed).toBe(true)
})

test("where the socket can't be placed, the state directory is let go again", async () => {
  mkdirSync(join(state, "run", "hawser"), { mode: 0o755 })
  await expect(run().ended).rejects.toMatchObject({ code: "RUNTIME_DIRECTORY_UNSAFE" })
})
