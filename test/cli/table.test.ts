import { describe, expect, test } from "vitest"
import { duration } from "../../src/clock.ts"
import { barOf } from "../../src/cli/progress.ts"
import { endLine, failureLines, jobTable, table } from "../../src/cli/table.ts"
import { reasonLine } from "../../src/cli/waiting.ts"
import type { JobView } from "../../src/job/index.ts"
import { fakeJob } from "../support/fake-hawser.ts"

describe("tables", () => {
  test("columns are as wide as their widest cell, and no line ends in blanks", () => {
    expect(
      table(
        ["A", "LONG", "REST"],
        [
          ["wide cell", "x", ""],
          ["y", "", "tail"],
        ],
      ),
    ).toBe("A          LONG  REST\nwide cell  x\ny                tail")
  })

  test("a job is one line, whatever its reason says", () => {
    const job = fakeJob({ state: "failed", cause: "rejected", reason: "first\nsecond" })
    expect(jobTable([job], 0).split("\n")).toHaveLength(2)
    expect(jobTable([job], 0)).toContain("rejected: first second")
  })

  test.each([
    [{ cause: "exit", exitCode: 7 }, "  exit: code 7"],
    [{ cause: "signal", signal: "KILL" }, "  signal: KILL"],
    [{ cause: "lost" }, "  lost"],
  ] as const)("%o without a reason is told by what is known", (change, end) => {
    const [, line] = jobTable([fakeJob({ state: "failed", reason: null, exitCode: null, ...change })], 0).split("\n")
    expect(line?.endsWith(end)).toBe(true)
  })

  test("a job that is to be cancelled says so", () => {
    expect(jobTable([fakeJob({ state: "running", cancelRequested: true })], 0)).toContain("running (cancelling)")
  })

  test.each([
    [0, "0s"],
    [59_999, "59s"],
    [61_000, "1m01s"],
    [3_600_000, "1h00m"],
    [90_061_000, "25h01m"],
  ])("%d ms are shown as %s", (ms, text) => {
    expect(duration(ms)).toBe(text)
  })
})

describe("how a job ended", () => {
  const ends: readonly (readonly [Partial<JobView>, string])[] = [
    [{ state: "completed", exitCode: 0 }, "k1 completed"],
    [{ state: "failed", cause: "exit", exitCode: 7 }, "k1 failed (exit), exit code 7"],
    [{ state: "failed", cause: "signal", signal: "KILL" }, "k1 failed (signal), signal KILL"],
    [{ state: "cancelled", reason: "Cancelled before it started." }, "k1 cancelled: Cancelled before it started."],
  ]
  test.each(ends)("%o is one line", (change, line) => {
    expect(endLine(fakeJob(change))).toBe(line)
    expect(failureLines(fakeJob(change))).toEqual([line])
  })

  test("a rejected job has three lines: what happened, the manager's words, what to do", () => {
    const lines = failureLines(fakeJob({ state: "failed", cause: "rejected", reason: "invalid partition: nope" }))
    expect(lines).toHaveLength(3)
    expect(lines[0]).toBe("k1 failed (rejected)")
    expect(lines[1]).toBe("invalid partition: nope")
    expect(lines[2]).toContain("hawser doctor local")
  })
})

describe("why a job waits", () => {
  test("the reason is one line, with the native id where there is one", () => {
    const job = fakeJob({ state: "queued", nativeId: "7", reason: "QOSMax\nPerUser" })
    expect(reasonLine(job)).toBe("waiting: k1 is queued as 7: QOSMax PerUser")
  })

  test.each(["running", "collecting", "completed", "failed"] as const)(
    "a job that is %s waits for nothing",
    (state) => {
      expect(reasonLine(fakeJob({ state, reason: "None" }))).toBeNull()
    },
  )
})

test.each([
  [0, 0, 0, "[##############################] 0 of 0"],
  [0, 3, 0, "[                              ] 0 of 3"],
  [2, 3, 1, "[####################          ] 2 of 3, 1 not completed"],
])("the bar of %d of %d with %d failures", (done, all, failed, text) => {
  expect(barOf(done, all, failed)).toBe(text)
})
