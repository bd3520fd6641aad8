/** Abandoned: jobs end here and now, their keys are free, and what is left of them over there is found and ended. */
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { Fleet } from "../../src/executors/fleet.ts"
import { type Files, type OpenFile, nodeFiles, openStore } from "../../src/persist/index.ts"
import { localTransport } from "../../src/transport/local.ts"
import type { Transport } from "../../src/transport/transport.ts"
import { TransportError } from "../../src/errors.ts"
import { Stand, ended, submit, when } from "../support/stand.ts"

const stubborn = "trap : TERM; while :; do sleep 1; done"

test("jobs end at once though their manager says nothing, and the reason says who, when and what was known", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const job = await submit(fleet, { command: stand.leaving("a") }, { key: "k" })
  await when(fleet, job.id, ({ state }) => state === "queued")
  await gone(stand, fleet)
  const waiter = ended(fleet, job)
  const { abandoned } = await fleet.abandon({ executors: ["fake"], dryRun: false })
  expect(abandoned).toMatchObject([{ id: job.id, state: "failed", cause: "abandoned" }])
  expect(await waiter).toMatchObject({ state: "failed", cause: "abandoned", exitCode: null })
  const { reason, attempts } = await fleet.show(job.id)
  expect(reason).toMatch(
    /^Abandoned by \S+@\S+ at \d{4}-\S+Z\. fake was unreachable for .*; the job was last known as queued, as \d+/,
  )
  expect(attempts[0]?.tombstone).toMatchObject({ settled: null, proof: null })
  expect((await fleet.status()).tombstones).toMatchObject([{ executor: "fake", open: 1, configured: true }])
  await quiet(stand)
  expect(fleet.job(job.id).attempts[0]?.fence).not.toBe("won")
})

test.each([
  ["still waits: it is fenced, and its native cancelled behind that", true, "sleep 60", []],
  ["runs: TERM ends it", false, "sleep 60", ["a"]],
  ["runs and does not heed TERM: KILL ends it", false, stubborn, ["a"]],
])("when the manager answers again, what %s", async (_title, waits, payload, ran) => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  if (waits) stand.manager.pause()
  const job = await submit(fleet, { command: stand.leaving("a", payload) }, { key: "k" })
  await when(fleet, job.id, ({ state }) => state === (waits ? "queued" : "running"))
  await gone(stand, fleet)
  await fleet.abandon({ jobs: ["k"], dryRun: false })
  back(stand)
  await fleet.recover("fake")
  const { state, cause, attempts, notes } = await fleet.show(job.id)
  expect({ state, cause }).toEqual({ state: "failed", cause: "abandoned" })
  expect(attempts[0]?.tombstone?.settled).toMatch(/^\d{4}-/)
  expect(notes).toEqual([
    expect.stringMatching(/^Native \d+ of hz\S+ was found on fake and is cancelled: it was abandoned\.$/),
  ])
  expect(stand.manager.natives()).toMatchObject([{ state: "ended" }])
  expect((await fleet.status()).tombstones).toEqual([])
  expect(stand.ran).toEqual(ran)
})

test("with a manager that answers, it goes the same way by itself", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const job = await submit(fleet, { command: stand.leaving("a", "sleep 60") })
  await when(fleet, job.id, ({ state }) => state === "running")
  await fleet.abandon({ names: [job.id], dryRun: false })
  const settled = await when(fleet, job.id, ({ attempts }) => (attempts[0]?.settled ?? null) !== null)
  expect(settled.attempts[0]).toMatchObject({ fence: "lost" })
  expect(fleet.isIdle).toBe(true)
  expect(stand.manager.natives()).toMatchObject([{ state: "ended" }])
})

test("a key is used again: another job, another token, and names mean the newest", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const first = await submit(fleet, { command: stand.leaving("a") }, { key: "k" })
  await when(fleet, first.id, ({ state }) => state === "queued")
  await gone(stand, fleet)
  await fleet.abandon({ jobs: ["k"], dryRun: false })
  back(stand)
  const second = await submit(fleet, { command: stand.leaving("b") }, { key: "k" })
  expect(second).toMatchObject({ generation: 1, earlier: first.id })
  await fleet.recover("fake")
  stand.manager.resume()
  expect(await ended(fleet, second)).toMatchObject({ state: "completed" })
  expect(await fleet.show("k")).toMatchObject({ id: second.id })
  expect(await fleet.show(first.id)).toMatchObject({ cause: "abandoned", later: second.id })
  expect((await fleet.list()).map(({ id }) => id)).toEqual([second.id])
  expect((await fleet.list({ earlier: true })).map(({ id }) => id)).toEqual([first.id, second.id])
  await when(fleet, first.id, ({ attempts }) => (attempts[0]?.settled ?? null) !== null)
  expect(fleet.job(first.id).attempts[0]?.token).not.toBe(fleet.job(second.id).attempts[0]?.token)
  expect(stand.ran).toEqual(["b"])
})

