import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  type AnyEvent,
  type Job,
  type JobEvent,
  type JobEventBody,
  type Outcome,
  apply,
  currentAttempt,
  replay,
} from "../../src/job/index.ts"
import { created, evidence, life, tokenOf } from "../persist/life.ts"

const token = tokenOf("a")
const other = tokenOf("b")
const job = "a"
const completed: Outcome = { state: "completed", cause: null, exitCode: 0, signal: null }
const failed: Outcome = { state: "failed", cause: "exit", exitCode: 1, signal: null }
const lost: Outcome = { state: "failed", cause: "lost", exitCode: null, signal: null }
const abandoned: Outcome = { state: "failed", cause: "abandoned", exitCode: null, signal: null }
const rejected: Outcome = { state: "failed", cause: "rejected", exitCode: null, signal: null }

/** Steps by name; a life is a list of them. */
const steps = {
  created: created(job),
  intent: { type: "intent", job, attempt: 1, replacement: 0, token, nativeName: token, directory: "/d" },
  replacement: { type: "intent", job, attempt: 1, replacement: 1, token: other, nativeName: other, directory: "/e" },
  secondAttempt: { type: "intent", job, attempt: 2, replacement: 0, token: other, nativeName: other, directory: "/e" },
  no: { type: "not-accepted", job, token, try: 1, reason: "limit" },
  no2: { type: "not-accepted", job, token, try: 2, reason: "limit" },
  doubt: { type: "in-doubt", job, token, reason: "timeout" },
  accepted: { type: "accepted", job, token, nativeId: "4711", submitTime: "t" },
  queued: { type: "observed", job, token, state: "queued", evidence: evidence(token, { state: "queued", host: null }) },
  held: { type: "observed", job, token, state: "held", evidence: evidence(token, { state: "held" }) },
  running: { type: "observed", job, token, state: "running", evidence: evidence(token) },
  suspended: { type: "observed", job, token, state: "suspended", evidence: evidence(token, { state: "suspended" }) },
  ended: { type: "ended", job, token, outcome: completed, reason: null, evidence: [] },
  endedBadly: { type: "ended", job, token, outcome: failed, reason: "exit 1", evidence: [] },
  endedLost: { type: "ended", job, token, outcome: lost, reason: "lost", evidence: [] },
  collected: { type: "collected", job, token, directory: "/r", files: 2, notes: ["a glob without a match"] },
  finished: { type: "finished", job, outcome: completed, reason: null },
  failed: { type: "finished", job, outcome: failed, reason: "exit 1" },
  lost: { type: "finished", job, outcome: lost, reason: "lost" },
  rejected: { type: "finished", job, outcome: rejected, reason: "no such queue" },
  abandoned: { type: "finished", job, outcome: abandoned, reason: "by a person" },
  fenceIntent: { type: "fence-intent", job, token },
  fenceWon: { type: "fenced", job, token, won: true, owner: "us" },
  fenceLost: { type: "fenced", job, token, won: false, owner: "native:4711" },
  retrying: { type: "retrying", job, token, outcome: failed, reason: "exit 1" },
  cancel: { type: "cancel-requested", job, by: "user" },
  hold: { type: "wish", job, wish: "hold", reason: null },
  waiting: { type: "waiting", job, reason: "quota" },
  heldBack: { type: "held-back", job, token, held: true, reason: "nobody can see it" },
  letGo: { type: "held-back", job, token, held: false, reason: null },
  corrected: { type: "corrected", job, token, outcome: completed, evidence: [] },
  note: { type: "note", job, text: "n" },
  prunedRemote: { type: "pruned", job, where: "remote" },
  pruned: { type: "pruned", job, where: "both" },
} as const satisfies Record<string, JobEventBody>
type Step = keyof typeof steps

function eventsOf(names: readonly Step[]): JobEvent[] {
  return names.map((name, index): JobEvent => ({ ...steps[name], seq: index + 1, at: 1000 + index }))
}

/** The job after steps that are all legal. */
function after(...names: Step[]): Job {
  const jobs = new Map<string, Job>()
  expect(replay(jobs, eventsOf(names))).toEqual([])
  const found = jobs.get(job)
  if (found === undefined) throw new Error("There is no job.")
  return found
}

const untilRunning = ["created", "intent", "accepted", "running"] as const
const untilFinished = [...untilRunning, "ended", "collected", "finished"] as const
const untilLost = [...untilRunning, "endedLost", "lost"] as const

