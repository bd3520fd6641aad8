/** Explaining: from facts to sentences as a table, and from a fleet that runs. */
import { describe, expect, test } from "vitest"
import { explain } from "../../src/executors/explain.ts"
import type { Facts } from "../../src/executors/facts.ts"
import { type Case, defaultJudgeLimits } from "../../src/executors/judge.ts"
import { Reader } from "../../src/executors/reader.ts"
import type { Situation } from "../../src/executors/situation.ts"
import type { Evidence, Job, JobView } from "../../src/job/index.ts"
import { fakeJob } from "../support/fake-hawser.ts"
import { attemptOf, jobOf } from "../support/jobs.ts"
import { Stand, ended, submit, when } from "../support/stand.ts"

const now = Date.UTC(2026, 0, 1, 12)
const ago = (seconds: number): number => now - seconds * 1000
const inSeconds = (seconds: number): string => new Date(now + seconds * 1000).toISOString()

const calm: Situation = {
  known: null,
  answers: [],
  sweepMs: 18_000,
  isConnected: true,
  isJolted: false,
  quietMs: 0,
  restMs: 0,
  pauseMs: 0,
  pauseReason: null,
  laneMs: null,
  laneReason: null,
  rateMs: 0,
  testMs: null,
  collecting: { failures: 0, waitMs: 0 },
  cancel: null,
}

const rejected = { state: "failed", cause: "rejected", exitCode: null, signal: null } as const

const facts = (job: Partial<Job>, changes: Partial<Facts> = {}): Facts => ({
  job: jobOf({ createdAt: ago(600), changedAt: ago(60), ...job }),
  view: fakeJob({ state: job.state ?? "new" }) satisfies JobView,
  now,
  driver: "controller",
  manager: { health: "up", reason: null, isShown: true },
  dependencies: [],
  tests: [],
  situation: calm,
  ...changes,
})

const seen = (word: string, state: Evidence["state"], more: Partial<Evidence> = {}): Evidence => ({
  source: "queue",
  token: "hz0",
  nativeId: "7",
  seenAt: ago(3),
  word,
  state,
  outcome: null,
  reason: null,
  submitTime: null,
  startedAt: null,
  endedAt: null,
  host: null,
  restarts: null,
  ...more,
})

const answer = (source: Evidence["source"], isComplete = true): Situation["answers"][number] => ({
  source,
  tokens: new Set(["hz0"]),
  at: ago(3),
  isComplete,
})

const accepted = attemptOf({ acceptedAt: ago(300), submission: "accepted", nativeId: "7", createdAt: ago(310) })
const begun = { ...accepted, startedAt: ago(200), lastSeen: seen("RUNNING", "running", { seenAt: ago(200) }) }
const failedCompletely = { state: "failed", cause: "exit", exitCode: 3, signal: null } as const

const known = (changes: Partial<Case>): Partial<Facts> => ({
  situation: {
    ...calm,
    answers: [answer("queue"), answer("record"), answer("accounting", false)],
    known: {
      attempt: begun,
      cancelRequestedAt: null,
      evidence: [],
      records: null,
      absence: { coveredMs: 0, looks: 0 },
      isLookedFor: false,
      now,
      finalForMs: null,
      wordlessForMs: null,
      wantsCause: false,
      limits: defaultJudgeLimits,
      ...changes,
    },
  },
})

/** One that vanished where nothing has shown yet what a fence does. */
const heldBack = (tests: readonly Job[], testMs: number | null = null): Facts => {
  const job = { state: "queued", attempts: [{ ...accepted, heldBack: true }], waiting: "Nobody can see it." } as const
  return facts(job, { tests, situation: { ...calm, testMs } })
}

const testJob = (changes: Partial<Job>): Job => jobOf({ key: "hawser-test-1", isTest: true, ...changes })

