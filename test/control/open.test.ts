import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import type { Controller, OpenController } from "../../src/control/controller.ts"
import { findController, stopController } from "../../src/control/find.ts"
import type { JobHandle } from "../../src/control/handle.ts"
import { type AttachOptions, attach } from "../../src/control/open.ts"
import { StoreError } from "../../src/errors.ts"
import type { AnyEvent } from "../../src/job/index.ts"
import { FakeHawser } from "../support/fake-hawser.ts"
import { soon } from "../support/served.ts"

let state: string
let env: NodeJS.ProcessEnv
/** The jobs of the state directory, and who has it. */
let fakes: FakeHawser[]

beforeEach(() => {
  state = realpathSync(mkdtempSync(join(tmpdir(), "hz-")))
  mkdirSync(join(state, "run"), { mode: 0o700 })
  env = { XDG_RUNTIME_DIR: join(state, "run") }
  fakes = []
})
afterEach(() => rmSync(state, { recursive: true }))

const open: OpenController = async ({ stateDirectory, onDown }): Promise<Controller> => {
  if (fakes.some((fake) => !fake.isDisposed)) throw new StoreError("LEASE_HELD", { summary: "Held." })
  const fake = new FakeHawser({ stateDirectory, jobs: [...(fakes.at(-1)?.jobs.values() ?? [])], onDown })
  fakes.push(fake)
  return fake
}
const options = (more: Partial<AttachOptions> = {}): AttachOptions => ({ stateDirectory: state, env, open, ...more })
const owner = (): FakeHawser => {
  const fake = fakes.at(-1)
  if (fake === undefined) throw new Error("nobody has it")
  return fake
}

test("the first to open is the controller, the next is its client, and both see the same jobs", async () => {
  await using first = await attach(options())
  await using second = await attach(options())
  expect(fakes).toHaveLength(1)
  const here = await first.submit({ command: ["true"] }, { key: "a" })
  const there = await second.submit({ command: ["true"] }, { key: "a" })
  expect(there.id).toBe(here.id)
  expect((await second.list()).map((handle) => handle.job)).toEqual([here.job])
  expect(second.stateDirectory).toBe(first.stateDirectory)
})

test("an array is a request for each of its jobs, and a key of its own", async () => {
  await using hawser = await attach(options())
  const spec = { command: ["true"], array: "0-700" }
  const handles = await hawser.executor("hpc").submitArray(spec, { key: "k", base: "/data" })
  expect(handles.map((handle) => (handle as JobHandle).key)).toEqual(Array.from({ length: 701 }, (_, n) => `k[${n}]`))
  expect(owner().requests.at(-1)).toMatchObject({
    key: "k[700]",
    executor: "hpc",
    base: "/data",
    spec: { command: ["true"], env: { HAWSER_ARRAY_INDEX: "700" } },
  })
  expect(owner().requests.at(-1)?.spec).not.toHaveProperty("array")
  for (const wrong of [{ command: ["true"] }, { ...spec, array: "9-0" }])
    await expect(hawser.submitArray(wrong)).rejects.toMatchObject({ code: "SPEC_INVALID" })
})

test("the command line finds the controller in a program, and can't end it", async () => {
  await using hawser = await attach(options())
  await using client = await findController({ stateDirectory: state, env })
  expect(await client?.list()).toEqual([])
  await expect(stopController({ stateDirectory: state, env })).rejects.toMatchObject({ code: "CONTROLLER_EMBEDDED" })
  expect(await hawser.list()).toEqual([])
})

test("closing lets go of everything: the next to open is the controller", async () => {
  {
    await using hawser = await attach(options())
    await hawser.submit({}, { key: "a" })
  }
  expect(owner().isDisposed).toBe(true)
  expect(await findController({ stateDirectory: state, env })).toBe(null)
  await using again = await attach(options())
  expect(fakes).toHaveLength(2)
  expect((await again.get("a"))?.id).toBe("id-a")
})

