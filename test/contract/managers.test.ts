/**
 * docs/managers.md is generated (`npm run managers`), perhaps where there are managers that are not here. It must not be older
 * than what it tells of, and must claim no more than was shown.
 */
import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { dialectDigest } from "../../scripts/dialect.mjs"
import { clauses } from "../executors/contract.ts"
import { root } from "../support/root.ts"

const text = readFileSync(join(root, "docs/managers.md"), "utf8")
const [head = [], , ...body] = text
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) => line.slice(2, -2).split(" | "))
const [contract = "", live = ""] = text.split("## On real managers")

test("its table has a row for each clause of the contract, and no other", () => {
  expect(head.slice(0, 2)).toEqual(["promise", "clause"])
  expect(body.map(([, clause]) => clause).sort()).toEqual(Object.keys(clauses).sort())
})

test("nothing in it was tried in vain, or not at all", () => {
  const cells = body.flatMap((row) => row.slice(2))
  expect(cells.filter((cell) => !/^(?:real|\d+|fake(?: \d+)?)$/.test(cell))).toEqual([])
  expect(live).not.toContain("NOT KEPT")
})

test("each number in it is a reason", () => {
  const reasons = [...contract.matchAll(/^(\d+)\. \S/gm)].map(([, number]) => number)
  const numbers = body.flatMap((row) => row.slice(2)).flatMap((cell) => /\d+/.exec(cell) ?? [])
  expect([...new Set(numbers)].sort()).toEqual(reasons.sort())
})

test.each(["flux", "pbs"] as const)(
  "a real %s was asked by the dialect as it is now, or nothing is said of one",
  (name) => {
    const column = head.indexOf(name)
    expect(column).toBeGreaterThan(1)
    const isReal = body.some((row) => row[column] === "real")
    const [, digest] = new RegExp(`^The real ${name} was .* digest ([0-9a-f]{12})\\.$`, "m").exec(contract) ?? []
    expect(digest, `npm run managers, with a real ${name} if there is one`).toBe(
      isReal ? dialectDigest(name) : undefined,
    )
  },
)

test("what it says of live tests are titles of tests that there are", () => {
  const titles = readdirSync(join(root, "test/live")).flatMap((file) =>
    titlesIn(readFileSync(join(root, "test/live", file), "utf8")),
  )
  const claimed = [...live.matchAll(/^- (.*)$/gm)].map(([, line = ""]) => line.split(": "))
  const unknown = claimed.filter(
    (parts) => !parts.some((_, index) => titles.some((title) => title.test(parts.slice(index).join(": ")))),
  )
  expect(unknown).toEqual([])
})

/** What stands where a title does; what is put in at run time may be anything. */
function titlesIn(source: string): RegExp[] {
  const written = /(?:\)|\b(?:test|describe)(?:\.\w+)*)\(\s*(?:"((?:[^"\\\n]|\\.)+)"|`((?:[^`\\\n]|\\.)+)`)/g
  return [...source.matchAll(written)].flatMap(([, plain, template]) => {
    const parts = (plain ?? template ?? "").replaceAll(/\\(["`])/g, "$1").split(/\$\{[^}]*\}|\$\w+|%[sid]/)
    if (parts.join("").trim().length < 5) return []
    return [new RegExp(`^${parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`)]
  })
}