describe("lives that may be", () => {
  const lives: Record<string, { steps: Step[]; state: Job["state"] }> = {
    "all goes well": { steps: [...untilFinished], state: "completed" },
    "a no from the manager, then a yes": { steps: ["created", "intent", "no", "no2", "accepted"], state: "queued" },
    "the answer is lost, and the queue shows it": { steps: ["created", "intent", "doubt", "queued"], state: "queued" },
    "the answer is lost, and it is suspended already": {
      steps: ["created", "intent", "doubt", "suspended"],
      state: "suspended",
    },
    "rejected by the manager": { steps: ["created", "intent", "no", "rejected"], state: "failed" },
    "failed before anything was submitted": { steps: ["created", "failed"], state: "failed" },
    "requeued by the manager": {
      steps: [...untilRunning, "queued", "held", "running", "suspended", "running"],
      state: "running",
    },
    "vanished before it started, fenced, replaced": {
      steps: ["created", "intent", "accepted", "fenceIntent", "fenceWon", "replacement"],
      state: "staging",
    },
    "in doubt, fenced, replaced": {
      steps: ["created", "intent", "doubt", "fenceIntent", "fenceWon", "replacement"],
      state: "staging",
    },
    "retried by its policy": { steps: [...untilRunning, "endedBadly", "retrying", "secondAttempt"], state: "staging" },
    "retried by a person": {
      steps: [...untilRunning, "endedBadly", "failed", "retrying", "secondAttempt"],
      state: "staging",
    },
    "abandoned while it runs": { steps: [...untilRunning, "abandoned"], state: "failed" },
    "abandoned while in doubt": { steps: ["created", "intent", "doubt", "abandoned"], state: "failed" },
    "fenced, then over": {
      steps: ["created", "intent", "doubt", "fenceIntent", "fenceWon", "rejected"],
      state: "failed",
    },
    "lost, then found": { steps: [...untilLost, "corrected"], state: "collecting" },
    "lost, found, and its outputs are back": {
      steps: [...untilLost, "corrected", "collected", "finished"],
      state: "completed",
    },
    "found when its directory was gone": { steps: [...untilLost, "prunedRemote", "corrected"], state: "completed" },
    "pruned in two steps": { steps: [...untilFinished, "prunedRemote", "pruned"], state: "completed" },
  }
  test.each(Object.entries(lives))("%s", (_, one) => {
    expect(after(...one.steps).state).toBe(one.state)
  })
})

describe("moves that are refused, and leave the job as it was", () => {
  const illegal: [title: string, before: Step[], event: Step][] = [
    ["a job is created once", ["created"], "created"],
    ["nothing happens to a job that is not there", [], "note"],
    ["a second attempt while the first may run", [...untilRunning], "secondAttempt"],
    ["a replacement of what was not fenced", ["created", "intent", "doubt"], "replacement"],
    [
      "a replacement where the fence was lost",
      ["created", "intent", "doubt", "fenceIntent", "fenceLost"],
      "replacement",
    ],
    ["the same token twice", [...untilRunning, "endedBadly", "retrying"], "intent"],
    ["a retry while it runs", [...untilRunning], "retrying"],
    ["a retry of what was retried", [...untilRunning, "endedBadly", "retrying"], "retrying"],
    ["a retry of what was completed", [...untilFinished], "retrying"],
    ["a fence without its intent", ["created", "intent"], "fenceWon"],
    ["a no to a try that was answered", ["created", "intent", "no"], "no"],
    ["a no to a try that was not made", ["created", "intent"], "no2"],
    ["an acceptance of an unknown token", ["created"], "accepted"],
    ["an observation of an attempt that is over", [...untilRunning, "ended"], "running"],
    ["a second end", [...untilRunning, "ended"], "endedBadly"],
    ["an end without a start of anything", ["created"], "ended"],
    ["an acceptance after the attempt was retried", [...untilRunning, "endedBadly", "retrying"], "accepted"],
    ["collecting what runs", [...untilRunning], "collected"],
    ["completed without an end", [...untilRunning], "finished"],
    ["failed without an end", [...untilRunning], "failed"],
    ["rejected, and the manager may have it", ["created", "intent", "doubt"], "rejected"],
    ["finished twice", [...untilFinished], "finished"],
    ["finished otherwise", [...untilFinished], "failed"],
    ["correcting what runs", [...untilRunning], "corrected"],
    ["correcting what was never tried", ["created", "failed"], "corrected"],
    ["pruning what is needed", [...untilRunning], "pruned"],
  ]
  test.each(illegal)("%s", (_, before, name) => {
    const jobs = new Map<string, Job>()
    expect(replay(jobs, eventsOf(before))).toEqual([])
    const known = structuredClone(jobs.get(job))
    const [refusal] = replay(jobs, eventsOf([name]))
    expect(refusal?.why).toMatch(/\.$/)
    expect(jobs.get(job)).toEqual(known)
  })

  test("an event of a newer version", () => {
    const strange = { ...steps.note, type: "teleported", seq: 9, at: 9 } as unknown as JobEvent
    expect(apply(after("created"), strange)).toMatchObject({ why: "This version does not know such an event." })
  })
})

