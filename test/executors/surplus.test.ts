/** Surplus: which of the natives that carry our tokens are cancelled, and which are only on their way out. */
import { expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { type Findings, noFindings } from "../../src/executors/ask.ts"
import { Book } from "../../src/executors/book.ts"
import { surplusOf } from "../../src/executors/surplus.ts"
import type { AnyEventBody, Evidence, Outcome } from "../../src/job/index.ts"
import { memoryStore } from "../../src/persist/memory.ts"
import { evidence, life, tokenOf } from "../persist/life.ts"

const job = "1"
const token = tokenOf(job)
const ours = "4711"
const other = "4712"

/** What has happened before the sweep: `life` up to this event, then these. */
function until(type: AnyEventBody["type"], ...more: readonly AnyEventBody[]): AnyEventBody[] {
  const events = life(job)
  return [...events.slice(0, 1 + events.findIndex((event) => event.type === type)), ...more]
}

const over = (outcome: Outcome, source: Evidence["source"] = "record"): AnyEventBody => ({
  type: "ended",
  job,
  token,
  outcome,
  reason: null,
  evidence: [evidence(token, { source, state: "ended", outcome })],
})
const cancelled: Outcome = { state: "cancelled", cause: null, exitCode: null, signal: "TERM" }
const lost: Outcome = { state: "failed", cause: "lost", exitCode: null, signal: null }
const exited: Outcome = { state: "failed", cause: "exit", exitCode: 1, signal: null }
const fenceIntent: AnyEventBody = { type: "fence-intent", job, token }
const fenced: AnyEventBody = { type: "fenced", job, token, won: true, owner: "us" }
const nextAttempt: AnyEventBody = {
  type: "intent",
  job,
  attempt: 2,
  replacement: 0,
  token: tokenOf("other"),
  nativeName: `${tokenOf("other")}-relax-Al`,
  directory: `/scratch/${tokenOf("other")}`,
}
const retried: readonly AnyEventBody[] = [
  over(exited),
  { type: "retrying", job, token, outcome: exited, reason: null },
  nextAttempt,
]

const live = (nativeId: string, change: Partial<Evidence> = {}): Evidence => evidence(token, { nativeId, ...change })
const completing = (nativeId: string): Evidence => live(nativeId, { word: "COMPLETING" })
const queued = (nativeId: string): Evidence => live(nativeId, { word: "PENDING", state: "queued" })

const rows: readonly (readonly [string, AnyEventBody[], readonly Evidence[], readonly string[]])[] = [
  ["the native of an attempt that runs is needed", until("observed"), [live(ours)], []],
  ["a second one is not", until("observed"), [live(ours), live(other)], [other]],
  [
    "one alone is, whichever was accepted: a manager may put another in its place",
    until("accepted"),
    [queued(other)],
    [],
  ],
  ["one whose submission is not answered yet may be the one", until("intent"), [queued(ours)], []],
  ["of a job that is collected, the one that ran it is left alone", until("ended"), [completing(ours)], []],
  ["also when the job is over before its epilog is", until("finished"), [completing(ours)], []],
  ["a second one is not, once the attempt is over", until("ended"), [completing(ours), queued(other)], [other]],
  ["nor the same one, requeued after its end", until("ended"), [queued(ours)], [ours]],
  ["a cancel is repeated until the native is gone", until("observed", over(cancelled)), [live(ours)], [ours]],
  ["one that was called lost and turns up is not needed", until("observed", over(lost, "queue")), [live(ours)], [ours]],
  ["nor one whose token is fenced", until("accepted", fenceIntent, fenced), [queued(ours)], [ours]],
  ["nor one that was replaced", until("accepted", fenceIntent, fenced, nextAttempt), [queued(ours)], [ours]],
  ["of an attempt that is retried, the one that ran it is left alone", until("observed", ...retried), [live(ours)], []],
  ["and a second one is not", until("observed", ...retried), [live(other)], [other]],
  ["what has ended needs no cancel", until("finished"), [live(other, { state: "ended", word: "COMPLETED" })], []],
]

test.each(rows)("%s", async (_, events, seen, surplus) => {
  expect(await cancelledOf(events, { ...noFindings(), evidence: new Map([[token, [...seen]]]) })).toEqual(surplus)
})

test("of two, the one that holds the guard is needed, whichever was accepted", async () => {
  const guards = [{ start: 0, owner: `native:${other}:0:nonce` }]
  const records = new Map([[token, { token, present: true, guards, started: [], exits: [] }]])
  const findings = { ...noFindings(), evidence: new Map([[token, [live(ours), live(other)]]]), records }
  expect(await cancelledOf(until("accepted"), findings)).toEqual([ours])
})

test("the guard does not know the cluster that the queue tells", async () => {
  const guards = [{ start: 0, owner: `native:${ours}:0:nonce` }]
  const records = new Map([[token, { token, present: true, guards, started: [], exits: [] }]])
  const evidence = new Map([[token, [live(`${ours};east`), live(`${other};east`)]]])
  expect(await cancelledOf(until("accepted"), { ...noFindings(), evidence, records })).toEqual([`${other};east`])
})

test("a stranger's token is none of ours", async () => {
  const stranger = new Map([[tokenOf("stranger"), [live(other)]]])
  expect(await cancelledOf(until("finished"), { ...noFindings(), evidence: stranger })).toEqual([])
})

async function cancelledOf(events: readonly AnyEventBody[], findings: Findings): Promise<(string | null)[]> {
  await using store = await memoryStore({ clock: systemClock })
  for (const event of events) await store.append([event])
  return surplusOf({ book: new Book(store, "hpc") }, findings).map(({ native }) => native.nativeId)
}
