/** The outlook of a job: what it waits for and until when, what would end it, and what a person can do. Pure. */
import { duration, isoTime } from "../clock.ts"
import {
  type Attempt,
  type Job,
  currentAttempt,
  forsakenAt,
  giveUpAt,
  hasTombstone,
  isAbandoned,
  isFinal,
  isHeldBack,
  looseEndOf,
  nextTryAt,
} from "../job/index.ts"
import type { Wait } from "./explanation.ts"
import type { Facts } from "./facts.ts"
import { type Case, graceMsOf, hasStarted, isAbsent, ruling } from "./judge.ts"
import { quietText } from "./ownership.ts"
import { joltText } from "./pulse.ts"
import type { Situation } from "./situation.ts"

/** In the order in which they come. Of a job that is over: only for what may be left of it. */
export function waitsOf(facts: Facts): Wait[] {
  const { job, driver } = facts
  if (isFinal(job.state)) return tombstoneWaits(facts)
  const waits = [
    ...managerWaits(facts),
    ...showingWaits(facts),
    ...cancelWaits(facts),
    ...stepWaits(facts),
    ...deadlineWaits(facts),
  ]
  if (driver === "nobody")
    return [{ for: "a controller, which goes on where the last one stopped", until: null }, ...waits]
  if (driver === "unconfigured") return [{ for: `an executor "${job.executor}" in the config`, until: null }, ...waits]
  return waits
}

function tombstoneWaits({ job, driver }: Facts): Wait[] {
  const open = job.attempts.filter((attempt) => looseEndOf(job, attempt) === "tombstone")
  const who =
    driver === "unconfigured"
      ? `an executor "${job.executor}" in the config, and its manager`
      : `the manager of ${job.executor}`
  return open.map((attempt) => ({
    for: `${who} to answer: what may be left of ${attempt.token} is cancelled then (a tombstone since ${isoTime(forsakenAt(job, attempt))})`,
    until: null,
  }))
}

function stepWaits(facts: Facts): Wait[] {
  const { job } = facts
  const attempt = currentAttempt(job)
  if (job.state === "new" || attempt === null) return newWaits(facts)
  if (job.state === "staging") return stagingWaits(facts, attempt)
  if (job.state === "collecting") return collectingWaits(facts)
  return watchedWaits(facts, attempt)
}

/** The manager does not answer, or the owner before us may still act there. */
function managerWaits({ job, manager, situation, now }: Facts): Wait[] {
  const quietMs = situation?.quietMs ?? 0
  if (quietMs > 0) return [{ for: `the owner before this one: ${quietText}`, until: isoTime(now + quietMs) }]
  const fresh = situation?.isJolted === true ? [{ for: `a fresh look: ${joltText}`, until: null }] : []
  if (manager.health === "up" || manager.health === "degraded") return fresh
  const why = manager.reason === null ? "" : ` (${manager.reason})`
  const what = `${job.executor}, which is ${manager.health}${why}; nothing is decided about its jobs meanwhile`
  return [{ for: what, until: situation === null ? null : isoTime(now + situation.restMs) }]
}

/** A job that shows what a fence does there. */
function showingWaits({ job, tests, situation, now }: Facts): Wait[] {
  if (!isHeldBack(job)) return []
  const what = "shows whether a fence stops a native there"
  const last = tests.at(-1)
  if (last === undefined)
    return [{ for: `a job that starts there and ${what}, or a test job of Hawser's`, until: null }]
  const testMs = situation?.testMs ?? null
  const until = testMs === null ? null : isoTime(now + testMs)
  if (!isFinal(last.state))
    return [{ for: `the test job ${last.key} (it is ${last.state}), which ${what}`, until: null }]
  if (last.state === "completed")
    return [
      {
        for: `another test job: ${last.key} has run there, and nothing that it made was seen here, so a fence would stop nothing`,
        until,
      },
    ]
  const how = last.outcome?.cause ?? last.state
  return [
    { for: `another test job, which ${what}: ${last.key} did not (${how}: ${last.reason ?? "no reason"})`, until },
  ]
}

function cancelWaits({ job, situation, now }: Facts): Wait[] {
  if (job.cancelRequestedAt === null || job.state === "collecting") return []
  const since = `the cancel of ${isoTime(job.cancelRequestedAt)}`
  const sent = situation?.cancel ?? null
  if (sent === null) return [{ for: `${since} to be carried out`, until: null }]
  return [
    {
      for: `${since} to take effect; until then it is repeated, as KILL`,
      until: isoTime(now + sent.killMs),
    },
  ]
}