describe("what events lead to", () => {
  test("a late doubt or no does not unmake an acceptance", () => {
    for (const late of ["doubt", "no"] as const) {
      expect(currentAttempt(after(...untilRunning, late))?.submission).toBe("accepted")
    }
    expect(currentAttempt(after("created", "intent", "doubt"))?.submission).toBe("in-doubt")
  })

  test("an observation fills in what the lost answer would have said", () => {
    const attempt = currentAttempt(after("created", "intent", "doubt", "running"))
    expect(attempt).toMatchObject({ submission: "accepted", nativeId: "4711", acceptedAt: 1003, host: "node1" })
  })

  test("while it is collected, a correction changes what the job will be", () => {
    const one = after(...untilRunning, "endedLost", "corrected")
    expect([one.state, one.outcome]).toEqual(["collecting", completed])
  })

  test("a correction of an older attempt leaves the job to the newer one", () => {
    const one = after(...untilRunning, "endedLost", "retrying", "secondAttempt", "corrected")
    expect([one.state, one.outcome]).toEqual(["staging", null])
    expect(one.attempts[0]?.outcome).toEqual(completed)
  })

  test("a person's retry reopens the job; the wish to cancel is forgotten with it", () => {
    const one = after(...untilRunning, "cancel", "endedBadly", "collected", "failed", "retrying")
    expect(one).toMatchObject({ state: "new", endedAt: null, collected: null, cancelRequestedAt: null, outcome: null })
    expect(after(...untilRunning, "cancel").cancelRequestedAt).not.toBeNull()
  })

  test("what is over waits for nothing", () => {
    expect(after(...untilFinished, "waiting").waiting).toBeNull()
    expect(after("created", "waiting").waiting).toBe("quota")
  })

  test("what is held back is so until it is seen, whatever else it waits for", () => {
    const attemptOf = (...names: Step[]): unknown => after("created", "intent", "accepted", ...names).attempts[0]
    expect(attemptOf("heldBack")).toMatchObject({ heldBack: true })
    expect(attemptOf("heldBack", "waiting")).toMatchObject({ heldBack: true })
    expect(attemptOf("heldBack", "letGo")).toMatchObject({ heldBack: false })
    expect(attemptOf("heldBack", "queued")).toMatchObject({ heldBack: false })
    expect(after("created", "intent", "doubt", "heldBack", "accepted").attempts[0]).toMatchObject({ heldBack: false })
    expect(after("created", "intent", "accepted", "heldBack").waiting).toBe("nobody can see it")
    expect(after("created", "intent", "accepted", "heldBack", "letGo").waiting).toBeNull()
  })

  test("life() is a legal life", () => {
    const jobs = new Map<string, Job>()
    const events = life("z").map((body, index): AnyEvent => ({ ...body, seq: index, at: index }))
    expect(replay(jobs, events)).toEqual([])
    expect(jobs.get("z")?.state).toBe("completed")
  })
})

describe("whatever comes", () => {
  const anyLife = fc.array(fc.constantFrom(...(Object.keys(steps) as Step[])), { maxLength: 40 })

  test("random events never throw, a refused one changes nothing, and each job stays whole", () => {
    fc.assert(
      fc.property(anyLife, (names) => {
        const jobs = new Map<string, Job>()
        for (const event of eventsOf(["created", ...names])) {
          const before = jobs.get(job)
          const frozen = JSON.stringify(before)
          const refusals = replay(jobs, [event])
          expect(JSON.stringify(before)).toBe(frozen)
          if (refusals.length > 0) expect(jobs.get(job)).toBe(before)
          else expectWhole(jobs.get(job))
        }
      }),
      { numRuns: 2000, seed: 7 },
    )
  })

  function expectWhole(one: Job | undefined): void {
    if (one === undefined) return
    const isFinal = ["completed", "failed", "cancelled"].includes(one.state)
    if (one.state !== "collecting") expect(one.endedAt !== null).toBe(isFinal)
    if (isFinal) expect(one.outcome?.state).toBe(one.state)
    if (one.state === "new") expect(one.outcome).toBeNull()
    expect(new Set(one.attempts.map((attempt) => attempt.token)).size).toBe(one.attempts.length)
    // G1: whoever is not the last has ended, was fenced, or was given up by a person.
    const earlier = one.attempts.slice(0, -1)
    expect(earlier.every((attempt) => attempt.outcome !== null || attempt.fence === "won")).toBe(true)
  }
})
