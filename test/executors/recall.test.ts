/** What was called lost: late evidence corrects it, and it is given up before it is tried again. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { type PlannedJob, type Report, type Trouble, noTrouble, simulate } from "../../src/testing/index.ts"
import { Stand, submit, when } from "../support/stand.ts"

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
  const [corrected = Infinity, ...more] = linesWith(report, /corrected long \S+ completed/)
  expect(more).toEqual([])
  // What had come until then is brought back once more, and only then the job is over again.
  expect(linesWith(report, /hz_collect/).at(-1)).toBeGreaterThan(corrected)
  expect(linesWith(report, /finished long/).at(-1)).toBeGreaterThan(corrected)
  expect(report.outcomes).toEqual({ long: "completed" })
  expect(report.violations).toEqual([])
})

test("late evidence starts nothing anew: who was told that it is over has gone on", async () => {
  const retry = { maxAttempts: 2, on: ["exit"] } as const
  const report = await run({ ...long, behaviour: [{ seconds: 200, exitCode: 7, ignoresTerm: false }], retry }, 170_000)
  expect(linesWith(report, /corrected long \S+ failed exit/)).toHaveLength(1)
  expect(linesWith(report, /retrying long/)).toEqual([])
  expect(report.outcomes).toEqual({ long: "failed exit" })
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

/** The state directory as a controller leaves it that is killed when it has written the first event of this type. */
function cutAfter(stand: Stand, name: string, type: string): void {
  for (const file of readdirSync(stand.path(name)).filter((one) => one.startsWith("journal."))) {
    const lines = readFileSync(stand.path(name, file), "utf8").split("\n")
    const last = lines.findIndex((line) => line.includes(`"type":"${type}"`))
    if (last !== -1) writeFileSync(stand.path(name, file), `${lines.slice(0, last + 1).join("\n")}\n`)
  }
}

test("what a job wrote after it had been called lost is brought back, also by a controller that comes in between", async () => {
  await using stand = new Stand()
  const first = await stand.fleet({}, await stand.journal())
  const gate = stand.path("gate")
  const command = ["sh", "-c", 'echo early; until [ -e "$0" ]; do sleep 0.1; done; echo late | tee out', gate]
  const { id, directory } = await submit(first, { command, outputs: ["out"] })
  const running = await when(first, id, ({ state }) => state === "running")
  await expect.poll(() => readFileSync(join(String(running.attempts[0]?.directory), "stdout"), "utf8")).toBe("early\n")
  stand.manager.forget(String(running.attempts[0]?.nativeId))
  await when(first, id, ({ state, outcome }) => state === "failed" && outcome?.cause === "lost")
  expect(readFileSync(join(directory, "stdout"), "utf8")).toBe("early\n")
  await first[Symbol.asyncDispose]()
  writeFileSync(gate, "")
  await expect.poll(() => readdirSync(String(running.attempts[0]?.directory)), { timeout: 10_000 }).toContain("exit.0")

  const second = await stand.fleet({}, await stand.journal())
  second.engine("fake")
  const found = await when(second, id, ({ state }) => state === "completed")
  expect(found.attempts[0]).toMatchObject({
    outcome: { state: "completed", exitCode: 0 },
    evidence: [{ source: "record" }],
  })
  expect(found.attempts[0]?.endedAt).toBe(found.attempts[0]?.evidence[0]?.endedAt)
  const read = (name: string, file: string): string => readFileSync(stand.path(name, "jobs", id, file), "utf8")
  expect([read("state", "stdout"), read("state", "out")]).toEqual(["early\nlate\n", "late\n"])

  await second[Symbol.asyncDispose]()
  stand.copyState("state", "copy")
  cutAfter(stand, "copy", "corrected")
  writeFileSync(stand.path("copy", "jobs", id, "out"), "")
  const third = await stand.fleet({}, await stand.journal("copy"), "copy")
  expect(third.job(id).state).toBe("collecting")
  third.engine("fake")
  await when(third, id, ({ state }) => state === "completed")
  expect(read("copy", "out")).toBe("late\n")
})
