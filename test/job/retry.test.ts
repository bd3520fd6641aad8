/** When an attempt that has ended is followed by another, and how long that waits. */
import { describe, expect, test } from "vitest"
import {
  type Attempt,
  type Cause,
  type Evidence,
  type Job,
  type RetryPolicy,
  nextTryAt,
  requeueProblems,
  restartsOf,
  wantsAnother,
} from "../../src/job/index.ts"
import { specOf } from "../support/jobs.ts"

const backoff = { firstMs: 1_000, factor: 3, maxMs: 5_000 }

function attempt(number: number, cause: Cause, endedAt: number | null = 100): Attempt {
  return { number, endedAt, outcome: failed(cause) } as Attempt
}

function failed(cause: Cause, exitCode: number | null = null) {
  return { state: "failed", cause, exitCode, signal: null } as const
}

function waiting(retry: RetryPolicy, ...attempts: Attempt[]): Job {
  return { state: "new", spec: specOf({ retry }), attempts } as unknown as Job
}

describe("another attempt", () => {
  const policy: RetryPolicy = { maxAttempts: 2, on: ["timeout", { exitCode: [75] }] }
  test.each([
    ["a cause that is named", 1, failed("timeout"), true],
    ["another cause", 1, failed("signal"), false],
    ["an exit code that is named", 1, failed("exit", 75), true],
    ["another exit code", 1, failed("exit", 7), false],
    ["the last attempt", 2, failed("timeout"), false],
    ["a success", 1, { state: "completed", cause: null, exitCode: 0, signal: null } as const, false],
  ])("after %s", (_title, number, outcome, wanted) => {
    expect(wantsAnother(policy, attempt(number, "exit"), outcome)).toBe(wanted)
  })
})

describe("the wait before it", () => {
  const policy: RetryPolicy = { maxAttempts: 5, on: ["timeout"], backoff }
  test.each([
    [1, 1_100],
    [2, 3_100],
    [3, 5_100],
    [4, 5_100],
  ])("after attempt %i it goes on at %i: longer each time, up to its limit", (number, at) => {
    expect(nextTryAt(waiting(policy, attempt(number, "timeout")), 200)).toBe(at)
  })

  test("there is none where the policy says none, nor before the first attempt", () => {
    expect(nextTryAt(waiting({ maxAttempts: 5, on: ["timeout"] }, attempt(1, "timeout")), 200)).toBe(null)
    expect(nextTryAt(waiting(policy), 200)).toBe(null)
  })

  test("a clock that was set back is not waited for: the end that is recorded lies in its future", () => {
    const job = waiting(policy, attempt(1, "timeout", 1_000_000))
    expect(nextTryAt(job, 1_000_000)).toBe(1_001_000)
    expect(nextTryAt(job, 995_000)).toBe(1_001_000)
    expect(nextTryAt(job, 500_000)).toBe(null)
  })

  test("nor for an attempt that the policy does not give: a person asked for it", () => {
    expect(nextTryAt(waiting(policy, attempt(5, "timeout")), 200)).toBe(null)
    expect(nextTryAt(waiting(policy, attempt(1, "exit")), 200)).toBe(null)
  })
})

describe("the manager's own requeue", () => {
  const requeue: RetryPolicy = { maxAttempts: 1, on: [], requeue: true }

  test("is refused to a job with a secret, which could be read at its first start only", () => {
    const env = { A: "a", KEY: { fromEnv: "LICENSE" } }
    expect(requeueProblems(specOf({ retry: requeue, env }))).toMatchObject([
      { field: "retry.requeue", why: expect.stringContaining("env.KEY") },
    ])
    expect(requeueProblems(specOf({ retry: requeue, env: { A: "a" } }))).toEqual([])
    expect(requeueProblems(specOf({ env }))).toEqual([])
  })

  test("is counted by whatever tells of it", () => {
    const seen = (restarts: number | null): Evidence => ({ restarts }) as Evidence
    expect(restartsOf({ lastSeen: null, evidence: [] })).toBe(0)
    expect(restartsOf({ lastSeen: seen(1), evidence: [] })).toBe(1)
    expect(restartsOf({ lastSeen: seen(1), evidence: [seen(null), seen(2)] })).toBe(2)
  })
})