test("its twin that was not abandoned keeps its key", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const first = await submit(fleet, { command: stand.leaving("a") }, { key: "k" })
  const [again] = await fleet.submit([{ spec: { command: stand.leaving("b") }, key: "k", base: "/" }])
  expect(again).toMatchObject({ ok: false, error: { code: "KEY_TAKEN" } })
  expect((await submit(fleet, { command: stand.leaving("a") }, { key: "k" })).id).toBe(first.id)
})

test("one that ended by itself meanwhile is corrected by its record", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const job = await submit(fleet, { command: stand.leaving("a", "sleep 1") }, { key: "k" })
  await when(fleet, job.id, ({ state }) => state === "running")
  await gone(stand, fleet)
  await fleet.abandon({ jobs: ["k"], dryRun: false })
  await expect.poll(() => stand.manager.natives()[0]?.state, { timeout: 10_000 }).toBe("ended")
  back(stand)
  await fleet.recover("fake")
  const { notes, attempts, stdout } = await ended(
    fleet,
    await when(fleet, job.id, ({ state }) => state === "completed"),
  )
  // What it printed is brought back, too.
  expect(readFileSync(stdout, "utf8")).toBe("a\n")
  expect(notes.join()).toContain("had ended by itself")
  expect(attempts[0]?.tombstone).toBeNull()
})

test("but where its key has been used again, that is a note", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const job = await submit(fleet, { command: stand.leaving("a", "sleep 1") }, { key: "k" })
  await when(fleet, job.id, ({ state }) => state === "running")
  await gone(stand, fleet)
  await fleet.abandon({ jobs: ["k"], dryRun: false })
  await expect.poll(() => stand.manager.natives()[0]?.state, { timeout: 10_000 }).toBe("ended")
  const second = await submit(fleet, { command: stand.leaving("b") }, { key: "k" })
  back(stand)
  expect(await ended(fleet, second)).toMatchObject({ state: "completed" })
  await fleet.recover("fake")
  const first = await fleet.show(job.id)
  expect(first).toMatchObject({ state: "failed", cause: "abandoned" })
  expect(first.notes.join()).toContain("had ended by itself before it could be cancelled: completed")
  expect(first.attempts[0]?.tombstone).toMatchObject({ proof: "record" })
})

test("a manager that has come back without its state: absence has to be shown, and then the tombstone closes", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const job = await submit(fleet, { command: stand.leaving("a", "sleep 60") }, { key: "k" })
  const { attempts } = await when(fleet, job.id, ({ state }) => state === "running")
  await gone(stand, fleet)
  await fleet.abandon({ jobs: ["k"], dryRun: false })
  const nativeId = attempts[0]?.nativeId ?? ""
  const group = stand.manager.group(nativeId)
  stand.manager.forget(nativeId)
  if (group !== null) process.kill(-group, "SIGKILL")
  back(stand)
  await fleet.recover("fake")
  expect((await fleet.show(job.id)).attempts[0]?.tombstone).toMatchObject({ proof: "absence" })
})

test("tombstones outlive controllers: the next one finds the orphan, with nothing else to do", async () => {
  await using stand = new Stand()
  const store = await stand.journal()
  const first = await stand.fleet({}, store)
  const job = await submit(first, { command: stand.leaving("a", "sleep 60") }, { key: "k" })
  await when(first, job.id, ({ state }) => state === "running")
  await gone(stand, first)
  await first.abandon({ executors: ["fake"], dryRun: false })
  await first[Symbol.asyncDispose]()
  back(stand)
  const second = await stand.fleet({}, await stand.journal())
  const settled = await when(second, job.id, ({ attempts }) => (attempts[0]?.settled ?? null) !== null)
  expect(settled).toMatchObject({ state: "failed", outcome: { cause: "abandoned" } })
  expect(stand.manager.natives()).toMatchObject([{ state: "ended" }])
})

