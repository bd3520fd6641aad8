/** Loose ends: of which attempts something may be left over there, as the replay of their events says. */
import { describe, expect, test } from "vitest"
import {
  type Evidence,
  type Job,
  type JobEvent,
  type JobEventBody,
  type Outcome,
  apply,
  hasTombstone,
  looseEndOf,
} from "../../src/job/index.ts"
import { created, evidence, tokenOf } from "../persist/life.ts"

const job = "a"
const token = tokenOf("a")
const other = tokenOf("b")
const abandonedOutcome: Outcome = { state: "failed", cause: "abandoned", exitCode: null, signal: null }
const lostOutcome: Outcome = { state: "failed", cause: "lost", exitCode: null, signal: null }
const completedOutcome: Outcome = { state: "completed", cause: null, exitCode: 0, signal: null }
const intent = (attempt: number, replacement: number, its: string): JobEventBody => ({
  type: "intent",
  job,
  attempt,
  replacement,
  token: its,
  nativeName: its,
  directory: `/d/${its}`,
})
const ended = (outcome: Outcome): JobEventBody => ({ type: "ended", job, token, outcome, reason: null, evidence: [] })
/** Interrupted, by the word of these. */
const preempted = (...sources: readonly Evidence["source"][]): JobEventBody => ({
  type: "ended",
  job,
  token,
  reason: null,
  outcome: { state: "failed", cause: "preempted", exitCode: null, signal: null },
  evidence: sources.map((source) => evidence(token, { source, state: "ended" })),
})
const finished = (outcome: Outcome): JobEventBody => ({ type: "finished", job, outcome, reason: "why" })

const steps = {
  created: created(job),
  intent: intent(1, 0, token),
  replacement: intent(1, 1, other),
  second: intent(2, 0, other),
  no: { type: "not-accepted", job, token, try: 1, reason: "limit" },
  doubt: { type: "in-doubt", job, token, reason: "timeout" },
  accepted: { type: "accepted", job, token, nativeId: "4711", submitTime: "t" },
  running: { type: "observed", job, token, state: "running", evidence: evidence(token) },
  fenceIntent: { type: "fence-intent", job, token },
  won: { type: "fenced", job, token, won: true, owner: "us" },
  lostFence: { type: "fenced", job, token, won: false, owner: "native:4711:0:n" },
  abandoned: finished(abandonedOutcome),
  completed: ended(completedOutcome),
  called: ended(lostOutcome),
  lost: finished(lostOutcome),
  givenUp: ended(abandonedOutcome),
  finished: finished(completedOutcome),
  cancelled: ended({ state: "cancelled", cause: null, exitCode: null, signal: null }),
  corrected: { type: "corrected", job, token, outcome: completedOutcome, evidence: [] },
  retrying: { type: "retrying", job, token, outcome: lostOutcome, reason: null },
  preemptedByRecordAndQueue: preempted("record", "queue"),
  preemptedByRecordAndAccounting: preempted("record", "accounting"),
  preemptedByAccounting: preempted("accounting"),
  settled: { type: "settled", job, token, proof: "queue", evidence: [] },
  pruned: { type: "pruned", job, where: "remote" },
  waiting: { type: "waiting", job, reason: "quota" },
} as const satisfies Record<string, JobEventBody>
type Step = keyof typeof steps

const untilRunning: readonly Step[] = ["created", "intent", "accepted", "running"]

function after(...names: readonly Step[]): Job {
  let known: Job | undefined
  for (const [index, name] of names.entries()) {
    const event: JobEvent = { ...steps[name], seq: index + 1, at: 1_000 + index }
    const next = apply(known, event)
    if ("why" in next) throw new Error(`${name}: ${next.why}`)
    known = next
  }
  if (known === undefined) throw new Error("There is no job.")
  return known
}