describe("what is waited for, and until when", () => {
  const dependency = { on: { job: "relax/Al", when: "completed" }, state: "running" } as const
  const away = { health: "unreachable", reason: "connection refused", isShown: true } as const
  const rows: readonly (readonly [string, Facts, readonly (readonly [RegExp, string | null])[]])[] = [
    ["a new job: its turn", facts({}), [[/its turn/, null]]],
    ["a job with a reason: that", facts({ waiting: "It waits for 2 of 4 cores." }), [[/2 of 4 cores/, null]]],
    [
      "a dependency, by its state",
      facts({}, { dependencies: [dependency] }),
      [[/relax\/Al to be completed \(it is running\)/, null]],
    ],
    [
      "a pause of the throttle, until it is over",
      facts({}, { situation: { ...calm, pauseMs: 40_000, pauseReason: "QOSMaxSubmitJobPerUserLimit" } }),
      [[/QOSMaxSubmit/, inSeconds(40)]],
    ],
    [
      "a limit that the manager was found to have, until it may take more",
      facts({}, { situation: { ...calm, laneMs: 20_000, laneReason: "The manager takes 2 at a time." } }),
      [[/takes 2 at a time/, inSeconds(20)]],
    ],
    [
      "what is held back: a job that shows what a fence does",
      heldBack([]),
      [
        [/a job that starts there .* or a test job/, null],
        [/manager to start it/, null],
        [/next sweep/, inSeconds(18)],
      ],
    ],
    [
      "what is held back, where a test job is under way: that",
      heldBack([testJob({ state: "failed" }), testJob({ key: "hawser-test-2", state: "queued" })]),
      [
        [/the test job hawser-test-2 \(it is queued\)/, null],
        [/manager to start it/, null],
        [/next sweep/, inSeconds(18)],
      ],
    ],
    [
      "what is held back, where a test job was refused: the next one",
      heldBack([testJob({ state: "failed", outcome: rejected, reason: "no such queue" })], 50_000),
      [
        [/another test job, .*hawser-test-1 did not \(rejected: no such queue\)/, inSeconds(50)],
        [/manager to start it/, null],
        [/next sweep/, inSeconds(18)],
      ],
    ],
    [
      "what is held back, where a test job has run and nobody has seen it: another one",
      heldBack([testJob({ state: "completed" })], 600_000),
      [
        [/hawser-test-1 has run there, and nothing that it made was seen here/, inSeconds(600)],
        [/manager to start it/, null],
        [/next sweep/, inSeconds(18)],
      ],
    ],
    ["a begin time", facts({ spec: jobOf({}, { begin: inSeconds(3600) }).spec }), [[/begin time/, inSeconds(3600)]]],
    [
      "a manager that is away: the breaker's next try, then the sweep behind it",
      facts(
        { state: "queued", attempts: [accepted], reason: "Priority" },
        { manager: away, situation: { ...calm, restMs: 30_000 } },
      ),
      [
        [/unreachable \(connection refused\)/, inSeconds(30)],
        [/manager to start it \(Priority\)/, null],
        [/next sweep/, inSeconds(30)],
      ],
    ],
    [
      "a deadline to start, from the job's creation",
      facts({ spec: { ...jobOf().spec, giveUpAfterMs: 900_000 } }),
      [
        [/its turn/, null],
        [/given up/, inSeconds(300)],
      ],
    ],
    [
      "a submission in doubt: the looks that are missing",
      facts({ state: "staging", attempts: [{ ...accepted, submission: "in-doubt", nativeId: null }] }),
      [[/complete looks/, inSeconds(18)]],
    ],
    [
      "a running job: its walltime and the next sweep",
      facts({ state: "running", attempts: [begun], spec: jobOf({}, { walltime: 1_000 }).spec }),
      [
        [/walltime/, inSeconds(800)],
        [/next sweep/, inSeconds(18)],
      ],
    ],
    [
      "the grace of a final state without a record",
      facts(
        { state: "running", attempts: [begun] },
        known({
          evidence: [seen("COMPLETED", "ended", { outcome: { ...failedCompletely, state: "completed", cause: null } })],
          records: { token: "hz0", present: true, guards: [], started: [], exits: [] },
          finalForMs: 5_000,
        }),
      ),
      [
        [/exit record/, inSeconds(70)],
        [/next sweep/, inSeconds(18)],
      ],
    ],
    [
      "absence: the looks that there are, and that are needed",
      facts(
        { state: "running", attempts: [begun] },
        known({
          records: { token: "hz0", present: true, guards: [], started: [], exits: [] },
          absence: { coveredMs: 12_000, looks: 2 },
        }),
      ),
      [
        [/3 complete looks over 1m00s that find nothing: there are 2 over 12s/, null],
        [/next sweep/, inSeconds(18)],
      ],
    ],
    [
      "absence that was shown by earlier looks: one that answers now",
      facts(
        { state: "running", attempts: [begun] },
        known({
          records: { token: "hz0", present: true, guards: [], started: [], exits: [] },
          absence: { coveredMs: 90_000, looks: 5 },
        }),
      ),
      [
        [/one more complete look that finds nothing/, null],
        [/next sweep/, inSeconds(18)],
      ],
    ],
    [
      "a cancel: the KILL that follows",
      facts(
        { state: "running", attempts: [begun], cancelRequestedAt: ago(20) },
        { situation: { ...calm, cancel: { sentForMs: 20_000, killMs: 10_000 } } },
      ),
      [
        [/as KILL/, inSeconds(10)],
        [/next sweep/, inSeconds(18)],
      ],
    ],
    [
      "outputs that did not come back whole",
      facts(
        { state: "collecting", attempts: [begun] },
        { situation: { ...calm, collecting: { failures: 2, waitMs: 1_000 } } },
      ),
      [[/not come back whole \(2 so far\)/, inSeconds(1)]],
    ],
    [
      "without a controller: one",
      facts({ state: "queued", attempts: [accepted] }, { driver: "nobody", situation: null }),
      [
        [/a controller/, null],
        [/manager to start it/, null],
      ],
    ],
    ["nothing, once it is over", facts({ state: "completed", attempts: [begun], endedAt: ago(5) }), []],
  ]

  test.each(rows)("%s", (_, given, waits) => {
    const told = explain(given).waits
    expect(told.map(({ until }) => until)).toEqual(waits.map(([, until]) => until))
    for (const [index, [what]] of waits.entries()) expect(told[index]?.for).toMatch(what)
  })
})