/** Until it has started, it may be given up. */
function deadlineWaits({ job, situation }: Facts): Wait[] {
  const at = giveUpAt(job)
  const attempt = currentAttempt(job)
  const known = attempt === null || job.state === "new" ? null : { attempt, records: situation?.known?.records ?? null }
  if (at === null || job.state === "collecting" || (known !== null && hasStarted(known))) return []
  return [{ for: "its start; after that it is given up (giveUpAfter)", until: isoTime(at) }]
}

function newWaits({ job, now, dependencies, situation }: Facts): Wait[] {
  const { begin } = job.spec.resources
  const nextAt = nextTryAt(job, now)
  const waits: Wait[] = [
    ...(job.wish === "hold" ? [{ for: "its release: it is held here", until: null }] : []),
    ...(begin !== null && Date.parse(begin) > now
      ? [{ for: "its begin time", until: isoTime(Date.parse(begin)) }]
      : []),
    ...(nextAt !== null && nextAt > now
      ? [{ for: "the time of its next attempt, after one that failed", until: isoTime(nextAt) }]
      : []),
    ...dependencies.map(({ on, state }) => ({
      for: `${on.job} to be ${on.when} (${state === null ? "there is no such job" : `it is ${state}`})`,
      until: null,
    })),
    ...submitWaits(situation, now),
  ]
  if (waits.length > 0) return waits
  return [{ for: job.waiting ?? "its turn to be submitted", until: null }]
}

function submitWaits(situation: Situation | null, now: number): Wait[] {
  if (situation === null) return []
  const { pauseMs, pauseReason, laneMs, laneReason, rateMs } = situation
  return [
    ...(pauseMs > 0
      ? [{ for: `the manager to take more (${pauseReason ?? "it refused"})`, until: isoTime(now + pauseMs) }]
      : []),
    ...(laneReason === null
      ? []
      : [{ for: `a place: ${laneReason}`, until: laneMs === null ? null : isoTime(now + laneMs) }]),
    ...(rateMs > 0 ? [{ for: "maxSubmitPerMinute", until: isoTime(now + rateMs) }] : []),
  ]
}

function stagingWaits({ job, manager, situation, now }: Facts, attempt: Attempt): Wait[] {
  if (attempt.submission !== "in-doubt") {
    const waits = submitWaits(situation, now)
    return waits.length > 0
      ? waits
      : [{ for: job.waiting ?? "its directory to stand there and its submission to be answered", until: null }]
  }
  const known = situation?.known ?? null
  const looks =
    known === null ? "complete looks" : `${known.limits.absenceLooks} complete looks (${known.absence.looks} so far)`
  return [
    {
      for: `${looks} for its token: found, it was accepted; else it is fenced and submitted again${manager.isShown ? "" : ", as soon as a job has shown that a fence stops it"}`,
      until: nextSweep(situation, now),
    },
  ]
}

function collectingWaits({ job, situation, now }: Facts): Wait[] {
  const failures = situation?.collecting.failures ?? 0
  const what =
    failures === 0 ? "its outputs to come back" : `its outputs, which have not come back whole (${failures} so far)`
  const until =
    situation === null || situation.collecting.waitMs === 0 ? null : isoTime(now + situation.collecting.waitMs)
  return [{ for: job.waiting === null ? what : `${what}: ${job.waiting}`, until }]
}

function watchedWaits({ job, situation, now }: Facts, attempt: Attempt): Wait[] {
  const { walltime, begin } = job.spec.resources
  const begins = job.state === "queued" && begin !== null && Date.parse(begin) > now
  const hasLimit = job.state === "running" && walltime !== null && walltime > 0
  const { wish = null } = job
  return [
    ...(wish === null ? [] : [{ for: `${job.executor} to ${wish} it, as was asked for`, until: null }]),
    ...(begins ? [{ for: "its begin time", until: isoTime(Date.parse(begin)) }] : []),
    ...(managerTurn[job.state] ?? []).map((what) => ({
      for: job.reason === null ? what : `${what} (${job.reason})`,
      until: null,
    })),
    ...(hasLimit
      ? [
          {
            for: "its own end, or that of its walltime",
            until: isoTime((attempt.startedAt ?? attempt.lastSeen?.seenAt ?? now) + walltime * 1000),
          },
        ]
      : []),
    ...clockWaits(situation?.known ?? null, now),
    ...(situation === null
      ? []
      : [{ for: "the next sweep, or sooner a hint of its end", until: nextSweep(situation, now) }]),
  ]
}

const managerTurn: Readonly<Partial<Record<Job["state"], readonly string[]>>> = {
  queued: ["the manager to start it"],
  held: ["somebody to release it (hawser release)"],
  suspended: ["somebody to resume it (hawser resume), or the manager"],
}

