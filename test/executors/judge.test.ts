import { describe, expect, test } from "vitest"
import { type Case, type Verdict, judge } from "../../src/executors/judge.ts"
import type { Attempt, Evidence, Outcome } from "../../src/job/index.ts"
import type { ExitRecord, Records } from "../../src/remote/layout.ts"

const token = "hz0123456789abc"
const now = 1_000_000

const attempt: Attempt = {
  number: 1,
  replacement: 0,
  token,
  nativeName: `${token}-a`,
  directory: `/h/jobs/${token}`,
  devices: [],
  submission: "accepted",
  refusedTries: 0,
  nativeId: "7",
  submitTime: null,
  createdAt: 0,
  acceptedAt: 1,
  startedAt: null,
  endedAt: null,
  host: null,
  lastSeen: null,
  outcome: null,
  evidence: [],
  fence: null,
}

const failed = (cause: Outcome["cause"], more: Partial<Outcome> = {}): Outcome => ({
  state: "failed",
  cause,
  exitCode: null,
  signal: null,
  ...more,
})
const completed: Outcome = { state: "completed", cause: null, exitCode: 0, signal: null }
const cancelled: Outcome = { state: "cancelled", cause: null, exitCode: null, signal: null }

const seen = (
  word: string,
  state: Evidence["state"],
  outcome: Outcome | null = null,
  more: Partial<Evidence> = {},
): Evidence => ({
  source: "queue",
  token,
  nativeId: "7",
  seenAt: now,
  word,
  state,
  outcome,
  reason: null,
  submitTime: null,
  startedAt: null,
  endedAt: null,
  host: null,
  restarts: 0,
  ...more,
})

const exit = (more: Partial<ExitRecord> = {}): ExitRecord => ({
  start: 0,
  nativeId: "7",
  exitCode: 0,
  signal: null,
  wrapperSignal: null,
  limit: null,
  launchFailure: null,
  startedAt: 10,
  endedAt: 20,
  peakMemory: null,
  outputs: [],
  ...more,
})

const started = { start: 0, nativeId: "7", host: "n1", pid: 1, at: 10 }
const guard = { start: 0, owner: "native:7:0:x" }
const nothing: Records = { token, present: true, guards: [], started: [], exits: [] }
const running: Records = { ...nothing, guards: [guard], started: [started] }
const revoked: Records = { ...nothing, guards: [{ start: 0, owner: "revoked:1:x" }] }
const ended = (more: Partial<ExitRecord> = {}): Records => ({ ...running, exits: [exit(more)] })

const limits = {
  graceMs: 20_000,
  wordMs: 20_000,
  recordMs: 75_000,
  absenceMs: 60_000,
  absenceLooks: 3,
  runawayMs: 600_000,
}

const known = (more: Partial<Case> = {}): Case => ({
  attempt,
  cancelRequestedAt: null,
  evidence: [],
  records: null,
  absence: { coveredMs: 0, looks: 0 },
  isLookedFor: true,
  now,
  finalForMs: null,
  wordlessForMs: null,
  wantsCause: false,
  limits,
  ...more,
})

const absent = { coveredMs: 60_000, looks: 3 }
const graceOver = { finalForMs: 75_000 }
const sigterm = { exitCode: 143, signal: "TERM", wrapperSignal: "TERM" } as const

/** What accounting says, once more. */
function onlyAccounting(word: string, state: Evidence["state"]): Partial<Case> {
  const evidence = seen(word, state, null, { source: "accounting" })
  return { attempt: { ...attempt, lastSeen: evidence }, evidence: [evidence] }
}

function onlyEnded(word: string, cause: NonNullable<Outcome["cause"]>): Evidence {
  return seen(word, "ended", failed(cause), { source: "accounting", restarts: null })
}

/** Verdicts without the evidence that they rest on, so that a row fits a line. */
function said(verdict: Verdict): unknown {
  if (verdict.kind === "ended") return verdict.outcome
  if (verdict.kind === "observed") return verdict.state
  return verdict.kind === "keep" ? verdict.needs : verdict.kind
}