describe("the rule of the judging table", () => {
  const nothing = { token: "hz0", present: true, guards: [], started: [], exits: [] }
  const record = {
    start: 0,
    nativeId: "7",
    exitCode: 3,
    signal: null,
    wrapperSignal: null,
    limit: null,
    launchFailure: null,
    startedAt: 1,
    endedAt: 2,
    peakMemory: null,
    outputs: [],
  }
  const rows: readonly (readonly [number, Partial<Case>, RegExp])[] = [
    [1, { records: { ...nothing, exits: [record] } }, /ends it: failed \(exit\)/],
    [3, { evidence: [seen("RUNNING", "running")] }, /keeps its state/],
    [3, { evidence: [seen("SUSPENDED", "suspended")] }, /writes down that it is suspended/],
    [4, { evidence: [seen("FAILED", "ended", { outcome: failedCompletely })], records: nothing }, /may still come/],
    [6, { records: nothing }, /complete looks/],
  ]
  test.each(rows)("rule %d: %j", (number, changes, verdict) => {
    const { rule } = explain(facts({ state: "running", attempts: [begun] }, known(changes)))
    expect(rule?.number).toBe(number)
    expect(rule?.verdict).toMatch(verdict)
  })

  test("nobody judges a job that is over, or of which no sweep has asked", () => {
    expect(explain(facts({ state: "running", attempts: [begun] })).rule).toBeNull()
    expect(explain(facts({ state: "failed", attempts: [begun] }, known({}))).rule).toBeNull()
  })
})

describe("evidence has a source, an age, and says whether the answer was whole", () => {
  test("from a controller: what was seen, and who was asked and knew nothing", () => {
    const running = { start: 0, nativeId: "7", host: "n1", pid: 1, at: ago(200) }
    const records = { token: "hz0", present: true, guards: [], started: [running], exits: [] }
    const evidence = [seen("RUNNING", "running", { host: "n1" })]
    const told = explain(facts({ state: "running", attempts: [begun] }, known({ evidence, records }))).evidence
    expect(told).toMatchObject([
      { source: "queue", nativeId: "7", ageMs: 3_000, complete: true, says: "says RUNNING, that is running on n1" },
      { source: "record", ageMs: 3_000, complete: true },
      { source: "accounting", complete: false, says: "did not answer in full, so its silence says nothing" },
    ])
    expect(told[1]?.says).toMatch(/^started on n1 .* no exit record$/)
  })

  test("from the store alone: the last that was written down, whose completeness nobody knows any more", () => {
    const given = facts({ state: "running", attempts: [begun] }, { driver: "nobody", situation: null })
    expect(explain(given).evidence).toMatchObject([{ source: "queue", ageMs: 200_000, complete: null }])
    expect(explain(given)).toMatchObject({ driver: "nobody", since: new Date(ago(200)).toISOString() })
    expect(explain(given).summary).toContain("nobody drives it")
    expect(explain(given).advice.join()).toContain("hawser wait")
  })
})

