/** What was called lost: late evidence corrects it, and it is given up before it is tried again. */
import { expect, test } from "vitest"
import { type PlannedJob, type Report, type Trouble, noTrouble, simulate } from "../../src/testing/index.ts"

const long: PlannedJob = {
  key: "long",
  behaviour: [{ seconds: 200, exitCode: 0, ignoresTerm: false }],
  submitAtMs: 0,
  cancelAtMs: null,
  after: null,
  retry: { maxAttempts: 1, on: [] },
}

/** Queue and accounting show nothing, with exit code 0, for so long. */
const hidden = (to: number): Pick<Trouble, "lies"> => ({
  lies: (["squeue", "sacct"] as const).map((program) => ({ from: 15_000, to, program, kind: "empty" as const })),
})

function run(job: PlannedJob, to: number): Promise<Report> {
  const trouble = { ...noTrouble, untilMs: 180_000, ...hidden(to) }
  return simulate({ seed: 1, scenario: [job], trouble, logMax: 100_000 })
}

const linesWith = ({ log }: Report, words: RegExp): number[] =>
  log.flatMap((line, index) => (words.test(line) ? [index] : []))

test("a job that was called lost and ended well is corrected", async () => {
  const report = await run(long, 170_000)
  expect(linesWith(report, /ended long \S+ failed lost/)).toHaveLength(1)
  expect(linesWith(report, /corrected long \S+ completed/)).toHaveLength(1)
  expect(report.outcomes).toEqual({ long: "completed" })
  expect(report.violations).toEqual([])
})

test("its twin that was hidden for a short time is never called lost", async () => {
  const report = await run(long, 50_000)
  expect(linesWith(report, /lost/)).toEqual([])
  expect(report.outcomes).toEqual({ long: "completed" })
})

test("before a lost attempt is tried again its native is cancelled by name", async () => {
  const report = await run({ ...long, retry: { maxAttempts: 2, on: ["lost"] } }, 170_000)
  const [cancelled = Infinity] = linesWith(report, /runs hz_effect .* scancel --name=/)
  const [retried = 0] = linesWith(report, /retrying long/)
  expect(cancelled).toBeLessThan(retried)
  expect(linesWith(report, /fence-intent long/)[0]).toBeLessThan(cancelled)
  expect(report.outcomes).toEqual({ long: "completed" })
})
