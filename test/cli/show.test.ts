/** What `hawser show` prints for people. */
import { expect, test } from "vitest"
import { textOf } from "../../src/cli/show.ts"
import { type AttemptView, noResources } from "../../src/job/index.ts"
import { fakeJob } from "../support/fake-hawser.ts"

const attempt: AttemptView = {
  number: 1,
  replacement: 0,
  token: "hz0000000000000",
  nativeId: "4711",
  submission: "accepted",
  state: "failed",
  cause: "timeout",
  exitCode: null,
  signal: "TERM",
  host: "n1",
  nodes: ["n1"],
  restarts: 2,
  submitted: "2031-01-01T00:00:00.000Z",
  started: null,
  ended: "2031-01-01T01:00:00.000Z",
  resources: { ...noResources, memory: 2 ** 30, walltime: 3600, queue: "small" },
  tombstone: null,
  excludeNodes: [],
}

test("an attempt that was followed by another is told with its end, its native and its times", () => {
  const next = {
    ...attempt,
    number: 2,
    replacement: 1,
    state: "queued",
    cause: null,
    signal: null,
    restarts: 0,
    ended: null,
  }
  const lines = textOf(fakeJob({ attempt: 2, attempts: [attempt, next] })).split("\n")
  expect(lines.filter((line) => /^attempt [12]/.test(line))).toEqual([
    "attempt 1:        failed (timeout, signal TERM), 4711 on n1, restarted by its manager: 2, submitted 2031-01-01T00:00:00.000Z, ended 2031-01-01T01:00:00.000Z",
    "attempt 2.1:      queued, 4711 on n1, submitted 2031-01-01T00:00:00.000Z",
  ])
})

test("what a later attempt was given otherwise is told with it", () => {
  const resources = { ...attempt.resources, memory: 3 * 2 ** 29, walltime: 7200, queue: "big" }
  const next = { ...attempt, number: 2, resources, excludeNodes: ["n1", "n2"] }
  const [first, second] = textOf(fakeJob({ attempt: 2, attempts: [attempt, next] }))
    .split("\n")
    .filter((line) => /^attempt [12]/.test(line))
  expect(first).not.toContain("memory")
  expect(second).toContain(", memory 1536M, walltime 0-02:00:00, queue big, not on n1 n2")
})

test("a single attempt has no history", () => {
  expect(textOf(fakeJob({ attempt: 1, attempts: [attempt] }))).not.toContain("attempt 1:")
})

test("how often its manager has started it again is told of a single attempt, too", () => {
  expect(textOf(fakeJob({ attempt: 1, attempts: [attempt] }))).toMatch(/^restarts: +2$/m)
  expect(textOf(fakeJob({ attempt: 1, attempts: [{ ...attempt, restarts: 0 }] }))).not.toContain("restarts")
})
