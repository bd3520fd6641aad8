import { expect, test } from "vitest"
import { jobIdFor, nativeNameFor, tokenFor } from "../../src/executors/token.ts"

const parts = { executor: "hpc", key: "relax/Al", generation: 0, attempt: 1, replacement: 0 }

test("the same parts give the same token, on any machine", () => {
  expect(tokenFor("00", parts)).toBe(tokenFor("00", { ...parts }))
  expect(tokenFor("00", parts)).toMatch(/^hz[a-z0-9]{13}$/)
})

test.each([
  ["seed", "01", parts],
  ["executor", "00", { ...parts, executor: "other" }],
  ["key", "00", { ...parts, key: "relax/Fe" }],
  ["generation", "00", { ...parts, generation: 1 }],
  ["attempt", "00", { ...parts, attempt: 2 }],
  ["replacement", "00", { ...parts, replacement: 1 }],
])("another %s gives another token", (_, seed, other) => {
  expect(tokenFor(seed, other)).not.toBe(tokenFor("00", parts))
})

test("keys that run into one another give different tokens", () => {
  const token = tokenFor("00", { ...parts, executor: "a", key: "bc" })
  expect(tokenFor("00", { ...parts, executor: "ab", key: "c" })).not.toBe(token)
})

test.each([
  ["relax-Al", "hz0123456789abc-relax-Al"],
  ["a,b\n|c", "hz0123456789abc-a_b_c"],
  ["日本", "hz0123456789abc"],
  ["x".repeat(200), `hz0123456789abc-${"x".repeat(48)}`],
])("a native name starts with the token and breaks no filter: %j", (name, native) => {
  expect(nativeNameFor("hz0123456789abc", name, 64)).toBe(native)
})

test("a key used again has another id", () => {
  expect(jobIdFor("00", "a", 0)).not.toBe(jobIdFor("00", "a", 1))
  expect(jobIdFor("00", "a", 0)).toMatch(/^[a-z0-9]{10}$/)
})
