/** Explain: from the facts of one job to sentences about it. Pure. */
import { duration, isoTime } from "../clock.ts"
import {
  type Attempt,
  type Evidence,
  type Job,
  type JobState,
  currentAttempt,
  isFinal,
  restartsOf,
} from "../job/index.ts"
import type { Records } from "../remote/layout.ts"
import type { Explanation, ExplainedAttempt, ExplainedEvidence } from "./explanation.ts"
import { type Rule, type Verdict, hasStarted, ruling } from "./judge.ts"
import type { Facts } from "./facts.ts"
import { adviceOn, endsOf, waitsOf } from "./outlook.ts"

/** Of a job that nobody drives, what stands in the store; of one with a controller, its clocks and answers as well. */
export function explain(facts: Facts): Explanation {
  const { job, view, driver, now } = facts
  const attempt = currentAttempt(job)
  const since = sinceOf(job)
  return {
    job: view,
    asOf: isoTime(now),
    since: isoTime(since),
    driver,
    summary: summaryOf(facts, since),
    attempt: attempt === null ? null : attemptOf(facts, attempt),
    evidence: attempt === null ? [] : evidenceOf(facts, attempt),
    rule: ruleOf(facts),
    waits: waitsOf(facts),
    ends: endsOf(facts),
    advice: adviceOn(facts),
  }
}

/** The events that the store keeps say when a state began, but for one that a retry or a replacement began anew. */
function sinceOf(job: Job): number {
  const attempt = currentAttempt(job)
  const beginnings: Readonly<Record<JobState, number | null | undefined>> = {
    new: attempt?.endedAt ?? job.createdAt,
    staging: attempt?.createdAt,
    queued: attempt?.lastSeen?.seenAt ?? attempt?.acceptedAt,
    held: attempt?.lastSeen?.seenAt,
    running: attempt?.startedAt ?? attempt?.lastSeen?.seenAt,
    suspended: attempt?.lastSeen?.seenAt,
    collecting: attempt?.endedAt,
    completed: job.endedAt,
    failed: job.endedAt,
    cancelled: job.endedAt,
  }
  return beginnings[job.state] ?? job.changedAt
}

function summaryOf({ job, now, driver }: Facts, since: number): string {
  const isOver = isFinal(job.state)
  const cause = job.outcome?.cause ?? null
  const how = cause === null ? "" : ` (${cause})`
  const wanted = job.cancelRequestedAt === null || isOver ? "" : ", to be cancelled"
  const why = job.waiting ?? job.reason
  const span = duration(Math.max(0, now - since))
  const state = `It ${isOver ? `has been ${job.state}` : `is ${job.state}`}${how}${wanted} for ${span}`
  return `${sentence(why === null ? state : `${state}: ${why}`)}${isOver ? "" : drivers[driver]}`
}

const drivers: Readonly<Record<Explanation["driver"], string>> = {
  controller: "",
  nobody: " No controller runs, so nobody drives it; what the manager has goes on.",
  unconfigured: " The config of the controller does not name its executor, so nobody drives it.",
}

function attemptOf({ now, situation }: Facts, attempt: Attempt): ExplainedAttempt {
  const { number, replacement, token, nativeId, directory, submission, fence, refusedTries } = attempt
  const records = situation?.known?.records ?? null
  const owner = records?.guards.at(-1)?.owner ?? null
  const guard = guardOf(attempt, records)
  const again = replacement === 0 ? "" : `, put in the place of ${replacement} that vanished before they started`
  return {
    number,
    replacement,
    token,
    nativeId,
    directory,
    submission,
    tries: refusedTries + 1,
    fence,
    guard,
    says: [
      `Attempt ${number}${again}: token ${token}, ${nativeId === null ? "no native id yet" : `native ${nativeId}`}.`,
      `Its directory on the other side is ${directory}.`,
      submissionSays(attempt, now),
      ...restartsSay(attempt),
      `${guardSays[guard]}${owner === null ? "" : ` (${owner})`}${fence === "intended" ? "; the engine is about to take it" : ""}.`,
    ],
  }
}

function guardOf(attempt: Attempt, records: Records | null): ExplainedAttempt["guard"] {
  const isOurs = records?.guards.at(-1)?.owner.startsWith("revoked:") === true
  if (attempt.fence === "won" || isOurs) return "revoked"
  return attempt.fence === "lost" || hasStarted({ attempt, records }) ? "native" : "free"
}

const guardSays: Readonly<Record<ExplainedAttempt["guard"], string>> = {
  native: "Its native holds the guard, so it has started, and nothing else runs under this token",
  revoked: "The guard is ours, so this attempt can never run",
  free: "Nobody is known to hold the guard: as far as is known it has not started",
}

function submissionSays({ submission, refusedTries, acceptedAt, createdAt }: Attempt, now: number): string {
  const age = (at: number): string => `${duration(Math.max(0, now - at))} ago`
  const refused = refusedTries === 0 ? "" : ` The manager has refused it ${times(refusedTries)}.`
  switch (submission) {
    case "intended":
      return `It was written down ${age(createdAt)}, and its submission has not been answered yet.${refused}`
    case "not-accepted":
      return `The manager has refused it ${times(refusedTries)}; try ${refusedTries + 1} follows.`
    case "in-doubt":
      return `Whether the manager took try ${refusedTries + 1} is in doubt: the token is looked up before anything is submitted again.${refused}`
    case "accepted":
      return `The manager accepted it ${age(acceptedAt ?? createdAt)}.${refused}`
  }
}

