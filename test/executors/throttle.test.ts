import { expect, test } from "vitest"
import type { Clock } from "../../src/clock.ts"
import { Throttle } from "../../src/executors/throttle.ts"
import type { Job, JobSpec } from "../../src/job/index.ts"
import { noResources } from "../../src/job/resources.ts"
import { specOf } from "../support/jobs.ts"

/** A clock that a test moves. */
function handClock(): Clock & { ms: number } {
  return {
    ms: 0,
    now() {
      return this.ms
    },
    monotonic() {
      return this.ms
    },
    sleep: async () => undefined,
    random: () => 1,
    nonce: () => "0",
  }
}

function job(id: string, resources: Partial<JobSpec["resources"]> = {}, devices: readonly number[] = []): Job {
  const spec = specOf({}, resources)
  const attempts = devices.length === 0 ? [] : [{ devices }]
  return { id, spec, attempts } as unknown as Job
}

const unlimited = { maxQueued: null, maxSubmitPerMinute: null, capacity: null }
const host = { cores: 4, memory: 8_000, gpus: 2 }

test("without limits everything is admitted", () => {
  const throttle = new Throttle(handClock(), unlimited)
  const decisions = throttle.admit([job("a"), job("b")], [])
  expect([...decisions.values()].map(({ kind }) => kind)).toEqual(["admitted", "admitted"])
})

test("a job that does not fit waits, and a smaller one behind it goes first", () => {
  const throttle = new Throttle(handClock(), { ...unlimited, capacity: host })
  const decisions = throttle.admit([job("big", { cpusPerTask: 4 }), job("small")], [job("runs")])
  expect(decisions.get("big")).toEqual({ kind: "waiting", reason: "It waits for 4 of 4 cores." })
  expect(decisions.get("small")?.kind).toBe("admitted")
})

test("memory counts like cores", () => {
  const throttle = new Throttle(handClock(), { ...unlimited, capacity: host })
  const decisions = throttle.admit(
    [job("a", { memory: 6_000 }), job("b", { memory: 3_000 }), job("c", { memory: 2_000 })],
    [],
  )
  expect([...decisions.values()].map(({ kind }) => kind)).toEqual(["admitted", "waiting", "admitted"])
})

test("GPUs are handed out by their number, and never twice", () => {
  const throttle = new Throttle(handClock(), { ...unlimited, capacity: host })
  const one = { gpus: { count: 1, type: null } }
  const decisions = throttle.admit([job("a", one), job("b", one)], [job("runs", one, [0])])
  expect(decisions.get("a")).toEqual({ kind: "admitted", devices: [1] })
  expect(decisions.get("b")?.kind).toBe("waiting")
})

test.each([
  ["cores", { cpusPerTask: 5 }],
  ["memory", { memory: 8_001 }],
  ["GPUs", { gpus: { count: 3, type: null } }],
])("a job that asks for more %s than there are would wait for ever, and is told so", (what, resources) => {
  const throttle = new Throttle(handClock(), { ...unlimited, capacity: host })
  const decision = throttle.admit([job("a", resources)], []).get("a")
  expect(decision?.kind).toBe("impossible")
  expect(decision?.kind === "impossible" && decision.reason).toContain(what)
})

test("maxQueued counts what is in the manager and what is admitted now", () => {
  const throttle = new Throttle(handClock(), { ...unlimited, maxQueued: 2 })
  const decisions = throttle.admit([job("a"), job("b")], [job("runs")])
  expect([...decisions.values()].map(({ kind }) => kind)).toEqual(["admitted", "waiting"])
})

test("maxSubmitPerMinute counts what is submitted, and opens again when the minute of the oldest is over", () => {
  const clock = handClock()
  const throttle = new Throttle(clock, { ...unlimited, maxSubmitPerMinute: 1 })
  expect(throttle.admit([job("a"), job("b")], []).get("a")?.kind).toBe("admitted")
  expect(throttle.submits()).toBe(true)
  expect(throttle.submits()).toBe(false)
  expect(throttle.admit([job("b")], []).get("b")?.kind).toBe("waiting")
  clock.ms = 59_000
  expect(throttle.rateMs()).toBe(1_000)
  clock.ms = 60_000
  expect(throttle.rateMs()).toBe(0)
  expect(throttle.admit([job("b")], []).get("b")?.kind).toBe("admitted")
})

