import { expect, test } from "vitest"
import { meaningOf } from "../../src/schedulers/sge/states.ts"

test.each([
  ["qw", "queued"],
  ["Rq", "queued"],
  ["hqw", "held"],
  ["hRwq", "held"],
  ["Eqw", "held"],
  ["EhRqw", "held"],
  ["t", "running"],
  ["r", "running"],
  ["Rr", "running"],
  ["hr", "running"],
  ["dr", "running"],
  ["dRt", "running"],
  ["s", "suspended"],
  ["RtS", "suspended"],
  ["T", "suspended"],
  ["dS", "suspended"],
])("%s is %s", (word, state) => {
  expect(meaningOf(word)).toBe(state)
})

test.each(["z", "E", "d", "", "running", "qw!", "Z", "QW"])("%j says nothing", (word) => {
  expect(meaningOf(word)).toBeNull()
})
