/** Seeds: what may go wrong goes wrong, and no promise is broken; the same seed is the same run. */
import { expect, test } from "vitest"
import { simulate } from "../../src/testing/index.ts"

const batches = Array.from({ length: 5 }, (_, index) => 1 + index * 40)

test.each(batches)("forty seeds from %i break no promise", { timeout: 60_000 }, async (from) => {
  for (let seed = from; seed < from + 40; seed += 1) {
    const { violations } = await simulate({ seed })
    expect(violations, `npm run simulate -- --seed ${seed}`).toEqual([])
  }
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
