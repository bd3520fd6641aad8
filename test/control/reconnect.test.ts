import { beforeEach, expect, test } from "vitest"
import { type Clock, systemClock } from "../../src/clock.ts"
import { controllerEnded, controllerGone } from "../../src/control/plain.ts"
import { type Link, type Reconnecting, reconnecting } from "../../src/control/reconnect.ts"
import { type HawserError, StoreError, UsageError } from "../../src/errors.ts"
import { FakeHawser, fakeJob } from "../support/fake-hawser.ts"
import { soon } from "../support/served.ts"

/** A controller and the way to end the connection to it. */
interface FakeLink extends Link {
  readonly api: FakeHawser
  readonly end: (why: HawserError) => void
}

let links: FakeLink[]
let reopenings: number
let sleeps: number[]
let failures: Error[]
/** What the next controller has done before anybody is connected. */
let prepare: (api: FakeHawser) => void
let hawser: Reconnecting
const clock: Clock = {
  ...systemClock,
  sleep: async (ms, signal) => {
    signal?.throwIfAborted()
    sleeps.push(ms)
  },
}

beforeEach(() => {
  ;[links, reopenings, sleeps, failures] = [[], 0, [], []]
  prepare = () => undefined
  hawser = reconnecting(link(), reopen, clock)
})

function link(): FakeLink {
  const api = new FakeHawser({ stateDirectory: "/state", jobs: [...(links.at(-1)?.api.jobs.values() ?? [])] })
  let end: FakeLink["end"] = () => undefined
  const closed = new Promise<HawserError>((resolve) => (end = resolve))
  const made: FakeLink = { api, closed, end, [Symbol.asyncDispose]: async () => end(controllerGone("closed")) }
  prepare(api)
  links.push(made)
  return made
}

async function reopen(): Promise<Link> {
  reopenings += 1
  const failure = failures.shift()
  if (failure !== undefined) throw failure
  return link()
}

const current = (): FakeLink => links.at(-1) ?? link()

test("a question is asked again of the next controller", async () => {
  current().api.failure = controllerGone("killed")
  expect(await hawser.list()).toEqual([])
  expect(reopenings).toBe(1)
})

test("an error that is an answer is not", async () => {
  current().api.failure = new UsageError("JOB_UNKNOWN", { summary: "No." })
  await expect(hawser.list()).rejects.toMatchObject({ code: "JOB_UNKNOWN" })
  expect(reopenings).toBe(0)
})

test("a submission without a key gets one, so that asking again makes no second job", async () => {
  const first = current().api
  const submit = first.submit.bind(first)
  // It records the job and dies before it answers.
  first.submit = async (requests) => {
    await submit(requests)
    throw controllerGone("killed")
  }
  const results = await hawser.submit([{ spec: { command: ["true"] } }, { spec: { key: "mine" }, key: "mine" }])
  expect(results).toMatchObject([
    { ok: true, existed: false },
    { ok: true, job: { key: "mine" } },
  ])
  expect(current().api.jobs.size).toBe(2)
})

test("a key that stands in the spec is left alone", async () => {
  await hawser.submit([{ spec: { key: "mine" } }])
  expect(current().api.requests).toEqual([{ spec: { key: "mine" } }])
})

test("what is not the same when done twice is not done twice", async () => {
  const dying = Object.assign(current().api, { prune: () => Promise.reject(controllerGone("killed")) })
  const pruning = hawser.prune({ olderThanMs: 0, local: false, dryRun: false })
  await expect(pruning).rejects.toMatchObject({ code: "CONTROLLER_GONE" })
  expect(dying.requests).toEqual([])
  expect(await hawser.list(), "the next call has the next controller").toEqual([])
})

test("nor is what can't be taken back", async () => {
  Object.assign(current().api, { abandon: () => Promise.reject(controllerGone("killed")) })
  await expect(hawser.abandon({ executors: ["hpc"], dryRun: false })).rejects.toMatchObject({ code: "CONTROLLER_GONE" })
})

