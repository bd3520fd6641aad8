/** The canonical text of a spec. */
import fc from "fast-check"
import { expect, test } from "vitest"
import { canonicalSpec, type JobSpec, parseSpec, specHash } from "../../src/job/index.ts"

function spec(env: Record<string, string>): JobSpec {
  const reading = parseSpec({ key: "k", command: ["true"], env }, { base: "/b" })
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems))
  return reading.value.spec
}

test("the order in which fields were written does not matter, that of words in a command does", () => {
  const one = spec({ A: "1", B: "2" })
  const shuffled = Object.fromEntries(
    Object.entries({ ...one, env: { B: "2", A: "1" } }).reverse(),
  ) as unknown as JobSpec
  expect(canonicalSpec(shuffled)).toBe(canonicalSpec(one))
  expect(canonicalSpec({ ...one, command: ["b", "a"] })).not.toBe(canonicalSpec({ ...one, command: ["a", "b"] }))
})

test("it is JSON of the same spec", () => {
  const names = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,12}$/)
  fc.assert(
    fc.property(fc.dictionary(names, fc.string({ unit: "grapheme" })), (env) => {
      const one = spec(
        Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replaceAll("\0", "")])),
      )
      expect(JSON.parse(canonicalSpec(one))).toEqual(one)
    }),
  )
})

test("the hash of a spec does not change between versions", () => {
  expect(specHash(spec({ A: "1" }))).toMatchInlineSnapshot(
    `"130df395e2c38562597835b06ad94b41d3fc8799d62d0903ae652b8906fd4920"`,
  )
})
