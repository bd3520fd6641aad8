/** Steps: the n-th thing that a controller does goes wrong, for every n of a scenario. */
import { describe, expect, test } from "vitest"
import { type Scenario, type Trouble, noTrouble, simulate } from "../../src/testing/index.ts"

const well = { seconds: 3, exitCode: 0, ignoresTerm: false }
const job = { submitAtMs: 0, cancelAtMs: null, after: null, retry: { maxAttempts: 1, on: [] } } as const

/** One that is tried again, goes well and leaves an output, one that is cancelled while it runs. */
const scenario: Scenario = [
  {
    ...job,
    key: "again",
    behaviour: [
      { ...well, exitCode: 1 },
      { ...well, outputBytes: 500 },
    ],
    retry: { maxAttempts: 2, on: ["exit"] },
  },
  { ...job, key: "cancelled", behaviour: [{ ...well, seconds: 300 }], cancelAtMs: 20_000 },
]
const outcomes = { again: "completed", cancelled: "cancelled" }

const seed = 5
const run = (trouble: Partial<Trouble>): ReturnType<typeof simulate> =>
  simulate({ seed, scenario, trouble: { ...noTrouble, untilMs: 60_000, ...trouble } })

test("without trouble all ends as it should", async () => {
  const report = await run({})
  expect(report.violations).toEqual([])
  expect(report.outcomes).toEqual(outcomes)
  // Each is told of twice, before and after.
  expect(report.steps / 2).toBeLessThan(stepsMax)
})

/** More than the scenario takes, so that the last ones go wrong too. */
const stepsMax = 360
const parts = Array.from({ length: 12 }, (_, index) => 1 + index * 30)

describe.each(["before", "after"] as const)("killed %s its n-th step", (when) => {
  test.each(parts)("n from %i", { timeout: 60_000 }, async (from) => {
    for (let number = from; number < from + 30; number += 1) {
      // A process is killed at the even ones, a machine at the odd ones, and the other way round afterwards.
      const power = (number % 2 === 0) === (when === "before")
      const { violations, ...report } = await run({ kills: [{ what: "", number, when, power, pauseMs: 1_000 }] })
      expect(violations, `step ${number}, power ${power}`).toEqual([])
      expect(report.outcomes, `step ${number}, power ${power}`).toEqual(outcomes)
    }
  })
})

const verbs = [
  "hz_hello",
  "hz_own",
  "hz_stage",
  "hz_submit",
  "env",
  "hz_records",
  "hz_fence",
  "hz_effect",
  "hz_collect",
]

describe.each(["before", "during", "after"] as const)("cut %s the n-th of its commands", (when) => {
  test.each(verbs)("%s", { timeout: 60_000 }, async (verb) => {
    for (let number = 1; number <= 4; number += 1) {
      const { violations, ...report } = await run({ cutAt: { verb, number, when } })
      expect(violations, `${verb} ${number}`).toEqual([])
      expect(report.outcomes, `${verb} ${number}`).toEqual(outcomes)
    }
  })
})

test.each([1, 41, 81, 121])("the n-th call of its disk fails, n from %i", { timeout: 60_000 }, async (from) => {
  for (let number = from; number < from + 40; number += 1) {
    const { violations, ...report } = await run({ diskErrorAt: number })
    expect(violations, `call ${number}`).toEqual([])
    expect(report.outcomes, `call ${number}`).toEqual(outcomes)
  }
})