describe("of the first attempt", () => {
  const rows: readonly (readonly [string, readonly Step[], ReturnType<typeof looseEndOf>])[] = [
    ["while it is under way: nothing", untilRunning, null],
    ["preempted, as the queue has said", [...untilRunning, "preemptedByRecordAndQueue"], null],
    ["preempted, as accounting alone has said", [...untilRunning, "preemptedByAccounting"], "lost"],
    [
      "preempted, and it was the record of a start that may be followed by another",
      [...untilRunning, "preemptedByRecordAndAccounting"],
      "lost",
    ],
    ["abandoned while it runs", [...untilRunning, "abandoned"], "tombstone"],
    ["abandoned before anything answered: it may be out", ["created", "intent", "abandoned"], "tombstone"],
    ["abandoned after a no: the next try may have gone out", ["created", "intent", "no", "abandoned"], "tombstone"],
    ["abandoned in doubt", ["created", "intent", "doubt", "abandoned"], "tombstone"],
    ["abandoned, and fenced before it was accepted", ["created", "intent", "abandoned", "fenceIntent", "won"], null],
    [
      "in doubt and fenced: a native may wait",
      ["created", "intent", "doubt", "abandoned", "fenceIntent", "won"],
      "fenced",
    ],
    [
      "accepted and fenced: a native waits",
      ["created", "intent", "accepted", "abandoned", "fenceIntent", "won"],
      "tombstone",
    ],
    ["abandoned, and its guard is a native's", [...untilRunning, "abandoned", "fenceIntent", "lostFence"], "tombstone"],
    ["abandoned while its outputs came back: it is over", [...untilRunning, "completed", "abandoned"], null],
    ["given up unseen", [...untilRunning, "givenUp", "abandoned"], "tombstone"],
    ["settled", [...untilRunning, "abandoned", "settled"], null],
    ["settled, and accepted afterwards", ["created", "intent", "abandoned", "settled", "accepted"], "tombstone"],
    ["corrected", [...untilRunning, "abandoned", "corrected"], null],
    ["called lost", [...untilRunning, "called", "lost"], "lost"],
    ["called lost, and followed by another", [...untilRunning, "called", "retrying", "second"], "lost"],
    ["replaced", ["created", "intent", "accepted", "fenceIntent", "won", "replacement"], "fenced"],
    ["cancelled while it waited", ["created", "intent", "accepted", "fenceIntent", "won", "cancelled"], "fenced"],
    ["completed", [...untilRunning, "completed", "finished"], null],
    ["its directory is gone", [...untilRunning, "abandoned", "pruned"], null],
  ]
  test.each(rows)("%s", (_title, names, kind) => {
    const known = after(...names)
    expect(looseEndOf(known, known.attempts[0]!)).toBe(kind)
    expect(hasTombstone(known)).toBe(kind === "tombstone")
  })
})

describe("what steps that were under way write down after it was abandoned", () => {
  const rows: readonly (readonly [string, readonly Step[], Step])[] = [
    ["that it runs", ["created", "intent", "accepted"], "running"],
    ["that it was accepted", ["created", "intent"], "accepted"],
    ["that it was refused", ["created", "intent"], "no"],
    ["that its submission is in doubt", ["created", "intent"], "doubt"],
    ["how it ended", untilRunning, "completed"],
    ["that it is over", [...untilRunning, "completed"], "finished"],
    ["why it waits", ["created"], "waiting"],
    ["that it is tried again", [...untilRunning, "called"], "retrying"],
    ["that an attempt begins", ["created"], "intent"],
  ]
  test.each(rows)("%s: the job stays over, with its reason", (_title, before, late) => {
    const known = after(...before, "abandoned", late)
    expect(known).toMatchObject({ state: "failed", outcome: abandonedOutcome, reason: "why", waiting: null })
  })

  test.each(rows)("%s: its twin without that moves on", (_title, before, late) => {
    expect(after(...before, late)).not.toMatchObject({ state: "failed" })
  })

  test("its native id and its end are kept of the attempt", () => {
    expect(after("created", "intent", "abandoned", "accepted").attempts[0]).toMatchObject({ nativeId: "4711" })
    expect(after(...untilRunning, "abandoned", "completed").attempts[0]).toMatchObject({ outcome: completedOutcome })
  })

  test("an intent has no effect: nothing is submitted for what is not there", () => {
    expect(after("created", "abandoned", "intent").attempts).toEqual([])
  })
})

test("only what is open can be settled, and only once", () => {
  const refused =
    (...names: Step[]): (() => Job) =>
    () =>
      after(...names)
  expect(refused(...untilRunning, "settled")).toThrow("has left nothing open")
  expect(refused(...untilRunning, "abandoned", "settled", "settled")).toThrow("has left nothing open")
})
