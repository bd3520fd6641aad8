import { expect, test } from "vitest"
import { type Wish, jobStates, openWish, wishes } from "../../src/job/index.ts"

test.each<[Wish, readonly string[]]>([
  ["hold", ["held"]],
  ["release", ["new", "staging", "queued", "running", "suspended"]],
  ["suspend", ["suspended"]],
  ["resume", ["new", "staging", "queued", "held", "running"]],
  ["requeue", []],
])("%s has come true in %j", (wish, states) => {
  expect(jobStates.filter((state) => openWish(wish, state) === null)).toEqual(states)
})

test("no wish is none in every state", () => {
  expect(jobStates.map((state) => openWish(null, state)).filter((wish) => wish !== null)).toEqual([])
  expect(wishes).toHaveLength(5)
})