test("listeners follow to the next controller, once each, and an ended one does not", async () => {
  const heard: string[] = []
  const end = await hawser.subscribe(() => heard.push("first"))
  await hawser.subscribe(() => heard.push("second"))
  current().end(controllerGone("killed"))
  await expect.poll(() => links.length, soon).toBe(2)
  await expect.poll(() => current().api.listeners.size, soon).toBe(2)
  current().api.emit({ executor: "a", type: "health", health: "up", reason: null })
  expect(heard).toEqual(["first", "second"])
  end()
  current().end(controllerGone("killed"))
  await expect.poll(() => links.length, soon).toBe(3)
  await expect.poll(() => current().api.listeners.size, soon).toBe(1)
})

test("what the next controller has written before a listener is there again is heard, if the journal still has it", async () => {
  const heard: number[] = []
  await hawser.subscribe((events) => heard.push(...events.map(({ seq }) => seq)))
  const health = { executor: "a", type: "health", health: "up", reason: null } as const
  current().api.emit(health)
  for (const forgets of [false, true]) {
    // The next one has written three events before anybody listens.
    prepare = (next) => {
      next.seq = heard.at(-1) ?? 0
      for (let count = 0; count < 3; count += 1) next.emit(health)
      if (forgets) next.failure = new StoreError("EVENTS_FORGOTTEN", { summary: "It is gone." })
    }
    const before = links.length
    current().end(controllerGone("killed"))
    await expect.poll(() => links.length, soon).toBe(before + 1)
    await expect.poll(() => current().api.listeners.size, soon).toBe(1)
    current().api.emit(health)
  }
  await expect.poll(() => heard, soon).toEqual([1, 2, 3, 4, 5, 9])
})

test("a controller that a person ended is started again by a call, and not by who listens or waits", async () => {
  current().api.jobs.set("id-1", fakeJob())
  await hawser.subscribe(() => undefined)
  Object.assign(current().api, { ended: () => Promise.reject(controllerEnded("down")) })
  await expect(hawser.ended(["id-1"])).rejects.toMatchObject({ code: "CONTROLLER_ENDED" })
  current().end(controllerEnded("down"))
  await systemClock.sleep(20)
  expect(reopenings).toBe(0)
  expect(await hawser.show("id-1")).toMatchObject({ id: "id-1" })
  expect(current().api.listeners.size, "and then listening goes on").toBe(1)
})

test("reopening that fails for a while is tried again, with pauses that grow", async () => {
  failures = [controllerGone("1"), controllerGone("2")]
  current().api.failure = controllerGone("killed")
  await hawser.list()
  expect(reopenings).toBe(3)
  expect(sleeps).toEqual([100, 200, 400])
})

test.each([
  ["for good", 1, [new UsageError("CONFIG_INVALID", { summary: "Mend it." })]],
  ["too often", 5, Array.from({ length: 9 }, () => controllerGone("no"))],
])("reopening that fails %s is an error", async (_how, times, errors) => {
  failures = [...errors]
  current().api.failure = controllerGone("killed")
  await expect(hawser.list()).rejects.toBe(errors[times - 1])
  expect(reopenings).toBe(times)
})

test("a controller that dies of a question is not asked it for ever; a wait goes on, with longer pauses", async () => {
  const dies = (): Promise<never> => Promise.reject(controllerGone("crashed"))
  const dying = (made: FakeLink): Link => ({ ...made, api: Object.assign(made.api, { list: dies, ended: dies }) })
  let tries = 0
  const crashing = reconnecting(
    dying(link()),
    async () => {
      tries += 1
      return tries > 12 ? link() : dying(link())
    },
    clock,
  )
  await expect(crashing.list()).rejects.toMatchObject({ code: "CONTROLLER_GONE" })
  expect(tries).toBe(2)
  await crashing.ended([])
  expect(tries).toBe(13)
  expect(sleeps.at(-1)).toBe(10_000)
})

test("closing ends everything with CLOSED", async () => {
  current().api.jobs.set("id-1", fakeJob())
  await hawser[Symbol.asyncDispose]()
  await expect(hawser.list()).rejects.toMatchObject({ code: "CLOSED" })
  expect(reopenings).toBe(0)
})
