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
  ["4711", "4711.head", true],
  ["4711.head.example.org", "4711.head", true],
  ["4711.head", "4711.tail", false],
  ["471", "4711.head", false],
  ["15.0", "15.1", false],
  [null, null, true],
  [null, "4711", false],
])("%s and %s are one native: %s", (one, other, same) => {
  expect(isSameNative(one, other)).toBe(same)
})
