/** What all dialects share: whose a native is. */
import { expect, test } from "vitest"
import { isSameNative } from "../../src/schedulers/scheduler.ts"

test.each([
  ["4711", "4711", true],
  ["4711", "4712", false],
  ["4711;east", "4711", true],
  ["4711", "4711;east", true],
  ["4711;east", "4711;east", true],
  ["4711;east", "4711;west", false],
  ["4711;east", "4712;east", false],
  [null, null, true],
  [null, "4711", false],
])("%s and %s are one native: %s", (one, other, same) => {
  expect(isSameNative(one, other)).toBe(same)
})