const onItsWay = {
  ...job("way"),
  state: "staging",
  attempts: [{ submission: "intended", acceptedAt: null, outcome: null, fence: null, devices: [] }],
} as unknown as Job
const acceptedAt = (ms: number): Job =>
  ({
    ...job("was"),
    attempts: [{ submission: "accepted", acceptedAt: ms, outcome: null, devices: [] }],
  }) as unknown as Job

test("what was admitted and not submitted yet counts: a manager that comes back does not get all of it at once", () => {
  const throttle = new Throttle(handClock(), { ...unlimited, maxSubmitPerMinute: 2 })
  const decisions = throttle.admit([job("a"), job("b")], [onItsWay])
  expect([...decisions.values()].map(({ kind }) => kind)).toEqual(["admitted", "waiting"])
  expect([throttle.submits(), throttle.submits(), throttle.submits()]).toEqual([true, true, false])
})

test("a controller that was started anew counts what its predecessor has submitted in the last minute", () => {
  const clock = handClock()
  clock.ms = 100_000
  const limits = { ...unlimited, maxSubmitPerMinute: 2 }
  expect(new Throttle(clock, limits, [acceptedAt(39_000), acceptedAt(41_000)]).permits).toBe(1)
  // It may have been submitted in the last moment before the end of the other one.
  expect(new Throttle(clock, limits, [onItsWay]).permits).toBe(1)
  // A clock that was set back: no longer than a minute.
  const late = new Throttle(clock, limits, [acceptedAt(900_000)])
  expect(late.permits).toBe(1)
  clock.ms = 160_000
  expect(late.permits).toBe(2)
})

test("one whose answer was lost counts as well, until it was replaced, or its fence was written down", () => {
  const clock = handClock()
  clock.ms = 100_000
  const fenced = { submission: "in-doubt", acceptedAt: null, outcome: null, fence: "won", createdAt: 0 }
  const replacement = { submission: "accepted", acceptedAt: 39_000, outcome: null, fence: null }
  const job = (changedAt: number, ...attempts: readonly object[]): Job =>
    ({ ...onItsWay, changedAt, attempts }) as unknown as Job
  const permits = (one: Job): number => new Throttle(clock, { ...unlimited, maxSubmitPerMinute: 2 }, [one]).permits
  expect(permits(job(41_000, fenced))).toBe(1)
  expect(permits(job(39_000, fenced))).toBe(2)
  expect(permits(job(99_000, fenced, { ...replacement, createdAt: 38_000 }))).toBe(2)
  expect(permits(job(99_000, fenced, { ...replacement, createdAt: 41_000 }))).toBe(1)
})

test("a manager that takes no more is left alone, longer each time, until one is accepted", () => {
  const clock = handClock()
  const throttle = new Throttle(clock, unlimited)
  throttle.refused("AssocMaxSubmitJobLimit")
  expect(throttle.admit([job("a")], []).get("a")).toEqual({ kind: "waiting", reason: "AssocMaxSubmitJobLimit" })
  expect(throttle.pauseMs()).toBe(5_000)
  clock.ms = 5_000
  throttle.refused("again")
  expect(throttle.pauseMs()).toBe(10_000)
  throttle.accepted(job("a"), () => [])
  expect(throttle.admit([job("a")], []).get("a")?.kind).toBe("admitted")
})