test("when the one that has it closes, its client takes over in the middle of a wait", async () => {
  const first = await attach(options())
  await using second = await attach(options())
  const handle = await second.submit({}, { key: "a" })
  const result = handle.result()
  await expect.poll(() => owner().waits, soon).toBe(1)
  await first[Symbol.asyncDispose]()
  await expect.poll(() => fakes.length, soon).toBe(2)
  await expect.poll(() => owner().waits, soon).toBe(1)
  owner().set("id-a", { state: "completed", exitCode: 0 })
  expect(await result).toMatchObject({ state: "completed" })
})

test("a lease that is held and never served is an error in the end", async () => {
  fakes.push(new FakeHawser({ stateDirectory: state }))
  await expect(attach(options({ heldMsMax: 200 }))).rejects.toMatchObject({ code: "LEASE_HELD" })
})

/** Here: this process has the state directory. There: another has it, and all goes over its socket. */
const places = [
  ["in this process", async () => ({ hawser: await attach(options()), other: null })],
  [
    "over the socket",
    async () => {
      const other = await attach(options())
      return { hawser: await attach(options()), other }
    },
  ],
] as const

test.each(places)("a job from submission to result, %s", async (_where, openIt) => {
  const { hawser, other } = await openIt()
  const hpc = hawser.executor("hpc")
  const handle = await hpc.submit({ command: ["relax"] }, { key: "relax/Al" })
  expect(handle).toMatchObject({ key: "relax/Al", job: { executor: "hpc", state: "new" } })
  owner().set(handle.id, { state: "queued", nativeId: "4711" })
  expect(await handle.accepted()).toMatchObject({ nativeId: "4711" })
  expect(handle.job.state).toBe("queued")
  owner().set(handle.id, { state: "running" })
  expect(await handle.refresh()).toMatchObject({ state: "running" })
  const { data, final } = await handle.logs({ offset: 10 })
  expect([data.toString(), final]).toEqual([`${handle.id}\n`, true])
  expect(await handle.suspend()).toMatchObject({ wish: "suspend" })
  expect(await hpc.resume(["relax/Al"])).toMatchObject([{ wish: "resume" }])
  await hpc.pause()
  expect(owner().paused).toEqual(new Set(["hpc"]))
  await hpc.play()
  expect(owner().paused).toEqual(new Set())
  await expect(hawser.pause()).rejects.toMatchObject({ code: "EXECUTOR_UNNAMED" })
  const result = handle.result()
  expect(await handle.cancel()).toMatchObject({ cancelRequested: true })
  expect(await result).toMatchObject({ state: "cancelled" })
  expect(await hpc.get("relax/Al")).toMatchObject({ id: handle.id })
  expect(await hawser.executor("other").get("relax/Al")).toBe(undefined)
  expect(await hawser.executor("other").list()).toEqual([])
  expect(await hawser.get("nothing")).toBe(undefined)
  await hpc.recover()
  for (const one of [hawser, other]) await one?.[Symbol.asyncDispose]()
})

test.each(places)("what is abandoned is over at once, for who waits too, %s", async (_where, openIt) => {
  const { hawser, other } = await openIt()
  const hpc = hawser.executor("hpc")
  const [a, b, local] = [
    await hpc.submit({}, { key: "a" }),
    await hpc.submit({}, { key: "b" }),
    await hawser.submit({}, { key: "c", executor: "local" }),
  ]
  const result = b.result()
  expect(await a.abandon()).toMatchObject({ state: "failed", cause: "abandoned" })
  expect(await hpc.abandon()).toMatchObject([{ id: b.id, cause: "abandoned" }])
  expect(await result).toMatchObject({ cause: "abandoned" })
  expect(await a.abandon(), "it is over already").toMatchObject({ cause: "abandoned" })
  expect((await local.refresh()).state).toBe("new")
  await expect(hawser.abandon()).rejects.toMatchObject({ code: "EXECUTOR_UNNAMED" })
  expect(await hawser.abandon(["c"])).toMatchObject([{ id: local.id, cause: "abandoned" }])
  for (const one of [hawser, other]) await one?.[Symbol.asyncDispose]()
})

