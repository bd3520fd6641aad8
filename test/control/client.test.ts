import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type ControlClient, askDown, connect } from "../../src/control/client.ts"
import { HawserError, StoreError, TransportError, UsageError } from "../../src/errors.ts"
import type { AnyEvent } from "../../src/job/index.ts"
import { fakeJob } from "../support/fake-hawser.ts"
import { type Served, serve, soon } from "../support/served.ts"

let served: Served
let client: ControlClient

beforeEach(async () => {
  served = await serve()
  client = await served.connect()
})
afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await served[Symbol.asyncDispose]()
})

describe("every method comes back as if the controller were here", () => {
  test("submit carries what the spec means here: the working directory, and the secrets that it names", async () => {
    process.env["HZ_TEST_SECRET"] = "s3cret"
    const spec = {
      command: ["true"],
      env: { TOKEN: { fromEnv: "HZ_TEST_SECRET" }, NONE: { fromEnv: "HZ_NOT_SET" }, A: "b" },
    }
    const [result] = await client.submit([{ key: "a", spec }])
    expect(result).toEqual({ ok: true, existed: false, job: served.fake.jobs.get("id-a") })
    expect(served.fake.requests).toEqual([
      { key: "a", spec, base: process.cwd(), secrets: { HZ_TEST_SECRET: "s3cret" } },
    ])
  })

  test("the same key is the same job, and another spec under it is refused, one by one", async () => {
    await client.submit([{ key: "a", spec: 1 }])
    const results = await client.submit([
      { key: "a", spec: 1 },
      { key: "a", spec: 2 },
    ])
    expect(results).toMatchObject([
      { ok: true, existed: true, job: { id: "id-a" } },
      { ok: false, error: { code: "KEY_TAKEN", name: "UsageError" } },
    ])
  })

  test("accepted and ended wait", async () => {
    await client.submit([{ key: "a", spec: {} }])
    const accepted = client.accepted(["id-a"])
    const ended = client.ended(["id-a"])
    await expect.poll(() => served.fake.waits, soon).toBe(2)
    served.fake.set("id-a", { state: "running" })
    expect(await accepted).toMatchObject([{ state: "running" }])
    served.fake.set("id-a", { state: "completed", exitCode: 0 })
    expect(await ended).toEqual([served.fake.jobs.get("id-a")])
  })

  test("list, show, explain, cancel, recover, prune, status, logs", async () => {
    await client.submit([
      { key: "a", spec: {} },
      { key: "b", spec: {}, executor: "hpc" },
    ])
    const [a, b] = [served.fake.jobs.get("id-a"), served.fake.jobs.get("id-b")]
    expect(await client.list()).toEqual([a, b])
    expect(await client.list({ executor: "hpc", key: "b", states: ["new"] })).toEqual([b])
    expect(await client.show("a")).toEqual(a)
    expect(await client.explain("a")).toEqual(await served.fake.explain("a"))
    await expect(client.explain("z")).rejects.toMatchObject({ code: "JOB_UNKNOWN" })
    expect(await client.wish({ wish: "hold", names: ["b"] })).toMatchObject([{ wish: "hold" }])
    expect(await client.pause({ executors: ["local"], paused: true })).toBe(undefined)
    expect(await client.cancel(["b"])).toMatchObject([{ state: "cancelled" }])
    expect(await client.recover("hpc")).toHaveLength(1)
    expect(await client.recover()).toHaveLength(2)
    expect(await client.prune({ olderThanMs: 0, local: true, dryRun: true })).toMatchObject({ pruned: ["id-b"] })
    expect(await client.status()).toMatchObject({ stateDirectory: served.stateDirectory })
    const piece = await client.logs("a", { stream: "stderr", offset: 7, max: 2 })
    expect(piece).toEqual({ data: Buffer.from("of").toString("base64"), nextOffset: 9, final: true })
  })

  test("abandon names executors and jobs, and says what was over already", async () => {
    for (const key of ["a", "b", "c"]) await client.submit([{ key, spec: {}, executor: "hpc" }])
    served.fake.set("id-c", { state: "completed" })
    const planned = await client.abandon({ executors: ["hpc"], dryRun: true })
    expect(planned.abandoned.map(({ state }) => state)).toEqual(["new", "new"])
    expect(await client.abandon({ jobs: ["a", "c"], dryRun: false })).toMatchObject({
      abandoned: [{ id: "id-a", state: "failed", cause: "abandoned" }],
      over: [{ id: "id-c" }],
    })
    await expect(client.abandon({ names: ["z"], dryRun: false })).rejects.toMatchObject({ code: "JOB_UNKNOWN" })
  })

  test("doctor tells each line as it is known", async () => {
    const heard: string[] = []
    const lines = await client.doctor("hpc", (line) => heard.push(line.check))
    expect(heard).toEqual(["connection", "scheduler"])
    expect(lines).toMatchObject([{ detail: "hpc" }, { advice: "Load its module." }])
  })

  test("events reach every listener, and none after its end; the server hears of one subscription", async () => {
    const [first, second]: [AnyEvent[], AnyEvent[]] = [[], []]
    const endFirst = await client.subscribe((events) => first.push(...events))
    const endSecond = await client.subscribe((events) => second.push(...events))
    expect(served.fake.listeners.size).toBe(1)
    served.fake.emit({ executor: "hpc", type: "health", health: "degraded", reason: "slow" })
    await expect.poll(() => second, soon).toHaveLength(1)
    endFirst()
    served.fake.emit({ executor: "hpc", type: "health", health: "up", reason: null })
    await expect.poll(() => second, soon).toHaveLength(2)
    expect(first).toHaveLength(1)
    endSecond()
    await expect.poll(() => served.fake.listeners.size, soon).toBe(0)
  })

  test("a listener that begins at a number gets what was before it as well", async () => {
    const health = { executor: "hpc", type: "health", reason: null } as const
    for (const how of ["degraded", "up", "gone"] as const) served.fake.emit({ ...health, health: how })
    const heard: AnyEvent[] = []
    const end = await client.subscribe((events) => heard.push(...events), served.fake.seq - 1)
    served.fake.emit({ ...health, health: "up" })
    await expect.poll(() => heard, soon).toMatchObject([{ health: "up" }, { health: "gone" }, { health: "up" }])
    end()
    await expect.poll(() => served.fake.listeners.size, soon).toBe(0)
  })

  test("an answer of many jobs comes whole and in order, and so does a submission", async () => {
    const results = await client.submit(Array.from({ length: 2_345 }, (_none, n) => ({ key: `k${n}`, spec: {} })))
    expect(results.map((result) => result.ok && result.job.key)).toEqual(results.map((_result, n) => `k${n}`))
    expect(await client.list()).toEqual([...served.fake.jobs.values()])
  })
})

