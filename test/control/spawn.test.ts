import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { findController, stopController } from "../../src/control/find.ts"
import { type EnsureOptions, ensureController } from "../../src/control/spawn.ts"
import { type Compiled, compile } from "../support/compiled.ts"
import { soon } from "../support/served.ts"

let compiled: Compiled
let folder: string
let state: string
let env: NodeJS.ProcessEnv

beforeAll(() => {
  compiled = compile("test/support/fake-main.ts")
})
afterAll(() => compiled[Symbol.dispose]())

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hz-"))
  state = join(folder, "state")
  mkdirSync(join(folder, "run"), { mode: 0o700 })
  env = { ...process.env, XDG_RUNTIME_DIR: join(folder, "run") }
})
afterEach(async () => {
  await stopController({ stateDirectory: state, env })
  await systemClock.sleep(50)
  rmSync(folder, { recursive: true })
})

const entry = (): string => compiled.file("test/support/fake-main.ts")
const options = (more: Partial<EnsureOptions> = {}): EnsureOptions => ({
  stateDirectory: state,
  env,
  entry: entry(),
  ...more,
})
const pidOf = async (hawser: { status(): Promise<{ controller: { pid: number } | null }> }): Promise<number> =>
  (await hawser.status()).controller?.pid ?? 0

test("a controller is started where none runs, and found where one does", async () => {
  expect(await findController({ stateDirectory: state, env })).toBe(null)
  await using first = await ensureController(options())
  await using second = await ensureController(options())
  const pid = await pidOf(first)
  expect(pid).not.toBe(process.pid)
  expect(await pidOf(second)).toBe(pid)
  expect(first.stateDirectory).toBe(realpathSync(state))
})

test("it has a session of its own, the state directory in its environment, and holds no directory of ours", async () => {
  await using hawser = await ensureController(options())
  const pid = await pidOf(hawser)
  const session = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[3]
  expect(Number(session)).toBe(pid)
  const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0")
  expect(environment).toContain(`HAWSER_STATE=${realpathSync(state)}`)
  expect(readlinkSync(`/proc/${pid}/cwd`)).toBe("/")
  expect(readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(2)).toEqual([
    "controller",
    "--state",
    realpathSync(state),
    "",
  ])
})

test("relative paths start where the client says", async () => {
  writeFileSync(join(folder, "hawser.yaml"), "wrong")
  const relative = options({ stateDirectory: "state", configFile: "hawser.yaml", cwd: folder })
  await expect(ensureController(relative)).rejects.toMatchObject({ code: "CONFIG_INVALID" })
})

test("why it could not start comes back as the same error", async () => {
  writeFileSync(join(folder, "hawser.yaml"), "wrong")
  await expect(ensureController(options({ configFile: join(folder, "hawser.yaml") }))).rejects.toMatchObject({
    name: "UsageError",
    code: "CONFIG_INVALID",
    class: "rejected",
    message: "The config is wrong.\nline 1\nMend it.",
  })
})

test("an error of the command line itself comes back, too", async () => {
  await expect(ensureController(options({ args: ["--stay", "--config", "none"] }))).rejects.toMatchObject({
    code: "UNEXPECTED",
    reason: expect.stringContaining("ENOENT"),
  })
})

test("a state directory of another host is left alone", async () => {
  mkdirSync(state)
  writeFileSync(join(state, "lease"), "elsewhere")
  await expect(ensureController(options())).rejects.toMatchObject({ name: "StoreError", code: "LEASE_HELD_ELSEWHERE" })
})

test("one that dies without a word is reported with the end of its log", async () => {
  writeFileSync(join(folder, "hawser.yaml"), "dies")
  const dying = ensureController(options({ configFile: join(folder, "hawser.yaml") }))
  await expect(dying).rejects.toMatchObject({ code: "CONTROLLER_DIED", reason: expect.stringContaining("starts in /") })
})

test("one that is killed while it starts is followed by another, and after three of them somebody hears of it", async () => {
  const configFile = join(folder, "hawser.yaml")
  writeFileSync(configFile, "killed killed")
  await using hawser = await ensureController(options({ configFile }))
  expect(await pidOf(hawser)).toBeGreaterThan(0)
  await stopController({ stateDirectory: state, env })
  writeFileSync(configFile, "killed killed killed")
  await expect(ensureController(options({ configFile }))).rejects.toMatchObject({
    code: "CONTROLLER_KILLED",
    summary: "The controller was ended by SIGKILL while it was starting.",
  })
})

test("a lease whose holder does not answer is waited for, and not for ever", async () => {
  mkdirSync(state)
  writeFileSync(join(state, "lease"), String(process.pid))
  const started = performance.now()
  await expect(ensureController(options({ heldMsMax: 800 }))).rejects.toMatchObject({ code: "LEASE_HELD" })
  expect(performance.now() - started).toBeGreaterThan(800)
})

test("several clients that start at once share one controller", async () => {
  const clients = await Promise.all([1, 2, 3, 4].map(() => ensureController(options())))
  const pids = await Promise.all(clients.map(pidOf))
  expect(new Set(pids).size).toBe(1)
  for (const client of clients) await client[Symbol.asyncDispose]()
})

test("a wait outlives a controller that is killed: another one is started and the wait completes", async () => {
  await using hawser = await ensureController(options())
  const [submitted] = await hawser.submit([{ key: "a", spec: {} }])
  expect(submitted).toMatchObject({ ok: true })
  const killed = await pidOf(hawser)
  const waiting = hawser.ended(["id-a"])
  const heard: unknown[] = []
  const end = await hawser.subscribe((events) => heard.push(...events))
  process.kill(killed, "SIGKILL")
  await untilNot(killed)
  writeFileSync(join(state, "finish"), "")
  expect(await waiting).toMatchObject([{ id: "id-a", state: "completed" }])
  const next = await pidOf(hawser)
  expect(next).not.toBe(killed)
  await expect.poll(() => heard, soon).toContainEqual(expect.objectContaining({ type: "finished", job: "id-a" }))
  end()
})

test("a question that comes after the controller has ended by itself starts another", async () => {
  const short = { ...env, FAKE_LINGER_MS: "100" }
  await using hawser = await ensureController(options({ env: short }))
  const first = await pidOf(hawser)
  await untilNot(first)
  expect(await pidOf(hawser)).not.toBe(first)
})

test.each(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "it survives the death of its parent by %s",
  async (signal) => {
    const parent = spawn(process.execPath, [entry(), "client", "wait", "--state", state], {
      env,
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    })
    const { controller } = JSON.parse(await firstLine(parent)) as { controller: number }
    // To its whole group, as a terminal does.
    process.kill(-(parent.pid ?? 0), signal)
    await once(parent, "exit")
    await using hawser = await ensureController(options())
    expect(await pidOf(hawser)).toBe(controller)
    expect(await hawser.list()).toHaveLength(1)
  },
)

test("a person who ends it ends the waits, and they start no other", async () => {
  await using hawser = await ensureController(options())
  await hawser.submit([{ key: "a", spec: {} }])
  const pid = await pidOf(hawser)
  const waiting = hawser.ended(["id-a"])
  await Promise.all([
    expect(waiting).rejects.toMatchObject({ code: "CONTROLLER_ENDED", class: "transient" }),
    stopController({ stateDirectory: state, env }),
  ])
  await untilNot(pid)
  expect(await findController({ stateDirectory: state, env })).toBe(null)
})

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("no stdout")
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error("it said nothing")
}

/** Until the process is gone. */
async function untilNot(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await systemClock.sleep(20)
  }
}