test.each(places)("the events of a job end with it, and the subscription with the loop, %s", async (_where, openIt) => {
  const { hawser, other } = await openIt()
  const [a, b] = await Promise.all([hawser.submit({}, { key: "a" }), hawser.submit({}, { key: "b" })])
  const heard: AnyEvent[] = []
  const listening = (async () => {
    for await (const event of a.events()) heard.push(event)
  })()
  await expect.poll(() => owner().listeners.size, soon).toBe(1)
  await expect.poll(() => owner().waits, soon).toBe(1)
  owner().set(a.id, { state: "running" })
  owner().set(b.id, { state: "completed" })
  owner().set(a.id, { state: "completed" })
  await listening
  expect(heard.map((event) => [event.type, "job" in event && event.job])).toEqual([
    ["note", a.id],
    ["finished", a.id],
  ])
  await expect.poll(() => owner().listeners.size, soon).toBe(0)
  for await (const event of a.events()) heard.push(event)
  expect(heard, "a job that is over has no events").toHaveLength(2)
  for (const one of [hawser, other]) await one?.[Symbol.asyncDispose]()
})

test.each(places)("every wait takes a signal, %s", async (_where, openIt) => {
  const { hawser, other } = await openIt()
  const handle = await hawser.submit({}, { key: "a" })
  const abort = new AbortController()
  const waits = [
    handle.result(abort.signal),
    handle.accepted(abort.signal),
    take(handle.events(abort.signal)),
    take(hawser.events(abort.signal)),
  ]
  await expect.poll(() => owner().waits, soon).toBe(3)
  const rejected = waits.map((wait) => expect(wait).rejects.toThrow("enough"))
  abort.abort(new Error("enough"))
  await Promise.all(rejected)
  await expect.poll(() => [owner().waits, owner().listeners.size], soon).toEqual([0, 0])
  for (const call of [
    hawser.list({}, abort.signal),
    handle.refresh(abort.signal),
    hawser.submit({}, { signal: abort.signal }),
  ]) {
    await expect(call).rejects.toThrow("enough")
  }
  for (const one of [hawser, other]) await one?.[Symbol.asyncDispose]()
})

test.each(places)("the events of an executor are those of its jobs and its manager, %s", async (_where, openIt) => {
  const { hawser, other } = await openIt()
  await hawser.submit({}, { key: "old", executor: "hpc" })
  await hawser.submit({}, { key: "else" })
  const heard: string[] = []
  const abort = new AbortController()
  const listening = (async () => {
    for await (const event of hawser.executor("hpc").events(abort.signal)) heard.push(event.type)
  })()
  await expect.poll(() => owner().listeners.size, soon).toBe(1)
  owner().emit({ job: "id-old", type: "note", text: "ours" })
  owner().emit({ job: "id-else", type: "waiting", reason: "not ours" })
  owner().emit({ executor: "hpc", type: "health", health: "up", reason: null })
  owner().emit({ executor: "local", type: "health", health: "gone", reason: null })
  owner().emit({ type: "controller", epoch: 2, pid: 1, host: "h" })
  await expect.poll(() => heard, soon).toEqual(["note", "health"])
  const ended = expect(listening).rejects.toThrow()
  abort.abort()
  await ended
  for (const one of [hawser, other]) await one?.[Symbol.asyncDispose]()
})

test("errors of a submission are thrown one by one, or come in the place of the job", async () => {
  await using hawser = await attach(options())
  await hawser.submit({ command: ["a"] }, { key: "a" })
  await expect(hawser.submit({ command: ["b"] }, { key: "a" })).rejects.toMatchObject({ code: "KEY_TAKEN" })
  const both = await hawser.submitAll([
    { spec: { command: ["b"] }, key: "a" },
    { spec: {}, key: "b" },
  ])
  expect(both).toMatchObject([{ code: "KEY_TAKEN" }, { id: "id-b" }])
})

test("after closing, every wait and every call rejects with CLOSED", async () => {
  const hawser = await attach(options())
  const handle = await hawser.submit({}, { key: "a" })
  await using other = await attach(options())
  const waiting = expect((await other.get("a"))?.result()).rejects.toMatchObject({ code: "CLOSED" })
  await other[Symbol.asyncDispose]()
  await waiting
  await hawser[Symbol.asyncDispose]()
  await expect(handle.result()).rejects.toMatchObject({ code: "CLOSED" })
})

async function take(events: AsyncIterable<AnyEvent>): Promise<void> {
  for await (const event of events) void event
}