describe("errors come back as what they were", () => {
  test.each([
    new UsageError("JOB_AMBIGUOUS", { summary: "Two jobs.", reason: "a1 and a2", advice: "Write more of it." }),
    new TransportError("HOST_KEY_CHANGED", { summary: "host key", class: "auth" }),
    new StoreError("STORE_FULL", { summary: "Full.", class: "limit" }),
    new HawserError("ODD", { summary: "Odd.", class: "gone" }),
  ])("$name $code", async (error) => {
    served.fake.failure = error
    const got = await client.list().catch((caught: unknown) => caught)
    expect(got).toBeInstanceOf(error.constructor)
    expect(got).toMatchObject({ name: error.name, code: error.code, class: error.class, message: error.message })
  })

  test("a foreign error keeps its text and no stack", async () => {
    served.fake.failure = new TypeError("x is not a function")
    const got = client.list()
    await expect(got).rejects.toMatchObject({ code: "UNEXPECTED", reason: "x is not a function", class: "transient" })
  })

  test("parameters of another shape are refused, and the connection lives", async () => {
    const wrong = { stream: "stdout", offset: -1, max: 1 } as const
    await expect(client.logs("a", wrong)).rejects.toMatchObject({ code: "PROTOCOL_VIOLATED" })
    expect(await client.list()).toEqual([])
  })
})

