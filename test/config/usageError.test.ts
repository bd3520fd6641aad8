/** Problems as errors for people. */
import { expect, test } from "vitest"
import { executorNamed, specError } from "../../src/config/index.ts"
import { bad } from "../../src/job/index.ts"

const walltime = bad('is "5x", which is not a time', "Write 30m.", ["resources", "walltime"]).problems

test("one problem is three lines: what happened, why, what to do", () => {
  const error = specError(walltime, "jobs.ndjson:3")
  expect(error.code).toBe("SPEC_INVALID")
  expect(error.message.split("\n")).toEqual([
    "jobs.ndjson:3: the job's spec can't be used.",
    'resources.walltime is "5x", which is not a time.',
    "Write 30m.",
  ])
})

test("several problems have a line each", () => {
  const error = specError([...walltime, ...bad("is a list", "Write an object.").problems])
  expect(error.message.split("\n")).toEqual([
    "The job's spec can't be used: 2 problems.",
    'resources.walltime is "5x", which is not a time. Write 30m.',
    "It is a list. Write an object.",
    "Correct them and try again.",
  ])
})

const executors = { local: 1, hpc: 2 }

test("an executor is found by its name", () => {
  expect(executorNamed({ executors }, "hpc")).toBe(2)
})

test.each([
  ["hcp", "Did you mean hpc?"],
  ["nothing-like-it", "add it to hawser.yaml"],
  ["constructor", "add it to hawser.yaml"],
  ["__proto__", "add it to hawser.yaml"],
])("an unknown one, %s, is told with those that there are", (name, advice) => {
  expect(() => executorNamed({ executors }, name)).toThrow(
    expect.objectContaining({
      code: "EXECUTOR_UNKNOWN",
      reason: "Known: local, hpc.",
      advice: expect.stringContaining(advice),
    }),
  )
})
