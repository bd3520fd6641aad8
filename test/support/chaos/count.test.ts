import { expect, test } from "vitest"
import type { JobView } from "../../../src/job/index.ts"
import { type NativeRow, type Run, type Witnesses, countOf } from "./count.ts"

const token = (letter: string): string => `hz${letter.repeat(13)}`
const a1 = { number: 1, replacement: 0, token: token("a") }
const a1again = { number: 1, replacement: 1, token: token("b") }
const a2 = { number: 2, replacement: 0, token: token("c") }

const job = (attempts: readonly object[] = [a1], more: Partial<JobView> = {}): JobView =>
  ({ key: "chaos/0", state: "completed", cause: null, reason: null, attempt: 1, attempts, ...more }) as JobView
const run = (letter: string, native = "7.0"): Run => ({ key: "chaos/0", token: token(letter), native })
const row = (letter: string, state = "COMPLETED", id = "7"): NativeRow => ({ id, name: `${token(letter)}-c1`, state })
const witnesses = (more: Partial<Witnesses> = {}): Witnesses => ({
  jobs: [job()],
  rows: [row("a")],
  runs: [run("a")],
  left: [],
  healths: [],
  ...more,
})
const expected = { healths: ["unreachable"] }

test("a job that ran once, in one native, is right", () => {
  expect(countOf(witnesses(), 1, expected)).toEqual({
    tokens: 1,
    natives: 1,
    completed: 1,
    ran: 1,
    runs: 1,
    lost: 0,
    twice: 0,
    replaced: 0,
    ends: { completed: 1 },
    wrong: [],
  })
})

test("so are one that was replaced before it ran, one that was tried again, and what the fault allows", () => {
  const replaced = {
    jobs: [job([a1, a1again])],
    rows: [row("a", "CANCELLED"), row("b", "COMPLETED", "8")],
    runs: [run("b")],
  }
  expect(countOf(witnesses(replaced), 1, expected)).toMatchObject({ replaced: 1, twice: 0, lost: 0, wrong: [] })
  const retried = {
    jobs: [job([a1, a2], { attempt: 2 })],
    rows: [row("a", "NODE_FAIL"), row("c", "COMPLETED", "8")],
    runs: [run("a"), run("c", "8.0")],
  }
  expect(countOf(witnesses(retried), 1, { ...expected, attempts: 2 })).toMatchObject({ runs: 2, twice: 0, wrong: [] })
  const ended = witnesses({
    jobs: [job([a1], { state: "failed", cause: "preempted" })],
    healths: ["up", "unreachable"],
  })
  expect(countOf(ended, 1, { ...expected, ends: ["failed/preempted"], some: ["failed/preempted"] }).wrong).toEqual([])
})

test.for<[string, Partial<Witnesses>, string, Partial<Record<"lost" | "twice", number>>]>([
  ["a payload that ran twice in one native", { runs: [run("a"), run("a")] }, "ran 2 times", { twice: 1 }],
  ["a payload that ran in two natives", { runs: [run("a"), run("a", "8.0")] }, "ran 2 times", { twice: 1 }],
  [
    "a payload that ran in an attempt and in its replacement",
    { jobs: [job([a1, a1again])], rows: [row("b")], runs: [run("a"), run("b")] },
    "ran 2 times",
    { twice: 1 },
  ],
  ["a replaced attempt that ran", { jobs: [job([a1, a1again])], runs: [run("a")] }, "was replaced", {}],
  ["a job that is missing", { jobs: [], rows: [], runs: [] }, "0 jobs of 1", { lost: 1 }],
  ["a job that did not run", { runs: [] }, "did not run", { lost: 1 }],
  ["a job that is not over", { jobs: [job([a1], { state: "queued" })] }, "lost: chaos/0 is queued", { lost: 1 }],
  ["a job that was called lost", { jobs: [job([a1], { state: "failed", cause: "lost" })] }, "failed/lost", { lost: 1 }],
  ["an end that is not allowed", { jobs: [job([a1], { state: "cancelled" })] }, "is cancelled", {}],
  ["an attempt too many", { jobs: [job([a1, a2], { attempt: 2 })], runs: [run("c")] }, "had 2 attempts", {}],
  ["two attempts of one token", { jobs: [job([a1, { ...a2, token: a1.token }])] }, "have one token", {}],
  ["a payload that is nobody's", { runs: [run("a"), run("x")] }, "nobody knows it", {}],
  ["a native that is nobody's", { rows: [row("a"), row("x")] }, "a native that nobody knows", {}],
  ["a native that is left", { left: [row("a", "PENDING")] }, "still in the queue", {}],
  ["two natives that completed", { rows: [row("a"), row("a", "COMPLETED", "8")] }, "2 natives", {}],
  ["no native that completed", { rows: [row("a", "FAILED")] }, "accounting has no completed native", {}],
  ["a health that the fault does not explain", { healths: ["needs-login"] }, "the manager was needs-login", {}],
])("%s is found", ([, change, words, counts]) => {
  const count = countOf(witnesses(change), 1, expected)
  expect(count.wrong.join("\n")).toContain(words)
  expect(count).toMatchObject(counts)
})

test("a native that its manager starts again runs its payload once in each start, where the fault says so", () => {
  const restarted = witnesses({ runs: [run("a"), run("a", "7.1")] })
  expect(countOf(restarted, 1, expected)).toMatchObject({ twice: 1 })
  expect(countOf(restarted, 1, { ...expected, restarts: 1 })).toMatchObject({ twice: 0, wrong: [] })
  const twice = witnesses({ runs: [run("a"), run("a", "7.1"), run("a", "7.1")] })
  expect(countOf(twice, 1, { ...expected, restarts: 1 })).toMatchObject({ twice: 1 })
})

test("a fault that had no effect is found, and accounting may have forgotten what the fault makes it forget", () => {
  expect(countOf(witnesses(), 1, { ...expected, some: ["failed/preempted"] }).wrong.join()).toContain("did not strike")
  expect(countOf(witnesses({ rows: [] }), 1, { ...expected, accounting: "forgetful" }).wrong).toEqual([])
})