describe("cancelling", () => {
  test("an aborted wait rejects with the signal's reason, and the controller forgets it", async () => {
    served.fake.jobs.set("id-1", fakeJob())
    const abort = new AbortController()
    const waiting = client.ended(["id-1"], abort.signal)
    await expect.poll(() => served.fake.waits, soon).toBe(1)
    abort.abort(new Error("enough"))
    await expect(waiting).rejects.toThrow("enough")
    await expect.poll(() => served.fake.waits, soon).toBe(0)
    expect(served.server.pendingCalls).toBe(0)
    expect(await client.show("k1")).toMatchObject({ id: "id-1" })
  })

  test("what is aborted before it begins is not sent", async () => {
    await expect(client.doctor("slow", () => undefined, AbortSignal.abort(new Error("no")))).rejects.toThrow("no")
    expect(served.fake.waits).toBe(0)
  })

  test("a client that goes away takes its waits and its subscription with it, and nobody else's", async () => {
    served.fake.jobs.set("id-1", fakeJob())
    const other = await served.connect()
    const kept = other.ended(["id-1"])
    const lost = expect(client.ended(["id-1"])).rejects.toMatchObject({ code: "CONTROLLER_GONE" })
    await client.subscribe(() => undefined)
    await expect.poll(() => served.fake.waits, soon).toBe(2)
    await client[Symbol.asyncDispose]()
    await lost
    await expect.poll(() => [served.fake.waits, served.fake.listeners.size], soon).toEqual([1, 0])
    served.fake.set("id-1", { state: "failed", cause: "exit" })
    expect(await kept).toMatchObject([{ state: "failed" }])
    await other[Symbol.asyncDispose]()
  })
})

describe("the controller goes away", () => {
  test("every call that is not answered rejects with CONTROLLER_GONE, and so do later ones", async () => {
    served.fake.jobs.set("id-1", fakeJob())
    const gone = { name: "TransportError", code: "CONTROLLER_GONE", class: "transient" }
    const waiting = expect(client.ended(["id-1"])).rejects.toMatchObject(gone)
    await expect.poll(() => served.fake.waits, soon).toBe(1)
    await served.server[Symbol.asyncDispose]()
    await waiting
    expect(await client.closed).toMatchObject(gone)
    await expect(client.list()).rejects.toMatchObject(gone)
    await expect(connect(`${served.stateDirectory}/none`)).rejects.toMatchObject(gone)
  })

  test("a submission that is under way is still answered", async () => {
    let open = (): void => undefined
    served.fake.gate = new Promise((resolve) => (open = resolve))
    const submitting = client.submit([{ key: "a", spec: {} }])
    await expect.poll(() => served.server.pendingCalls, soon).toBe(1)
    const closing = served.server[Symbol.asyncDispose]()
    open()
    expect(await submitting).toMatchObject([{ ok: true }])
    await closing
  })

  test("`down` is answered, whatever the version of who asks", async () => {
    let downs = 0
    await using other = await serve({ api: Object.assign(served.fake, { down: async () => void (downs += 1) }) })
    const down = askDown(other.server.socketPath)
    await expect.poll(() => downs, soon).toBe(1)
    await other.server[Symbol.asyncDispose]()
    await down
  })
})

test("a controller of another state directory is refused", async () => {
  const wanted = connect(served.server.socketPath, { stateDirectory: "/elsewhere" })
  await expect(wanted).rejects.toMatchObject({ code: "CONTROLLER_OF_ANOTHER" })
})

test("asking it to stay is remembered", async () => {
  expect(served.server.isAskedToStay).toBe(false)
  await client.stay()
  expect(served.server.isAskedToStay).toBe(true)
})
