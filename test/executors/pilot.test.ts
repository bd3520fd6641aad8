import { describe, expect, test } from "vitest"
import { type Instance, drainSeconds, nextPilotAt, pilotSpec, waitFor } from "../../src/executors/pilot.ts"
import type { Attempt, Evidence, Job, Outcome } from "../../src/job/index.ts"
import { attemptOf, jobOf } from "../support/jobs.ts"

const minute = 60_000
const now = 100 * minute

const instance: Instance = {
  scope: "executor",
  on: "hpc",
  nodes: 2,
  cores: null,
  walltime: 3_600,
  idleMs: 600_000,
  directory: "~/.hawser/x-own/flux",
  home: "~/.hawser/x-own",
  token: "in0123456789abc",
}

const job = (changes: Partial<Job>, walltime: number | null = null): Job =>
  jobOf({ key: "a", executor: "own", ...changes }, { walltime })

const pilot = (changes: Partial<Job>, its: Partial<Attempt> = {}): Job =>
  job({
    key: "instance/own/1",
    executor: "hpc",
    serves: "own",
    attempts: [attemptOf({ submission: "accepted", nativeId: "7", ...its })],
    ...changes,
  })

const running = pilot({ state: "running" }, { startedAt: now - 10 * minute })
const failure: Outcome = { state: "failed", cause: "exit", exitCode: 71, signal: null }
const failedAt = (at: number): Job =>
  pilot({ state: "failed", outcome: failure, endedAt: at }, { startedAt: at - 2_000, endedAt: at, outcome: failure })

describe("a job waits", () => {
  test("for nothing where its instance runs and has time enough", () => {
    expect(waitFor(instance, job({}, 1_800), [running], now)).toBeNull()
    expect(waitFor(instance, job({}), [running], now)).toBeNull()
  })

  test("for a pilot that is queued, and is told which and where", () => {
    expect(waitFor(instance, job({}), [pilot({ state: "queued" })], now)).toEqual({
      kind: "waiting",
      reason: "Its Flux instance is being started (instance/own/1 is queued on hpc).",
    })
  })

  test("for what its pilot itself waits for", () => {
    const wait = waitFor(instance, job({}), [pilot({ state: "new", waiting: "hpc is paused." })], now)
    expect(wait?.reason).toContain("(instance/own/1 is new on hpc: hpc is paused.)")
  })

  test("for the next instance where this one ends too soon for it", () => {
    const wait = waitFor(instance, job({}, 45 * 60), [running], now)
    expect(wait).toMatchObject({ kind: "waiting", reason: expect.stringContaining("waits for the next one") as string })
  })

  test("for the next one while this one drains, also where it does not say how long it takes", () => {
    const old = pilot({ state: "running" }, { startedAt: now - 56 * minute })
    expect(waitFor(instance, job({}), [old], now)?.kind).toBe("waiting")
    expect(waitFor({ ...instance, walltime: null }, job({}), [old], now)).toBeNull()
  })

  test("for another try, and is told why the last one failed and how to see more", () => {
    const { reason } = waitFor(instance, job({}), [failedAt(now - 1_000)], now) ?? { reason: "" }
    expect(reason).toContain("instance/own/1 could not (There is no flux on the PATH of its host")
    expect(reason).toContain('"hawser logs instance/own/1"')
    expect(reason).toContain(new Date(now + 4_000).toISOString())
  })

  test("never for an instance that it does not fit into", () => {
    expect(waitFor(instance, job({}, 3_600), [], now)).toMatchObject({ kind: "never", cause: "rejected" })
    expect(waitFor({ ...instance, walltime: null }, job({}, 3_600), [running], now)).toBeNull()
  })
})

describe("another pilot follows", () => {
  test("at once one that had lived for a while, or was cancelled", () => {
    const lived = pilot(
      { state: "failed", outcome: failure, endedAt: now },
      { startedAt: now - 5 * minute, endedAt: now },
    )
    const cancelled: Outcome = { state: "cancelled", cause: null, exitCode: null, signal: null }
    expect(nextPilotAt([lived])).toBe(0)
    expect(nextPilotAt([pilot({ state: "cancelled", outcome: cancelled, endedAt: now })])).toBe(0)
    expect(nextPilotAt([])).toBe(0)
  })

  test("later each time those that came to nothing, and ten minutes at most", () => {
    const delays = [1, 2, 3, 20].map((count) => nextPilotAt(Array.from({ length: count }, () => failedAt(now))) - now)
    expect(delays).toEqual([5_000, 10_000, 20_000, 600_000])
  })
})

test.each([
  [120, 20],
  [3_600, 300],
  [1_000, 100],
  [null, 0],
])("with a walltime of %s s nothing is started in the last %i", (walltime, seconds) => {
  expect(drainSeconds({ walltime })).toBe(seconds)
})

describe("a pilot asks for", () => {
  const spec = (changes: Partial<Instance>, countsCores = false): ReturnType<typeof pilotSpec> =>
    pilotSpec({ ...instance, ...changes }, 3, { defaults: { resources: { queue: "batch" } }, countsCores })

  test("whole nodes, in the queue of the executor on which it runs, and one attempt", () => {
    const { resources, retry, launcher } = spec({})
    expect(resources).toMatchObject({
      nodes: 2,
      tasks: 2,
      tasksPerNode: 1,
      exclusive: true,
      queue: "batch",
      walltime: 3_600,
    })
    expect({ retry, launcher }).toEqual({ retry: { maxAttempts: 1, on: [] }, launcher: "none" })
  })

  test("so many cores of each node where they are said", () => {
    expect(spec({ cores: 4 }).resources).toMatchObject({ nodes: 2, cpusPerTask: 4, exclusive: false })
  })

  test("one place where nobody gives it nodes, and Flux has the cores that were said all the same", () => {
    const { resources, script } = spec({ nodes: 1, cores: 24, walltime: null }, true)
    expect(resources).toMatchObject({ nodes: null, tasks: 1, walltime: null })
    expect(script).toContain("\nhz_cores=24\n")
    expect(script).toContain("\nhz_walltime=''\n")
  })
})

test("the time of a pilot that was only seen running begins when it was seen", () => {
  const lastSeen = { seenAt: now - 56 * minute, state: "running" } as unknown as Evidence
  expect(waitFor(instance, job({}), [pilot({ state: "running" }, { lastSeen })], now)?.kind).toBe("waiting")
})