const rows: readonly (readonly [string, Partial<Case>, unknown])[] = [
  [
    "1: an exit record with code 0 completes, before the queue has noticed",
    { records: ended(), evidence: [seen("RUNNING", "running")] },
    completed,
  ],
  ["1: an exit code fails", { records: ended({ exitCode: 200 }) }, failed("exit", { exitCode: 200 })],
  [
    "1: the record's code outranks accounting's, which subtracts 128",
    {
      records: ended({ exitCode: 200 }),
      evidence: [seen("FAILED", "ended", failed("exit", { exitCode: 72 }), { source: "accounting" })],
    },
    failed("exit", { exitCode: 200 }),
  ],
  [
    "1: a payload that died by a signal",
    { records: ended({ exitCode: 139, signal: "SEGV" }) },
    failed("signal", { signal: "SEGV" }),
  ],
  [
    "2: the manager explains a signal: out of memory",
    {
      records: ended({ exitCode: 137, signal: "KILL" }),
      evidence: [seen("OUT_OF_MEMORY", "ended", failed("out-of-memory"))],
    },
    failed("out-of-memory", { signal: "KILL" }),
  ],
  [
    "2: a shell whose child the manager ended first exits by itself, and the manager has not said so yet",
    { records: ended({ exitCode: 143 }), evidence: [seen("RUNNING", "running")] },
    "running",
  ],
  [
    "2: and when it has, its word is the cause: preempted",
    { records: ended({ exitCode: 143 }), evidence: [seen("PREEMPTED", "ended", failed("preempted"))] },
    failed("preempted", { exitCode: 143 }),
  ],
  [
    "2: or it starts it again, as it was asked to",
    { records: ended({ exitCode: 143 }), evidence: [seen("PENDING", "queued", null, { restarts: 1 })] },
    "queued",
  ],
  [
    "2: the record of a shell that exited so decides nothing once there is a later start",
    {
      records: ended({ exitCode: 137 }),
      evidence: [seen("PREEMPTED", "ended", failed("preempted"), { restarts: 1 })],
    },
    "grace",
  ],
  [
    "2: or its child was killed for want of memory",
    { records: ended({ exitCode: 137 }), evidence: [seen("OUT_OF_MEMORY", "ended", failed("out-of-memory"))] },
    failed("out-of-memory", { exitCode: 137 }),
  ],
  [
    "2: or it ended so of its own accord",
    { records: ended({ exitCode: 143 }), evidence: [seen("FAILED", "ended", failed("exit", { exitCode: 143 }))] },
    failed("exit", { exitCode: 143 }),
  ],
  [
    "5: one whose child was killed, and the manager does not know it: not before enough complete looks",
    { records: ended({ exitCode: 137 }) },
    "looks",
  ],
  [
    "5: and after them by its code",
    { records: ended({ exitCode: 137 }), absence: absent },
    failed("exit", { exitCode: 137 }),
  ],
  [
    "2: cancelled here, such a shell waits for the manager's word all the same: it may start it again",
    { records: ended({ exitCode: 143 }), cancelRequestedAt: 5 },
    "looks",
  ],
  [
    "2: and ends by that",
    {
      records: ended({ exitCode: 143 }),
      evidence: [seen("CANCELLED", "ended", cancelled, { source: "accounting" })],
      cancelRequestedAt: 5,
    },
    { ...cancelled, exitCode: 143 },
  ],
  [
    "2: not by the word for the start before, while the guard of the next one was not tried",
    {
      records: ended({ exitCode: 143 }),
      evidence: [seen("PREEMPTED", "ended", failed("preempted"), { source: "accounting" })],
      cancelRequestedAt: 5,
      absence: absent,
    },
    "nothing",
  ],
  [
    "3: it waits to be started again, whatever its first start has left",
    {
      attempt: { ...attempt, fence: "lost" },
      records: ended({ exitCode: 143 }),
      evidence: [seen("PENDING", "queued", null, { restarts: 1 })],
      cancelRequestedAt: 5,
    },
    "queued",
  ],
  [
    "1: any failure may be one for want of memory, where the policy asks for that",
    { records: ended({ exitCode: 1 }), evidence: [seen("RUNNING", "running")], wantsCause: true },
    "word",
  ],
  [
    "1: and is, when the manager says so",
    {
      records: ended({ exitCode: 1 }),
      evidence: [seen("OUT_OF_MEMORY", "ended", failed("out-of-memory"))],
      wantsCause: true,
    },
    failed("out-of-memory", { exitCode: 1 }),
  ],
  [
    "1: but a manager that does not is not waited for",
    { records: ended({ exitCode: 1 }), wantsCause: true, wordlessForMs: 20_000 },
    failed("exit", { exitCode: 1 }),
  ],
  ["1: what went well needs no explanation", { records: ended(), wantsCause: true }, completed],
  [
    "1: code 0 stays completed, though one process of the step ran out of memory",
    { records: ended(), evidence: [seen("OUT_OF_MEMORY", "ended", failed("out-of-memory"))] },
    completed,
  ],
  [
    "1: a payload that could not be started",
    { records: ended({ launchFailure: "work: no such directory" }) },
    failed("launch"),
  ],
  [
    "2: ended on request before the payload was started: cancelled, not a failed launch",
    {
      records: ended({ exitCode: 112, launchFailure: "the manager ended it", wrapperSignal: "TERM" }),
      evidence: [seen("FAILED", "ended", failed("exit", { exitCode: 112 }))],
      cancelRequestedAt: 5,
    },
    { ...cancelled, exitCode: null },
  ],
  [
    "2: ended by somebody before the payload was started: its launch failed",
    {
      records: ended({ exitCode: 112, launchFailure: "the manager ended it", wrapperSignal: "TERM" }),
      evidence: [seen("FAILED", "ended", failed("exit", { exitCode: 112 }))],
    },
    failed("launch"),
  ],
  [
    "1: it ran in a Flux instance of ours that has died, and no manager has to say so",
    { records: ended({ exitCode: 137, signal: "KILL", limit: "instance" }) },
    failed("node-failure", { signal: "KILL" }),
  ],
  [
    "1: it was told to end together with the allocation of its Flux instance, also where Flux knows no better",
    {
      records: ended({ exitCode: 143, signal: "TERM", wrapperSignal: "TERM", limit: "allocation" }),
      evidence: [seen("FAILED", "ended", failed("signal", { signal: "TERM" }))],
    },
    failed("preempted", { signal: "TERM" }),
  ],
  [
    "1: the same, and it was to be cancelled anyway",
    {
      records: ended({ exitCode: 143, signal: "TERM", wrapperSignal: "TERM", limit: "allocation" }),
      cancelRequestedAt: 5,
    },
    { ...cancelled, signal: "TERM" },
  ],
  [
    "1: ended by our own watcher when its walltime was over",
    { records: ended({ exitCode: 143, signal: "TERM", limit: "walltime" }) },
    failed("timeout", { signal: "TERM" }),
  ],
  [
    "1: the same, when it made use of the grace and ended with 0",
    { records: ended({ limit: "walltime" }) },
    failed("timeout", { exitCode: 0 }),
  ],
  [
    "2: its twin without a limit may have been ended by the manager, which has not said so yet",
    { records: ended({ exitCode: 143, signal: "TERM" }), evidence: [seen("RUNNING", "running")] },
    "running",
  ],
  [
    "2: and when it has, its word is the cause: preempted",
    {
      records: ended({ exitCode: 143, signal: "TERM" }),
      evidence: [seen("PREEMPTED", "ended", failed("preempted"))],
    },
    failed("preempted", { signal: "TERM" }),
  ],
  [
    "2: or cancelled there by somebody",
    { records: ended({ exitCode: 143, signal: "TERM" }), evidence: [seen("CANCELLED", "ended", cancelled)] },
    { ...cancelled, signal: "TERM" },
  ],
  [
    "2: or nothing but that it is over: then the signal was the payload's own affair",
    {
      records: ended({ exitCode: 137, signal: "KILL" }),
      evidence: [seen("FAILED", "ended", failed("exit", { exitCode: 137 }))],
    },
    failed("signal", { signal: "KILL" }),
  ],
  [
    "2: cancelled here, a payload that died by TERM, and the manager's word",
    {
      records: ended({ exitCode: 143, signal: "TERM" }),
      evidence: [seen("CANCELLED", "ended", cancelled)],
      cancelRequestedAt: 5,
    },
    { ...cancelled, signal: "TERM" },
  ],
  [
    "5: cancelled here, and the manager knows nothing of it",
    {
      records: ended({ exitCode: 143, signal: "TERM" }),
      cancelRequestedAt: 5,
      absence: absent,
      attempt: { ...attempt, fence: "lost" },
    },
    { ...cancelled, signal: "TERM" },
  ],
  [
    "2: preempted before its cancel, and no list shows it: its next start may be waiting",
    {
      records: ended(sigterm),
      evidence: [seen("PREEMPTED", "ended", failed("preempted"), { source: "accounting" })],
      absence: absent,
      cancelRequestedAt: 5,
    },
    "nothing",
  ],
  [
    "2: its twin whose cancel was not in time for a next start",
    {
      records: ended(sigterm),
      evidence: [seen("PREEMPTED", "ended", failed("preempted"), { source: "accounting" })],
      absence: absent,
      cancelRequestedAt: 5,
      attempt: { ...attempt, fence: "lost" },
    },
    failed("preempted", { signal: "TERM" }),
  ],
  [
    "5: stopped before its cancel, and the manager knows nothing of it: the guard of its next start is tried first",
    { records: ended(sigterm), absence: absent, cancelRequestedAt: 5 },
    "looks",
  ],
  [
    "5: died by TERM, and the manager does not know it: not before enough complete looks",
    { records: ended({ exitCode: 143, signal: "TERM" }) },
    "looks",
  ],
  [
    "5: and after them by its signal",
    { records: ended({ exitCode: 143, signal: "TERM" }), absence: absent },
    failed("signal", { signal: "TERM" }),
  ],
  ["1: finished by itself although a cancel was under way", { records: ended(), cancelRequestedAt: 5 }, completed],
  [
    "1: a record of an earlier start is not final",
    { records: { ...ended(), started: [started, { ...started, start: 1 }] }, evidence: [seen("RUNNING", "running")] },
    "running",
  ],
  [
    "2: signalled, cancelled here",
    { records: ended(sigterm), evidence: [seen("CANCELLED", "ended", cancelled)], cancelRequestedAt: 5 },
    { ...cancelled, signal: "TERM" },
  ],
  [
    "2: signalled, cancelled there by somebody",
    { records: ended(sigterm), evidence: [seen("CANCELLED", "ended", cancelled)] },
    { ...cancelled, signal: "TERM" },
  ],
  [
    "2: signalled by its time limit",
    { records: ended(sigterm), evidence: [seen("TIMEOUT", "ended", failed("timeout"))] },
    failed("timeout", { signal: "TERM" }),
  ],
  [
    "2: trapped TERM, ended with 0, and was cancelled",
    { records: ended({ wrapperSignal: "TERM" }), evidence: [seen("CANCELLED", "ended", cancelled)] },
    { ...cancelled, exitCode: 0 },
  ],
  [
    "2: signalled and perhaps requeued: not final while the manager has it",
    { records: ended(sigterm), evidence: [seen("PENDING", "queued")] },
    "queued",
  ],
  ["3: queued", { evidence: [seen("PENDING", "queued")] }, "queued"],
  [
    "3: the same again changes nothing",
    { attempt: { ...attempt, lastSeen: seen("PENDING", "queued") }, evidence: [seen("PENDING", "queued")] },
    "nothing",
  ],
  [
    "3: another reason is news",
    {
      attempt: { ...attempt, lastSeen: seen("PENDING", "queued") },
      evidence: [seen("PENDING", "queued", null, { reason: "Priority" })],
    },
    "queued",
  ],
  ["3: an unknown word changes nothing", { evidence: [seen("WARPING", null)] }, "nothing"],
  [
    "3: accounting that lags behind the queue is not asked for a live state",
    { evidence: [seen("RUNNING", "running"), seen("PENDING", "queued", null, { source: "accounting" })] },
    "running",
  ],
  [
    "3: accounting alone says that it waits, and the queue knows nothing: look",
    { ...onlyAccounting("PENDING", "queued"), records: nothing },
    "looks",
  ],
  [
    "3: the same after enough looks: a runaway record, of what never started",
    { ...onlyAccounting("PENDING", "queued"), records: nothing, absence: absent },
    "fence",
  ],
  [
    "3: its twin that had started waits longer",
    { ...onlyAccounting("RUNNING", "running"), records: running, absence: absent },
    "looks",
  ],
  [
    "3: but not for ever",
    { ...onlyAccounting("RUNNING", "running"), records: running, absence: { coveredMs: 600_000, looks: 30 } },
    failed("lost"),
  ],
  [
    "3: its guard is revoked: it can't run, whatever is shown",
    { evidence: [seen("RUNNING", "running")], records: revoked },
    "fence",
  ],
  [
    "3: its twin that is to be cancelled is watched until it is gone",
    { evidence: [seen("PENDING", "queued")], records: revoked, cancelRequestedAt: 5 },
    "queued",
  ],
  [
    "3: its twin whose second start is revoked has run",
    {
      evidence: [seen("RUNNING", "running")],
      records: { ...running, guards: [guard, { start: 1, owner: "revoked:1:x" }] },
    },
    "running",
  ],
  ["4: over in the manager: read the records first", { evidence: [seen("COMPLETED", "ended", completed)] }, "records"],
  [
    "4: over, started, no record: grace",
    { evidence: [seen("COMPLETED", "ended", completed)], records: running, finalForMs: 74_000 },
    "grace",
  ],
  [
    "4: its twin after the grace: the manager's word",
    { evidence: [seen("COMPLETED", "ended", completed)], records: running, ...graceOver },
    completed,
  ],
  [
    "4: its twin that a node took with it: no record is due, so it waits less",
    { evidence: [seen("NODE_FAIL", "ended", failed("node-failure"))], records: running, finalForMs: 20_000 },
    failed("node-failure"),
  ],
  [
    "4: cancelled before it started needs no record",
    { evidence: [seen("CANCELLED", "ended", cancelled)], records: nothing },
    cancelled,
  ],
  [
    "4: its twin whose guard is revoked: not its end",
    { evidence: [seen("CANCELLED", "ended", cancelled)], records: revoked },
    "fence",
  ],
  [
    "4: its twin that was to be cancelled, and whose wrapper found the guard taken: cancelled, not a failed launch",
    {
      evidence: [seen("FAILED", "ended", failed("exit", { exitCode: 112 }))],
      records: revoked,
      cancelRequestedAt: 5,
    },
    cancelled,
  ],
  [
    "4: accepted, and never to be met: rejected at once, and no failed launch",
    { evidence: [seen("FAILED", "ended", failed("rejected"))], records: nothing },
    failed("rejected"),
  ],
  [
    "4: what it depends on can't come any more",
    { evidence: [seen("CANCELLED", "ended", failed("dependency"))], records: nothing },
    failed("dependency"),
  ],
  [
    "4: its twin that the manager says to have started waits for the record, and keeps its cause without one",
    { evidence: [seen("FAILED", "ended", failed("rejected"), { startedAt: 5 })], records: nothing },
    "grace",
  ],
  [
    "4: cancelled after it started waits for the record",
    { evidence: [seen("CANCELLED", "ended", cancelled)], records: running },
    "grace",
  ],
  [
    "4: failed and never ran: launch",
    { evidence: [seen("FAILED", "ended", failed("exit", { exitCode: 0 }))], records: nothing, ...graceOver },
    failed("launch", { exitCode: 0 }),
  ],
  [
    "4: its twin whose job directory somebody has removed may have run: as the manager says",
    {
      evidence: [seen("FAILED", "ended", failed("exit", { exitCode: 3 }))],
      records: { ...nothing, present: false },
      ...graceOver,
    },
    failed("exit", { exitCode: 3 }),
  ],
  [
    "4: completed, and its job directory removed",
    { evidence: [seen("COMPLETED", "ended", completed)], records: { ...nothing, present: false }, ...graceOver },
    completed,
  ],
  [
    "4: a node that did not see the job directory, though the manager showed it running",
    {
      attempt: { ...attempt, startedAt: 5 },
      evidence: [seen("FAILED", "ended", failed("exit", { exitCode: 113 }))],
      records: nothing,
      ...graceOver,
    },
    failed("launch"),
  ],
  [
    "4: its twin that started ended with that code of its own",
    { evidence: [seen("FAILED", "ended", failed("exit", { exitCode: 113 }))], records: running, ...graceOver },
    failed("exit", { exitCode: 113 }),
  ],
  [
    "4: started again on a node that did not see the job directory: what the start before has left does not speak for it",
    {
      attempt: { ...attempt, lastSeen: seen("PENDING", "queued", null, { restarts: 1 }) },
      evidence: [seen("FAILED", "ended", failed("exit", { exitCode: 113 }))],
      records: running,
      ...graceOver,
    },
    failed("launch"),
  ],
  [
    "4: it held the guard and could write nothing, on a full disk: the launch failed",
    {
      evidence: [seen("FAILED", "ended", failed("exit", { exitCode: 112 }))],
      attempt: { ...attempt, lastSeen: seen("RUNNING", "running") },
      records: { ...nothing, guards: [guard] },
      ...graceOver,
    },
    failed("launch"),
  ],
  [
    "4: its twin that found the guard taken says nothing of the one that has it",
    {
      evidence: [seen("FAILED", "ended", failed("exit", { exitCode: 111 }))],
      records: { ...nothing, guards: [guard] },
      ...graceOver,
    },
    failed("exit", { exitCode: 111 }),
  ],
  [
    "4: a node that failed before the script ran",
    { evidence: [seen("NODE_FAIL", "ended", failed("node-failure"))], records: nothing, ...graceOver },
    failed("node-failure"),
  ],
  [
    "4: the grace is longer where the manager waits longer with KILL",
    {
      evidence: [seen("TIMEOUT", "ended", failed("timeout"))],
      records: running,
      finalForMs: 44_000,
      limits: { ...limits, graceMs: 45_000 },
    },
    "grace",
  ],
  [
    "4: its twin when that is over",
    {
      evidence: [seen("TIMEOUT", "ended", failed("timeout"))],
      records: running,
      finalForMs: 45_000,
      limits: { ...limits, graceMs: 45_000 },
    },
    failed("timeout"),
  ],
  [
    "4: the record of a start that was stopped says nothing of the next one, whose record may still come",
    {
      records: ended({ ...sigterm, launchFailure: "the manager ended it" }),
      evidence: [seen("COMPLETED", "ended", completed, { restarts: 1 })],
    },
    "grace",
  ],
  [
    "2: its twin, and nothing was started again",
    {
      records: ended({ ...sigterm, launchFailure: "the manager ended it" }),
      evidence: [seen("PREEMPTED", "ended", failed("preempted"))],
    },
    failed("preempted", { signal: "TERM" }),
  ],
  [
    "3: a payload that was told before its wrapper, and is started again",
    {
      records: ended({ exitCode: 143, signal: "TERM" }),
      evidence: [seen("RUNNING", "running", null, { restarts: 1 })],
    },
    "running",
  ],
  [
    "1: a start that ended for good is the end, though the manager starts it once more",
    { records: ended(), evidence: [seen("PENDING", "queued", null, { restarts: 1 })] },
    completed,
  ],
  [
    "5: accounting alone calls a start preempted that may be followed by another: look",
    { records: ended(sigterm), evidence: [onlyEnded("PREEMPTED", "preempted")] },
    "looks",
  ],
  [
    "6: the same of a node that failed",
    { records: running, evidence: [onlyEnded("NODE_FAIL", "node-failure")] },
    "looks",
  ],
  [
    "2: after enough looks it is over",
    { records: ended(sigterm), evidence: [onlyEnded("PREEMPTED", "preempted")], absence: absent },
    failed("preempted", { signal: "TERM" }),
  ],
  [
    "4: and where the queue had said so before it forgot it",
    { records: running, evidence: [onlyEnded("NODE_FAIL", "node-failure")], ...graceOver },
    failed("node-failure"),
  ],
  [
    "4: what else accounting calls over is over",
    { records: running, evidence: [onlyEnded("TIMEOUT", "timeout")], ...graceOver },
    failed("timeout"),
  ],
  [
    "3: started again, it is news, though it runs as before",
    {
      attempt: { ...attempt, lastSeen: seen("RUNNING", "running") },
      evidence: [seen("RUNNING", "running", null, { restarts: 1 })],
    },
    "running",
  ],
  [
    "6: one that its manager had started again has started",
    {
      records: nothing,
      absence: absent,
      attempt: { ...attempt, lastSeen: seen("PENDING", "queued", null, { restarts: 1 }) },
    },
    failed("lost"),
  ],
  [
    "4: a process that is gone without a record",
    { evidence: [seen("gone", "ended")], records: running, ...graceOver },
    failed("signal", { signal: "KILL" }),
  ],
  [
    "4: the same, cancelled",
    { evidence: [seen("gone", "ended")], records: running, ...graceOver, cancelRequestedAt: 5 },
    { ...cancelled, signal: "KILL" },
  ],
  [
    "4: a process that is gone before it started",
    { evidence: [seen("gone", "ended")], records: nothing, ...graceOver },
    "fence",
  ],
  ["5: signalled, and nobody knows the native: look", { records: ended(sigterm) }, "looks"],
  [
    "5: its twin after enough looks",
    { records: ended(sigterm), absence: absent },
    failed("signal", { signal: "TERM" }),
  ],
  ["6: nothing: read the records", {}, "records"],
  ["6: nothing: look", { records: nothing }, "looks"],
  ["6: too few looks", { records: nothing, absence: { coveredMs: 90_000, looks: 2 } }, "looks"],
  ["6: too short a span", { records: nothing, absence: { coveredMs: 59_000, looks: 30 } }, "looks"],
  [
    "5: signalled, unknown to the manager by earlier looks, and the one of this sweep was not answered whole",
    { records: ended(sigterm), absence: absent, isLookedFor: false },
    "looks",
  ],
  ["6: gone by earlier looks alone, not started", { records: nothing, absence: absent, isLookedFor: false }, "looks"],
  [
    "6: gone by earlier looks alone, while accounting, which knows its end since, does not answer",
    { records: running, absence: absent, isLookedFor: false },
    "looks",
  ],
  ["6: vanished before it started", { records: nothing, absence: absent }, "fence"],
  ["6: vanished after it started", { records: running, absence: absent }, failed("lost")],
  [
    "6: vanished, had been seen running",
    { records: nothing, absence: absent, attempt: { ...attempt, startedAt: 5 } },
    failed("lost"),
  ],
  ["6: vanished while it was to be cancelled", { records: running, absence: absent, cancelRequestedAt: 5 }, cancelled],
]

