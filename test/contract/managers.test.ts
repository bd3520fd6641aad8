/** docs/managers.md is generated (`npm run managers`); it must not be older than what it tells of. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { clauses } from "../executors/contract.ts"
import { root } from "../support/root.ts"

const rows = readFileSync(join(root, "docs/managers.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) => line.slice(2, -2).split(" | "))

test("its table has a row for each clause of the contract, and no other", () => {
  const [head, , ...body] = rows
  expect(head?.slice(0, 2)).toEqual(["promise", "clause"])
  expect(body.map(([, clause]) => clause).sort()).toEqual(Object.keys(clauses).sort())
})

test("nothing in it has failed, or was not tried", () => {
  expect(
    rows
      .slice(2)
      .flatMap((row) => row.slice(2))
      .filter((cell) => !/^(?:fake|real|\d+)$/.test(cell)),
  ).toEqual([])
})