test("a host that can't be reached keeps no controller, and is asked again by the next one", async () => {
  await using stand = new Stand()
  let isThere = true
  const fleet = await stand.fleet({ transport: fickle(stand, () => isThere) }, await stand.journal())
  const job = await submit(fleet, { command: stand.leaving("a", "sleep 60") }, { key: "k" })
  await when(fleet, job.id, ({ state }) => state === "running")
  isThere = false
  await fleet[Symbol.asyncDispose]()
  const second = await stand.fleet({ transport: fickle(stand, () => isThere) }, await stand.journal())
  await second.abandon({ names: ["fake"], dryRun: false })
  expect((await second.show("k")).state).toBe("failed")
  await expect.poll(() => second.parts.store.managers.get("fake")?.health).toBe("unreachable")
  expect(second.isIdle).toBe(true)
  await expect(second.recover("fake")).rejects.toMatchObject({ code: "HOST_AWAY" })
  // Without a name, a manager that is gone for good keeps nobody from asking the others.
  expect(await second.recover()).toMatchObject([{ id: job.id }])
  isThere = true
  await second.recover("fake")
  expect((await second.status()).tombstones).toEqual([])
  expect(stand.manager.natives()).toMatchObject([{ state: "ended" }])
})

test("what is on its way when it is abandoned is not submitted any more, or found and cancelled", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const jobs = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      submit(fleet, { command: stand.leaving("a", "sleep 30") }, { key: `k${index}` }),
    ),
  )
  const { events } = watch(fleet)
  await when(fleet, jobs[2]!.id, ({ attempts }) => attempts.length > 0)
  await fleet.abandon({ executors: ["fake"], dryRun: false })
  await fleet.recover("fake")
  for (const { id } of jobs) expect(fleet.job(id)).toMatchObject({ state: "failed", outcome: { cause: "abandoned" } })
  await expect
    .poll(() => stand.manager.natives().filter(({ state }) => state !== "ended"), { timeout: 15_000 })
    .toEqual([])
  expect((await fleet.status()).tombstones).toEqual([])
  expect(stand.log.filter(({ level }) => level === "error")).toEqual([])
  expect(events.length).toBeGreaterThan(0)
})

test("what was never submitted leaves no tombstone", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  await submit(fleet, { command: ["sleep", "60"] }, { key: "first" })
  const job = await submit(fleet, { command: stand.leaving("a"), after: [{ job: "first", when: "ended" }] })
  await fleet.abandon({ jobs: [job.id], dryRun: false })
  expect(await fleet.show(job.id)).toMatchObject({ cause: "abandoned", attempts: [] })
  expect((await fleet.status()).tombstones).toEqual([])
})

test("prune keeps what has a tombstone, and takes it once that is closed", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const job = await submit(fleet, { command: stand.leaving("a", "sleep 60") }, { key: "k" })
  await when(fleet, job.id, ({ state }) => state === "running")
  await gone(stand, fleet)
  await fleet.abandon({ jobs: ["k"], dryRun: false })
  const request = { names: [job.id], olderThanMs: 0, local: true, dryRun: false }
  expect(await fleet.prune(request)).toMatchObject({ pruned: [], kept: [{ id: job.id, why: /tombstone/ }] })
  back(stand)
  await fleet.recover("fake")
  expect(await fleet.prune(request)).toMatchObject({ pruned: [job.id], kept: [] })
})

test("jobs of an executor that is not configured any more can be abandoned, and their tombstones wait until it is", async () => {
  await using stand = new Stand()
  const first = await stand.fleet({}, await stand.journal())
  const job = await submit(first, { command: stand.leaving("a", "sleep 60") }, { key: "k" })
  await when(first, job.id, ({ state }) => state === "running")
  await first[Symbol.asyncDispose]()
  const without = new Fleet({ ...first.parts, store: await stand.journal(), executors: new Map() })
  await without.abandon({ names: ["fake"], dryRun: false })
  expect(await without.show("k")).toMatchObject({ state: "failed", cause: "abandoned" })
  expect((await without.status()).tombstones).toMatchObject([{ executor: "fake", open: 1, configured: false }])
  expect(without.isIdle).toBe(true)
  await without[Symbol.asyncDispose]()
  expect(stand.manager.natives()).toMatchObject([{ state: "running" }])
  const again = await stand.fleet({}, await stand.journal())
  await when(again, job.id, ({ attempts }) => (attempts[0]?.settled ?? null) !== null)
  expect(stand.manager.natives()).toMatchObject([{ state: "ended" }])
})

