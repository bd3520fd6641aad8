/** Suggestions for words that are not known. */
import fc from "fast-check"
import { expect, test } from "vitest"
import { nearest, suggestion } from "../../src/job/index.ts"

const known = ["transport", "scheduler", "walltime", "cpusPerTask", "queue", "to"]

test.each([
  ["trasport", "transport"],
  ["trnasport", "transport"],
  ["WALLTIME", "walltime"],
  ["cpus_per_task", "cpusPerTask"],
  ["shceduler", "scheduler"],
  ["too", "to"],
  ["partition", "queue"],
])("%s is taken for %s", (word, meant) => {
  expect(nearest(word, known, { partition: "queue" })).toBe(meant)
})

test.each(["banana", "", "x".repeat(10_000), "__proto__"])("nothing is near %j", (word) => {
  expect(nearest(word, known)).toBeNull()
})

test("where nothing is near, all that is known is listed", () => {
  expect(suggestion("banana", ["a1", "b2"])).toBe("Known: a1, b2.")
  expect(suggestion("a2", ["a1", "b2"])).toBe("Did you mean a1?")
})

test("one letter more, less, other or swapped is always near for words of six letters and more", () => {
  const mangled = fc.tuple(
    fc.constantFrom("transport", "scheduler", "walltime"),
    fc.nat(),
    fc.constantFrom(..."abcxyz".split("")),
    fc.nat(3),
  )
  fc.assert(
    fc.property(mangled, ([word, place, letter, how]) => {
      const at = place % (word.length - 1)
      const [head, here, next, tail] = [word.slice(0, at), word.charAt(at), word.charAt(at + 1), word.slice(at + 2)]
      const wrong = [
        `${head}${letter}${here}${next}${tail}`,
        `${head}${next}${tail}`,
        `${head}${letter}${next}${tail}`,
        `${head}${next}${here}${tail}`,
      ]
      expect(nearest(wrong[how] ?? "", known)).toBe(word)
    }),
  )
})
