/** Abandoned in the simulator: the manager is away, or comes back without its state, and nothing of ours goes on. */
import { describe, expect, test } from "vitest"
import { type PlannedJob, type Report, type Trouble, noTrouble, simulate } from "../../src/testing/index.ts"

const hourMs = 3_600_000
const endless: PlannedJob["behaviour"] = [{ seconds: 1_000_000, exitCode: 0, ignoresTerm: false }]
const short: PlannedJob["behaviour"] = [{ seconds: 20, exitCode: 0, ignoresTerm: false }]

function planned(key: string, change: Partial<PlannedJob>): PlannedJob {
  return {
    key,
    behaviour: short,
    submitAtMs: 0,
    cancelAtMs: null,
    after: null,
    retry: { maxAttempts: 1, on: [] },
    ...change,
  }
}

const scenario = [
  planned("given-up", { behaviour: endless, abandon: { atMs: 60_000, all: false, again: false } }),
  planned("stubborn", {
    behaviour: [{ ...endless[0], ignoresTerm: true }],
    abandon: { atMs: 61_000, all: false, again: false },
  }),
  planned("again", {
    behaviour: [{ ...endless[0], seconds: 600 }],
    abandon: { atMs: 62_000, all: false, again: true },
  }),
]

const troubles: readonly (readonly [string, Partial<Trouble>])[] = [
  ["is there all the time", {}],
  ["can't be reached for hours", { outages: [{ from: 50_000, to: 5 * hourMs }] }],
  ["is down for hours", { controllerDown: [{ from: 50_000, to: 5 * hourMs }] }],
  ["comes back without its newest jobs", { crashes: [{ at: 50_000, lossMs: 49_000, downMs: hourMs }] }],
  ["comes back without any job", { controllerDown: [{ from: 50_000, to: hourMs }], coldStarts: [hourMs + 1_000] }],
  ["shows nothing when it is back", { lies: [{ from: 50_000, to: 90_000, program: "squeue", kind: "empty" }] }],
]

test.each(troubles)(
  "a manager that %s: what was abandoned ends over there too, and keys run once more",
  async (_title, trouble) => {
    const report = await simulate({
      seed: 7,
      scenario,
      trouble: { ...noTrouble, untilMs: 6 * hourMs, ...trouble },
      logMax: 100_000,
    })
    expect(report.violations).toEqual([])
    expect(report.outcomes["given-up"]).toBe("failed abandoned")
    expect(linesWith(report, /finished given-up .*failed abandoned/)).toHaveLength(1)
    expect(linesWith(report, /settled given-up/)).toHaveLength(1)
    expect(linesWith(report, /settled stubborn/)).toHaveLength(1)
    expect(linesWith(report, /created again/)).toHaveLength(2)
    expect(report.outcomes["again"]).toBe("completed")
  },
)

test("the guard is tried, and that intent is on disk, before a native is cancelled", async () => {
  const trouble = { ...noTrouble, untilMs: 200_000, controllerDown: [{ from: 50_000, to: 100_000 }] }
  const report = await simulate({ seed: 7, scenario: scenario.slice(0, 1), trouble, logMax: 100_000 })
  const places = [/fence-intent given-up/, /hz_fence/, /fenced given-up/, /scancel/, /settled given-up/].map(
    (words) => {
      const [first = Number.NaN] = linesWith(report, words)
      return first
    },
  )
  expect(places).toEqual([...places].sort((a, b) => a - b))
  expect(report.violations).toEqual([])
})

/** The manager is away from before the jobs are abandoned until some time after. */
const away: Trouble = { ...noTrouble, untilMs: 60_000, controllerDown: [{ from: 15_000, to: 45_000 }] }
const brief = [
  planned("gone", { behaviour: endless, abandon: { atMs: 20_000, all: false, again: false } }),
  planned("again", {
    behaviour: [{ ...endless[0], seconds: 100 }],
    abandon: { atMs: 22_000, all: false, again: true },
  }),
]
const outcomes = { gone: "failed abandoned", again: "completed" }
const stepsMax = 320

test("without a death all ends as it should", async () => {
  const report = await simulate({ seed: 5, scenario: brief, trouble: away })
  expect(report.violations).toEqual([])
  expect(report.outcomes).toEqual(outcomes)
  // Each is told of twice, before and after.
  expect(report.steps / 2).toBeLessThan(stepsMax)
})

describe.each(["before", "after"] as const)("killed %s its n-th step", (when) => {
  test.each(Array.from({ length: stepsMax / 40 }, (_, index) => 1 + index * 40))(
    "n from %i",
    { timeout: 60_000 },
    async (from) => {
      for (let number = from; number < from + 40; number += 1) {
        const power = (number % 2 === 0) === (when === "before")
        const trouble = { ...away, kills: [{ what: "", number, when, power, pauseMs: 1_000 }] }
        const { violations, ...report } = await simulate({ seed: 5, scenario: brief, trouble })
        expect(violations, `step ${number}, power ${power}`).toEqual([])
        expect(report.outcomes, `step ${number}, power ${power}`).toEqual(outcomes)
      }
    },
  )
})

function linesWith({ log }: Report, words: RegExp): number[] {
  return log.flatMap((line, index) => (words.test(line) ? [index] : []))
}

test("a line that is cut behind a new connection is no manager that was away: nothing is given up unseen", async () => {
  const late = planned("late", { giveUpAfterMs: 200_000 })
  const report = await simulate({
    seed: 1,
    scenario: [late],
    trouble: {
      ...noTrouble,
      untilMs: 300_000,
      // It waits in the queue; its deadline comes with a jump of the clock, while nobody can connect.
      controllerFrozen: [{ from: 600, to: 250_000 }],
      outages: [{ from: 10_000, to: 75_000 }],
      wallJumps: [{ at: 22_000, ms: 86_400_000 }],
      cutAt: { verb: "hz_fence", number: 1, when: "before" },
    },
  })
  expect(report.violations).toEqual([])
  expect(report.outcomes).toEqual({ late: "failed launch" })
})