/** The clocks that the judge lets run out. */
function clockWaits(known: Case | null, now: number): Wait[] {
  if (known === null || known.attempt.submission !== "accepted") return []
  const { verdict } = ruling(known)
  if (verdict.kind !== "keep") return []
  const { limits, absence, finalForMs, wordlessForMs } = known
  if (verdict.needs === "word")
    return [
      {
        for: "the manager's word on why it failed",
        until: isoTime(now + limits.wordMs - (wordlessForMs ?? 0)),
      },
    ]
  const final = known.evidence.find(({ state }) => state === "ended")
  const graceMs = final === undefined ? limits.graceMs : graceMsOf(known, final)
  if (verdict.needs === "grace")
    return [
      {
        for: "the exit record, for as long as the grace lasts",
        until: isoTime(now + graceMs - (finalForMs ?? 0)),
      },
    ]
  if (verdict.needs !== "looks") return []
  if (isAbsent(known)) return [{ for: "one more complete look that finds nothing", until: null }]
  const missing = `${limits.absenceLooks} complete looks over ${duration(limits.absenceMs)} that find nothing`
  return [{ for: `${missing}: there are ${absence.looks} over ${duration(absence.coveredMs)}`, until: null }]
}

function nextSweep(situation: Situation | null, now: number): string | null {
  if (situation === null || situation.sweepMs === null) return null
  return isoTime(now + Math.max(situation.sweepMs, situation.restMs))
}

/** What would end the job, whatever comes first. */
export function endsOf({ job, manager, dependencies, situation }: Facts): string[] {
  if (isFinal(job.state)) return []
  const attempt = currentAttempt(job)
  if (job.state === "collecting") return ["Its outputs are back, or can't be brought back whole: then it is over."]
  if (attempt === null || job.state === "new") {
    return [
      ...(dependencies.length > 0 ? ["A dependency that can't be met any more: failed (dependency)."] : []),
      "A cancel: nothing has been submitted, so it ends at once.",
    ]
  }
  const started = hasStarted({ attempt, records: situation?.known?.records ?? null })
  return [
    `An exit record of its wrapper, or the manager's word that native ${attempt.nativeId ?? "(unknown yet)"} with token ${attempt.token} is over.`,
    started || !manager.isShown
      ? "A cancel: TERM, then KILL, until the evidence shows that it is over."
      : "A cancel: if the engine gets its guard, it can never run, and that is the proof.",
    started
      ? "Its absence from enough complete looks: failed (lost)."
      : `Its absence does not end it: it is fenced and submitted again${manager.isShown ? "" : ", once a job has shown there that a fence stops it"}.`,
  ]
}

/** Commands that help now, and what they do. */
export function adviceOn({ job, view, driver, manager }: Facts): string[] {
  const { key } = job
  if (isFinal(job.state)) {
    const kept = job.pruned === null ? [] : ["Its directory on the other side has been removed (prune)."]
    const asks = hasTombstone(job) ? [`"hawser recover ${job.executor}" asks now for what may be left over there.`] : []
    const isFree = isAbandoned(job) && view.later === null
    const again = isFree ? [`Its key can be used again: submit it, on this executor or another.`] : []
    return [
      ...asks,
      ...again,
      `"hawser logs ${view.later === null ? key : job.id}" shows what it printed; its results are in ${view.directory}.`,
      ...kept,
    ]
  }
  return [
    ...(driver === "nobody" ? [`"hawser wait ${key}" (or "hawser up") starts a controller that drives it.`] : []),
    ...(driver === "unconfigured"
      ? [`Add the executor "${job.executor}" to hawser.yaml again, or give it up ("hawser abandon ${key}").`]
      : []),
    ...(isHeldBack(job)
      ? [`"hawser doctor ${job.executor}" runs a test job at once, which shows whether a fence stops a native there.`]
      : []),
    ...(manager.health === "needs-login" ? [`"hawser doctor ${job.executor}" at a terminal logs in.`] : []),
    ...(manager.health === "unreachable" || manager.health === "gone"
      ? [
          `"hawser recover ${job.executor}" asks the manager now; "hawser doctor ${job.executor}" says what is wrong on the way.`,
          `"hawser abandon ${job.executor}" gives up all its jobs, if it is gone for good: their keys can then be used elsewhere.`,
        ]
      : []),
    ...(job.state === "running" ? [`"hawser logs -f ${key}" shows what it prints.`] : []),
    ...(job.cancelRequestedAt === null ? [`"hawser cancel ${key}" ends it.`] : []),
  ]
}