describe("the attempt", () => {
  const rows = [
    ["a fresh one is nobody's", accepted, "free"],
    ["one that runs is its native's", begun, "native"],
    ["a fenced one is ours", { ...accepted, fence: "won" }, "revoked"],
    ["one whose fence was lost has started", { ...accepted, fence: "lost" }, "native"],
  ] as const
  test.each(rows)("%s", (_, attempt, guard) => {
    expect(explain(facts({ state: "queued", attempts: [attempt] })).attempt).toMatchObject({ guard, tries: 1 })
  })

  test("says how often its submission was refused", () => {
    const attempt = attemptOf({ submission: "not-accepted", refusedTries: 2, createdAt: ago(9) })
    const told = explain(facts({ state: "staging", attempts: [attempt] })).attempt
    expect(told).toMatchObject({ tries: 3, submission: "not-accepted" })
    expect(told?.says.join("\n")).toContain("refused it 2 times; try 3 follows")
  })
})

test("a job that runs, one that is over, and the same ones when nobody drives them", async () => {
  await using stand = new Stand()
  const store = await stand.journal()
  const fleet = await stand.fleet({}, store)
  const over = await submit(fleet, { command: ["sh", "-c", "exit 3"] })
  await ended(fleet, over)
  const { id } = await submit(fleet, { command: stand.leaving("a", "sleep 20") })
  await when(fleet, id, ({ state }) => state === "running")
  await fleet.recover()
  const live = await fleet.explain(id)
  expect(live).toMatchObject({ driver: "controller", job: { state: "running" }, rule: { number: 3 } })
  expect(live.evidence).toMatchObject([{ source: "queue", complete: true }])
  expect(live.waits.find(({ for: what }) => what.includes("sweep"))?.until).not.toBeNull()

  const reader = new Reader({
    stateDirectory: stand.path("state"),
    store,
    executors: [],
    clock: stand.clock,
  })
  const stored = await reader.explain(id)
  expect(stored).toMatchObject({ driver: "nobody", rule: null, evidence: [{ source: "queue", complete: null }] })
  expect(await reader.explain(over.id)).toMatchObject({ waits: [], ends: [], job: { state: "failed" } })
  expect((await reader.explain(over.id)).evidence.map(({ source }) => source)).toContain("record")
  await fleet.cancel([id])
  await ended(fleet, { id })
})

describe("of an abandoned job", () => {
  const abandoned = { state: "failed", cause: "abandoned", exitCode: null, signal: null } as const
  const over: Partial<Job> = { state: "failed", outcome: abandoned, endedAt: ago(60), reason: "Abandoned by me." }

  test("what may be left of it is waited for, and where to ask", () => {
    const { waits, advice, summary } = explain(facts({ ...over, attempts: [accepted] }))
    expect(waits).toEqual([
      { for: expect.stringContaining(`what may be left of ${accepted.token} is cancelled`), until: null },
    ])
    expect(waits[0]?.for).toContain(inSeconds(-60))
    expect(advice.join()).toMatch(/hawser recover .* asks now.*Its key can be used again/)
    expect(summary).toContain("failed (abandoned) for 1m00s: Abandoned by me.")
  })

  test("of an executor that nobody has configured, that is waited for", () => {
    const { waits } = explain(facts({ ...over, attempts: [accepted] }, { driver: "unconfigured" }))
    expect(waits[0]?.for).toContain("in the config")
  })

  test("nothing is waited for once its tombstone is closed", () => {
    const settled = { ...accepted, settled: { at: ago(10), proof: "queue" as const } }
    const { waits, advice } = explain(facts({ ...over, attempts: [settled] }))
    expect(waits).toEqual([])
    expect(advice.join()).not.toContain("recover")
  })
})