describe("the judge, row by row", () => {
  test.each(rows)("%s", (_, more, verdict) => {
    expect(said(judge(known(more)))).toEqual(verdict)
  })
})

test("one that was killed with its wrapper has begun when its records say so, whatever the process table knows", () => {
  const verdict = judge(known({ evidence: [seen("gone", "ended")], records: running, ...graceOver }))
  expect(verdict).toMatchObject({ kind: "ended", evidence: [{ word: "gone", startedAt: 10, host: "n1" }] })
})

test("every end names the evidence that it rests on", () => {
  for (const [title, more] of rows) {
    const verdict = judge(known(more))
    if (verdict.kind === "ended" && !title.startsWith("6")) expect(verdict.evidence.length, title).toBeGreaterThan(0)
  }
})

test("a job that was cancelled there says so; its twin that was cancelled here needs no explanation", () => {
  const evidence = [seen("CANCELLED", "ended", cancelled)]
  const verdictOf = (more: Partial<Case>): Verdict => judge(known({ evidence, ...more }))
  const reason = "The manager says CANCELLED; it was not cancelled here."
  expect(verdictOf({ records: nothing })).toMatchObject({ kind: "ended", reason })
  expect(verdictOf({ records: ended(sigterm) })).toMatchObject({ kind: "ended", reason })
  expect(verdictOf({ records: nothing, cancelRequestedAt: 5 })).toMatchObject({ kind: "ended", reason: null })
  expect(verdictOf({ records: ended(sigterm), cancelRequestedAt: 5 })).toMatchObject({ kind: "ended", reason: null })
})
