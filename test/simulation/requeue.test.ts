/** A manager that starts natives again by itself: what users get, with and without having asked for it. */
import { expect, test } from "vitest"
import { type PlannedJob, type Report, type Trouble, noTrouble, simulate } from "../../src/testing/index.ts"

const long: PlannedJob = {
  key: "long",
  behaviour: [{ seconds: 60, exitCode: 0, ignoresTerm: false }],
  submitAtMs: 0,
  cancelAtMs: null,
  after: null,
  retry: { maxAttempts: 1, on: [] },
}

function run(retry: PlannedJob["retry"], trouble: Partial<Trouble>): Promise<Report> {
  return simulate({
    seed: 1,
    scenario: [{ ...long, retry }],
    trouble: { ...noTrouble, untilMs: 50_000, ...trouble },
    logMax: 100_000,
  })
}

const preempted = { preemptions: [45_000] }
const lostNode = { nodeFailures: [{ at: 45_000, dies: true }] }
const once = { maxAttempts: 1, on: [] } as const

test.each<[string, PlannedJob["retry"], Partial<Trouble>, string, readonly string[]]>([
  ["preempted, and it asked for requeue", { ...once, requeue: true }, preempted, "completed", ["1.0", "1.1"]],
  ["preempted, and it did not", once, preempted, "failed preempted", ["1.0"]],
  ["preempted, and its policy says so", { maxAttempts: 2, on: ["preempted"] }, preempted, "completed", ["1.0", "2.0"]],
  ["its node fails, and it asked for requeue", { ...once, requeue: true }, lostNode, "completed", ["1.0", "1.1"]],
  ["its node fails, and it did not", once, lostNode, "failed node-failure", ["1.0"]],
  ["a site that requeues all the same", once, { ...preempted, requeues: true }, "completed", ["1.0", "1.1"]],
])("%s", async (_, retry, trouble, outcome, starts) => {
  const report = await run(retry, trouble)
  expect(report.violations).toEqual([])
  expect(report.outcomes).toEqual({ long: outcome })
  // Attempt and start of each run of the payload.
  const runs = report.log.flatMap(
    (line) => /payload runs .* attempt (\d) native \d+\.(\d)/.exec(line)?.slice(1).join(".") ?? [],
  )
  expect(runs).toEqual(starts)
})