test("what is refused together counts once, and a manager that was away is not waited for after it is back", () => {
  const clock = handClock()
  const throttle = new Throttle(clock, unlimited)
  for (let times = 0; times < 8; times += 1) throttle.refused("AssocMaxSubmitJobLimit")
  expect(throttle.pauseMs()).toBe(5_000)
  const away = new Throttle(clock, unlimited)
  for (let times = 0; times < 8; times += 1) {
    away.refused("Unable to contact slurm controller", { isAway: true })
    expect(away.pauseMs()).toBe(5_000)
    clock.ms += 5_000
  }
})

test("a native that leaves makes a refused submission worth another try soon", () => {
  const clock = handClock()
  const throttle = new Throttle(clock, unlimited)
  for (let times = 0; times < 3; times += 1) {
    clock.ms += throttle.pauseMs()
    throttle.refused("limit")
  }
  expect(throttle.pauseMs()).toBe(20_000)
  throttle.left(job("a"))
  expect(throttle.pauseMs()).toBe(1_000)
})

test("an attempt counts with what it was given, and the next one with what it will get", () => {
  const throttle = new Throttle(handClock(), { ...unlimited, capacity: host })
  const escalate = { memory: { factor: 3, max: null } }
  const failed = { outcome: { state: "failed", cause: "exit" }, number: 1, devices: [] }
  const again = { ...job("again", { memory: 2_000 }), attempts: [failed] } as unknown as Job
  const next = { ...again, spec: { ...again.spec, retry: { maxAttempts: 2, on: [], escalate } } }
  const runs = job("runs", { memory: 1_000 }, [0])
  const grown = { ...runs, attempts: [{ devices: [], resources: { ...noResources, memory: 3_000 } }] } as unknown as Job
  expect(throttle.admit([next], [runs]).get("again")?.kind).toBe("admitted")
  expect(throttle.admit([next], [grown]).get("again")?.kind).toBe("waiting")
})

test("slots of several hosts are handed out by their number, and never twice", () => {
  const hosts = [
    { host: "a", slots: 2 },
    { host: "b", slots: 2 },
  ]
  const throttle = new Throttle(handClock(), { ...unlimited, capacity: { cores: 4, memory: null, gpus: 0, hosts } })
  const decisions = throttle.admit(
    [
      job("a", { tasks: 2 }),
      job("b", { tasks: 1 }),
      job("c", { tasks: 1 }),
      job("d", { tasks: 5 }),
      job("e", { gpus: { count: 1, type: null } }),
    ],
    [job("runs", { tasks: 1 }, [1])],
  )
  expect([...decisions.values()]).toEqual([
    { kind: "admitted", devices: [2, 3] },
    { kind: "admitted", devices: [0] },
    { kind: "waiting", reason: "It waits for 1 of 4 slots." },
    { kind: "impossible", reason: "It asks for 5 slots, and the hosts have a:2, b:2." },
    { kind: "impossible", reason: "It asks for 1 GPUs, and this executor has 0." },
  ])
})

test("one that nobody can see gives its place to a test job, to one alone, and to nothing else", () => {
  const throttle = new Throttle(handClock(), { ...unlimited, maxQueued: 2 })
  const unseen = (id: string): Job =>
    ({ ...job(id), state: "queued", attempts: [{ devices: [], heldBack: true, outcome: null }] }) as unknown as Job
  const tests = ["t", "u"].map((id): Job => ({ ...job(id), isTest: true }))
  const active = [unseen("a"), unseen("b")]
  const kinds = [...throttle.admit([job("c"), ...tests], active)].map(([id, { kind }]) => `${id} ${kind}`)
  expect(kinds).toEqual(["t admitted", "u waiting", "c waiting"])
  expect(throttle.admit(tests, [job("a"), job("b")]).get("t")?.kind, "both can be seen").toBe("waiting")
})

test("where the manager takes one more, a test job goes first", () => {
  const clock = handClock()
  const throttle = new Throttle(
    clock,
    unlimited,
    [],
    [{ queue: null, account: null, qos: null, max: 1, reason: "limit" }],
  )
  const test: Job = { ...job("t"), isTest: true }
  expect(throttle.within([job("a"), test], () => []).map(({ id }) => id)).toEqual(["t"])
})