function restartsSay(attempt: Attempt): string[] {
  const count = restartsOf(attempt)
  if (count === 0) return []
  return [`Its manager has taken it back ${times(count)}, to start it again: it is the same attempt all the time.`]
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`
}

/** What was seen; then who was asked and knew nothing, which is evidence too if the answer was whole. */
function evidenceOf({ situation, now }: Facts, attempt: Attempt): ExplainedEvidence[] {
  const known = situation?.known ?? null
  const stored = attempt.evidence.length > 0 ? attempt.evidence : [attempt.lastSeen].filter((seen) => seen !== null)
  const seen = known === null ? stored : known.evidence
  const answers = known === null ? [] : (situation?.answers ?? [])
  const told = seen.map((one): ExplainedEvidence => {
    const answer = answers.findLast(({ source }) => source === one.source)
    return line(one.source, one.nativeId, one.seenAt, answer?.isComplete ?? null, evidenceSays(one))
  })
  const silent = answers.filter(
    (answer, index) =>
      !seen.some(({ source }) => source === answer.source) &&
      index === answers.findLastIndex(({ source }) => source === answer.source),
  )
  return [
    ...told,
    ...silent.map(({ source, at, isComplete }) => line(source, null, at, isComplete, silenceSays(source, isComplete))),
  ]

  function line(
    source: Evidence["source"],
    nativeId: string | null,
    seenAt: number,
    complete: boolean | null,
    says: string,
  ): ExplainedEvidence {
    return { source, nativeId, seen: isoTime(seenAt), ageMs: Math.max(0, now - seenAt), complete, says }
  }

  function silenceSays(source: Evidence["source"], isComplete: boolean): string {
    if (source === "record") return recordsSay(known?.records ?? null)
    return isComplete ? "knows nothing of it" : "did not answer in full, so its silence says nothing"
  }
}

function evidenceSays({ word, state, outcome, reason, host }: Evidence): string {
  const cause = outcome === null || outcome.cause === null ? "" : ` (${outcome.cause})`
  const meaning = outcome === null ? (state ?? "a word that changes nothing") : `${outcome.state}${cause}`
  const where = host === null ? "" : ` on ${host}`
  return `says ${word}, that is ${meaning}${where}${reason === null ? "" : `; its reason is ${reason}`}`
}

function recordsSay(records: Records | null): string {
  if (records === null || !records.present) return "the job directory is not there"
  const exit = records.exits.at(-1)
  const started = records.started.at(-1)
  if (exit !== undefined) {
    const how = exit.launchFailure ?? (exit.signal === null ? `exit code ${exit.exitCode}` : `signal ${exit.signal}`)
    return `an exit record: ${how}${exit.wrapperSignal === null ? "" : `, after its wrapper was told to end (${exit.wrapperSignal})`}`
  }
  if (started !== undefined) return `started on ${started.host} at ${isoTime(started.at)}, and no exit record`
  return records.guards.length > 0 ? "a guard, and no started record" : "neither a guard nor a started record"
}

function ruleOf({ job, situation }: Facts): Explanation["rule"] {
  const known = situation?.known ?? null
  if (known === null || known.attempt.submission !== "accepted" || isFinal(job.state)) return null
  const { rule, verdict } = ruling(known)
  return { number: rule, says: ruleSays[rule], verdict: verdictSays(verdict) }
}

const ruleSays: Readonly<Record<Rule, string>> = {
  1: "There is a whole exit record, and no manager had a part in it.",
  2: "There is the exit record of one that was signalled, and the manager says that the native is over.",
  3: "The manager still has the native.",
  4: "The manager says that the native is over, and there is no exit record.",
  5: "There is the exit record of one that was signalled, and the manager does not know the native any more.",
  6: "Nobody knows anything of the native, or accounting alone tells how a start of it ended that another may follow.",
}

const needSays: Readonly<Record<Extract<Verdict, { kind: "keep" }>["needs"], string>> = {
  nothing: "It keeps its state.",
  records: "It keeps its state until our records have been read.",
  grace: "It keeps its state, since the exit record may still come.",
  word: "It keeps its state for a moment, since the manager may tell why it failed.",
  looks: "It keeps its state, since absence has to be shown by complete looks.",
}

function verdictSays(verdict: Verdict): string {
  switch (verdict.kind) {
    case "keep":
      return needSays[verdict.needs]
    case "observed":
      return `The next sweep writes down that it is ${verdict.state}.`
    case "ended": {
      const { state, cause } = verdict.outcome
      return `The next sweep ends it: ${state}${cause === null ? "" : ` (${cause})`}.`
    }
    case "fence":
      return "It vanished before it started: a sweep takes its guard, where that is shown to stop it, and submits it again."
  }
}

/** Others' words end as they like; ours end with a stop. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