test("a name that is an executor and a job is refused, with how to tell them apart", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.pause()
  const one = await submit(fleet, { command: stand.leaving("a") }, { key: "fake" })
  const other = await submit(fleet, { command: stand.leaving("b") }, { key: "other" })
  await expect(fleet.abandon({ names: ["fake"], dryRun: false })).rejects.toMatchObject({
    code: "NAME_AMBIGUOUS",
    message: expect.stringContaining("--job fake"),
  })
  const asked = await fleet.abandon({ executors: ["fake"], dryRun: true })
  expect(asked.abandoned.map(({ id }) => id).sort()).toEqual([one.id, other.id].sort())
  expect((await fleet.show(one.id)).state).not.toBe("failed")
  expect((await fleet.abandon({ jobs: ["fake"], dryRun: false })).abandoned).toMatchObject([{ id: one.id }])
  expect(await fleet.abandon({ names: [one.id], dryRun: false })).toMatchObject({
    abandoned: [],
    over: [{ id: one.id }],
  })
  await expect(fleet.abandon({ names: ["nobody"], dryRun: false })).rejects.toMatchObject({ code: "NAME_UNKNOWN" })
})

test.each([
  ["gets there", null, { abandoned: [], over: [{ state: "cancelled" }] }],
  ["does not get there", "ENOSPC", { abandoned: [{ state: "failed", cause: "abandoned" }], over: [] }],
])(
  "an end that is being written and %s decides whether its job is abandoned, and nobody is told before",
  async (_, code, expected) => {
    await using stand = new Stand()
    let gate = Promise.resolve()
    let isFailing = false
    const files: Files = {
      ...nodeFiles,
      create: async (path) => {
        const file = await nodeFiles.create(path)
        const write: OpenFile["write"] = async (bytes, at) => {
          await gate
          if (isFailing) throw Object.assign(new Error("full"), { code })
          await file.write(bytes, at)
        }
        return { ...file, write }
      },
    }
    const store = await openStore(stand.path("state"), { clock: stand.clock, files })
    const fleet = await stand.fleet({ limits: { maxQueued: 0, maxSubmitPerMinute: null, capacity: null } }, store)
    const { id } = await submit(fleet, { command: stand.leaving("a") })
    await when(fleet, id, ({ waiting }) => waiting !== null)
    let open: () => void = () => undefined
    gate = new Promise((resolve) => {
      open = resolve
    })
    isFailing = code !== null
    const outcome = { state: "cancelled", cause: null, exitCode: null, signal: null } as const
    const end = store.append([{ job: id, type: "finished", outcome, reason: null }]).catch(() => [])
    let isTold = false
    const told = fleet.abandon({ jobs: [id], dryRun: false }).finally(() => {
      isTold = true
    })
    await stand.clock.sleep(500)
    expect(isTold).toBe(false)
    open()
    await end
    isFailing = false
    expect(await told).toMatchObject(expected)
  },
)

/** The manager's own commands fail from now on, and it is known. */
async function gone({ manager }: Stand, fleet: Fleet): Promise<void> {
  for (const verb of ["list", "history"] as const) manager.fault(verb, "down", "always")
  manager.fault("cancel", "down", "always")
  await expect.poll(() => fleet.parts.store.managers.get("fake")?.health, { timeout: 10_000 }).toBe("unreachable")
}

function back({ manager }: Stand): void {
  for (const verb of ["list", "history"] as const) manager.fault(verb, null)
  manager.fault("cancel", null)
}

/** A few sweeps' time. */
async function quiet({ clock }: Stand): Promise<void> {
  await clock.sleep(3_000)
}

function fickle({ clock }: Stand, isThere: () => boolean): Transport {
  const transport = localTransport(clock)
  return {
    address: transport.address,
    connect: async (signal) => {
      if (isThere()) return transport.connect(signal)
      throw new TransportError("HOST_AWAY", { summary: "The host is away.", class: "transient" })
    },
  }
}

function watch(fleet: Fleet): { readonly events: unknown[] } {
  const events: unknown[] = []
  fleet.parts.store.subscribe((more) => void events.push(...more))
  return { events }
}
