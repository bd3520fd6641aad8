/** What the simulator has found, each as a scenario of its own, without dice. */
import { expect, test } from "vitest"
import { type PlannedJob, type Report, type Trouble, noTrouble, simulate } from "../../src/testing/index.ts"

const job: PlannedJob = {
  key: "a",
  behaviour: [{ seconds: 100, exitCode: 0, ignoresTerm: false }],
  submitAtMs: 0,
  cancelAtMs: null,
  after: null,
  retry: { maxAttempts: 1, on: [] },
}

async function run(planned: Partial<PlannedJob>, trouble: Partial<Trouble>): Promise<Report> {
  const all = { ...noTrouble, untilMs: 60_000, ...trouble }
  return simulate({ seed: 6, scenario: [{ ...job, ...planned }], trouble: all })
}

/** Its answer is lost with the controller; the next one comes after so long. */
const killedWhenSubmitted = (pauseMs: number): Partial<Trouble> => ({
  kills: [{ what: "hz_submit", number: 1, when: "after", power: false, pauseMs }],
})

test("one that turns out to have started, when its deadline has passed while nobody watched, is watched again", async () => {
  const report = await run({ giveUpAfterMs: 20_000 }, killedWhenSubmitted(60_000))
  expect(report.violations).toEqual([])
  expect(report.outcomes).toEqual({ a: "completed" })
  expect(report.struck).toContain("fence lost")
})

test("its twin without a deadline is asked for by its token", async () => {
  const report = await run({}, killedWhenSubmitted(60_000))
  expect(report.outcomes).toEqual({ a: "completed" })
  expect(report.struck).not.toContain("fence lost")
})

test.each([
  ["its deadline", { giveUpAfterMs: 20_000 }, "completed"],
  ["a cancel", { cancelAtMs: 30_000 }, "cancelled"],
] as const)(
  "a power failure that cuts what is written of a fence that %s wanted leaves nothing for ever",
  async (_, planned, end) => {
    for (let seed = 1; seed <= 6; seed += 1) {
      for (let number = 15; number <= 21; number += 1) {
        const kill = { what: "disk sync", number, when: "before", power: true, pauseMs: 1_000 } as const
        const kills = [...(killedWhenSubmitted(60_000).kills ?? []), kill]
        const scenario = [{ ...job, behaviour: [{ ...job.behaviour[0], seconds: 200 }] as const, ...planned }]
        const { violations, outcomes } = await simulate({
          seed,
          scenario,
          trouble: { ...noTrouble, untilMs: 60_000, kills },
        })
        expect(violations, `seed ${seed}, sync ${number}`).toEqual([])
        expect([end, "failed launch"], `seed ${seed}, sync ${number}`).toContain(outcomes["a"])
      }
    }
  },
)

const again = {
  behaviour: [
    { ...job.behaviour[0], seconds: 1, exitCode: 1 },
    { ...job.behaviour[0], seconds: 1 },
  ],
  retry: { maxAttempts: 2, on: ["exit"], backoff: "40s" },
} as const satisfies Partial<PlannedJob>

test("a clock that is set back during a back-off is not waited for", async () => {
  const report = await run(again, { wallJumps: [{ at: 15_000, ms: -5 * 86_400_000 }] })
  expect(report.violations).toEqual([])
  expect(report.outcomes).toEqual({ a: "completed" })
  expect(report.struck).toContain("wall clock jumps back")
  expect(report.lastedMs).toBeLessThan(2 * 3_600_000)
})

test("a laptop that wakes up behind a deadline connects again before it gives anything up", async () => {
  const { violations, outcomes } = await run(
    { giveUpAfterMs: 30_000 },
    { freezes: [{ at: 300, ms: 30_000, suspended: true }], wallJumps: [{ at: 20_000, ms: 3_600_000 }] },
  )
  expect(violations).toEqual([])
  expect(outcomes).toEqual({ a: "completed" })
})

test("outputs that a file system shows up to fifty seconds late come back whole, and it is not called a failed launch", async () => {
  const output = { behaviour: [{ ...job.behaviour[0], seconds: 1, outputBytes: 1_000 }] } as const
  for (let seed = 1; seed <= 40; seed += 1) {
    const trouble = { ...noTrouble, untilMs: 60_000, lagMsMax: 50_000 }
    const report = await simulate({ seed, scenario: [{ ...job, ...output }], trouble })
    expect(report.violations, `seed ${seed}`).toEqual([])
    expect(report.outcomes, `seed ${seed}`).toEqual({ a: "completed" })
  }
})

const killed = (when: "before" | "after"): Trouble["kills"] => [
  { what: "hz_submit", number: 1, when, power: false, pauseMs: 15_000 },
]

test.each([
  ["had intended it", killed("before"), "failed lost"],
  ["had no answer to its submission", killed("after"), "failed lost"],
  ["knows its native", [], "failed stage-out"],
] as const)(
  "what was removed from a copy of the state directory is not run again by the original, which %s",
  async (_, kills, end) => {
    const trouble = { kills, copies: [{ at: 10_000, backMs: 300_000 }] }
    const { violations, outcomes, struck } = await run({ pruneAtMs: 0 }, trouble)
    expect(violations).toEqual([])
    expect(outcomes).toEqual({ a: end })
    expect(struck).toContain("a copy is given up for the original")
    expect(struck.includes("removed from another copy")).toBe(kills.length > 0)
  },
)

test("one that was fenced for its deadline without an answer, before a clock was set back by days, is submitted in time", async () => {
  const { violations, outcomes, struck, lastedMs } = await run(
    { giveUpAfterMs: 20_000 },
    {
      controllerDown: [{ from: 0, to: 50_000 }],
      cutAt: { verb: "hz_fence", number: 1, when: "after" },
      wallJumps: [{ at: 25_300, ms: -5 * 86_400_000 }],
    },
  )
  expect(violations).toEqual([])
  expect(outcomes["a"]).toBe("completed")
  expect(struck).toContain("attempt replaced")
  expect(lastedMs).toBeLessThan(2 * 3_600_000)
})
