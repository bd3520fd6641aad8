/** All jobs of a place have vanished before one had started there: a test job of the engine's own shows what a fence does. */
import { expect, test } from "vitest"
import { type Kill, type PlannedJob, type Report, type Trouble, noTrouble, simulate } from "../../src/testing/index.ts"

const scenario = ["a", "b"].map((key): PlannedJob => {
  return {
    key,
    behaviour: [{ seconds: 5, exitCode: 0, ignoresTerm: false }],
    submitAtMs: 0,
    cancelAtMs: null,
    after: null,
    retry: { maxAttempts: 1, on: [] },
  }
})

/** slurmctld forgets all that it has accepted so far. */
const crash = (at: number): Trouble["crashes"][number] => ({ at, lossMs: 3_600_000, downMs: 1_000 })

/** Of these seeds no native starts before it has happened. */
const forgotten: Trouble = { ...noTrouble, untilMs: 60_000, crashes: [crash(400)] }
const seed = 3

async function run(trouble: Partial<Trouble>): Promise<Report> {
  return simulate({ seed, scenario, trouble: { ...forgotten, ...trouble }, logMax: 10_000 })
}

const done = { a: "completed", b: "completed" }
const isTest = (key: string): boolean => key.startsWith("hawser-test-")

test("it shows it, and they are submitted again without anybody's doing", async () => {
  const { violations, outcomes, struck, lastedMs } = await run({})
  expect(violations).toEqual([])
  expect(outcomes).toMatchObject(done)
  expect(Object.keys(outcomes).filter(isTest)).toHaveLength(1)
  expect(struck).toContain("a test job shows a fence")
  expect(lastedMs, "an hour of rest included").toBeLessThan(3_600_000 + 300_000)
})

test("its twin, of which a job had started before, needs none", async () => {
  const { violations, outcomes, struck } = await run({ crashes: [crash(50_000)] })
  expect(violations).toEqual([])
  expect(outcomes).toEqual(done)
  expect(struck).not.toContain("held back: nothing has shown what a fence does")
})

test("where nodes have a file system of their own, it shows that, and they wait and say so", async () => {
  const { violations, outcomes, struck, log } = await run({ apart: true })
  expect(violations).toEqual([])
  expect(outcomes).toMatchObject({ a: "queued", b: "queued" })
  expect(struck).toContain("a test job shows that a fence would stop nothing")
  expect(log.join("\n")).toMatch(
    /held-back a .*a test job has shown that a guard taken on one side of cluster is not seen/,
  )
})

test("slurmctld forgets the test jobs, too, and those that follow show it", async () => {
  // Nothing that is submitted in this minute and a half lives long enough to start.
  const often = Array.from({ length: 300 }, (_, index) => ({ ...crash(60_000 + index * 300), downMs: 10 }))
  const crashes = [crash(400), ...often]
  const { violations, outcomes, struck } = await run({ crashes, untilMs: 150_000 })
  expect(violations).toEqual([])
  expect(outcomes).toMatchObject(done)
  expect(Object.keys(outcomes).filter(isTest).length).toBeGreaterThan(1)
  expect(struck).toContain("a test job shows a fence")
})

test(
  "a controller that dies at any step of it is followed by one that finds it, or makes another",
  { timeout: 120_000 },
  async () => {
    for (const what of ["disk write", "disk sync", "hz_stage", "hz_submit", "hz_fence", "hz_remove"]) {
      for (let number = 1; number <= (what.startsWith("disk") ? 15 : 5); number += 1) {
        for (const when of ["before", "after"] as const) {
          const kill: Kill = { what, number, when, power: number % 2 === 0, pauseMs: 1_000 }
          const { violations, outcomes } = await run({ kills: [kill] })
          expect(violations, `${when} ${what} ${number}`).toEqual([])
          expect(outcomes, `${when} ${what} ${number}`).toMatchObject(done)
        }
      }
    }
  },
)
