import { spawnSync } from "node:child_process"
import { describe, expect, test } from "vitest"
import { withoutPrefix } from "../src/quote.ts"
import { shells } from "./support/shells.ts"

describe.each(shells)("under $name", ({ argv: [program, ...flags] }) => {
  test.each([
    ["job-1951844532224", "1951844532224"],
    ["job-job-1", "job-1"],
    ["a job-1 * $(id)", "a job-1 * $(id)"],
    ["", ""],
  ])("of %j what stands behind the prefix is %j", (from, rest) => {
    const line = withoutPrefix({ name: "rest", from: "GIVEN", otherwise: "OTHER", prefix: "job-" })
    const input = `${line}\nprintf '<%s>' "$rest"\n`
    const told = (env: NodeJS.ProcessEnv): string =>
      spawnSync(program, [...flags, "-s"], { input, encoding: "utf8", env }).stdout
    expect(told(from === "" ? {} : { GIVEN: from, OTHER: "x" })).toBe(`<${rest}>`)
    expect(told({ OTHER: from })).toBe(`<${rest}>`)
  })
})

test("names that no shell takes, and prefixes that it would read, are refused", () => {
  const given = { name: "rest", from: "GIVEN", otherwise: "OTHER", prefix: "job-" }
  expect(() => withoutPrefix({ ...given, name: "a b" })).toThrow(/environment variable/)
  expect(() => withoutPrefix({ ...given, from: "a}" })).toThrow(/environment variable/)
  expect(() => withoutPrefix({ ...given, otherwise: "a-b" })).toThrow(/environment variable/)
  expect(() => withoutPrefix({ ...given, prefix: "*" })).toThrow(/plain word/)
})
