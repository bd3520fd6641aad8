/** Seeds: what may go wrong goes wrong, and no promise is broken; the same seed is the same run. */
import { expect, test } from "vitest"
import { seedAt } from "../../src/testing/explore.ts"
import { type Strike, simulate } from "../../src/testing/index.ts"

const batches = Array.from({ length: 5 }, (_, index) => 1 + index * 40)

/** What trouble has done in all batches so far. */
const struck = new Set<Strike>()

test.each(batches)("forty seeds from %i break no promise", { timeout: 60_000 }, async (from) => {
  for (let seed = from; seed < from + 40; seed += 1) {
    const { violations, ...report } = await simulate({ seed })
    expect(violations, `npm run simulate -- --seed ${seed}`).toEqual([])
    for (const strike of report.struck) struck.add(strike)
  }
})

/** The rest is too rare for so few seeds: `npm run simulate -- --coverage` demands each kind of 10,000. */
test("most kinds of trouble have struck in these", () => {
  expect(struck.size).toBeGreaterThan(55)
})

test("the same seed is the same run, to the last line of its log", async () => {
  for (const seed of [3, 7, 1018]) {
    const [first, second] = [await simulate({ seed, logMax: 100_000 }), await simulate({ seed, logMax: 100_000 })]
    expect(first.log.length).toBeGreaterThan(50)
    expect(second).toEqual(first)
  }
})

test("another seed is another run", async () => {
  const [one, other] = [await simulate({ seed: 3, logMax: 100 }), await simulate({ seed: 4, logMax: 100 })]
  expect(one.log).not.toEqual(other.log)
})

test("several ranges of seeds are gone through in turn", () => {
  expect([0, 1, 2, 3, 4].map((index) => seedAt([1, 900], index))).toEqual([1, 900, 2, 901, 3])
  expect([0, 1, 2].map((index) => seedAt([7], index))).toEqual([7, 8, 9])
})
