/** The reducer: jobs are the replay of their events. It refuses an illegal move and says so. */
import type { AnyEvent, JobEvent } from "./event.ts"
import type { Attempt, Job } from "./job.ts"
import { objectionTo } from "./objection.ts"
import { isAbandoned } from "./looseEnd.ts"
import { type JobState, isFinal, moves } from "./state.ts"
import { openWish } from "./wish.ts"

/** An event that can't follow what stands before it: a bug of ours or a damaged log. The job stays as it was. */
export interface Refusal {
  readonly event: JobEvent
  readonly why: string
}

export type Jobs = Map<string, Job>

/** Applies the events in order to `jobs` (changed in place) and returns what was refused. */
export function replay(jobs: Jobs, events: Iterable<AnyEvent>): Refusal[] {
  const refusals: Refusal[] = []
  for (const event of events) {
    if (!("job" in event)) continue
    const next = apply(jobs.get(event.job), event)
    if ("why" in next) refusals.push(next)
    else jobs.set(event.job, next)
  }
  return refusals
}

/** The job after the event, or why it can't be. */
export function apply(job: Job | undefined, event: JobEvent): Job | Refusal {
  if (event.type === "created") return job === undefined ? created(event) : refuse(event, "The job exists already.")
  if (job === undefined) return refuse(event, "There is no such job.")
  const objection = objectionTo(job, event)
  if (objection !== null) return refuse(event, objection)
  const reduced = reduce(job, event)
  if ("why" in reduced) return reduced
  const next = isAbandoned(job) && event.type !== "corrected" ? withEndOf(job, reduced) : reduced
  const changed = next.state !== job.state
  if (changed && !moves[job.state].includes(next.state) && event.type !== "corrected") {
    return refuse(event, `A job can't go from ${job.state} to ${next.state}.`)
  }
  return { ...next, changedAt: event.at }
}

/**
 * Somebody abandons a job while steps are under way for it: what they write down afterwards is kept of its attempt, and
 * the job is over all the same.
 */
function withEndOf({ state, outcome, reason, endedAt, cancelRequestedAt }: Job, next: Job): Job {
  return { ...next, state, outcome, reason, endedAt, cancelRequestedAt, waiting: null }
}

function created(event: Extract<JobEvent, { type: "created" }>): Job {
  return {
    id: event.job,
    key: event.key,
    executor: event.executor,
    generation: event.generation,
    spec: event.spec,
    state: "new",
    outcome: null,
    reason: null,
    waiting: null,
    attempts: [],
    cancelRequestedAt: null,
    wish: null,
    notes: [],
    createdAt: event.at,
    endedAt: null,
    changedAt: event.at,
    collected: null,
    pruned: null,
    ...(event.isTest === true ? { isTest: true as const } : {}),
    ...(event.serves === undefined ? {} : { serves: event.serves }),
  }
}

function reduce(job: Job, event: Exclude<JobEvent, { type: "created" }>): Job | Refusal {
  switch (event.type) {
    case "waiting":
      return isFinal(job.state) ? job : { ...job, waiting: event.reason }
    case "held-back":
      return onAttempt(job, event, { heldBack: event.held }, { waiting: event.reason })
    case "intent":
      if (isAbandoned(job)) return job
      return { ...job, state: "staging", waiting: null, attempts: [...job.attempts, newAttempt(event)] }
    case "not-accepted":
      return isAccepted(job)
        ? onAttempt(job, event, { refusedTries: event.try })
        : onAttempt(job, event, { submission: "not-accepted", refusedTries: event.try }, { waiting: event.reason })
    case "in-doubt":
      return isAccepted(job)
        ? onAttempt(job, event, {})
        : onAttempt(job, event, { submission: "in-doubt" }, { waiting: event.reason })
    case "accepted":
      return onAttempt(
        job,
        event,
        {
          submission: "accepted",
          nativeId: event.nativeId,
          submitTime: event.submitTime,
          acceptedAt: event.at,
          ...seenAgain(job),
          // It came after the look that had found nothing.
          ...((job.attempts.at(-1)?.settled ?? null) === null ? {} : { settled: null }),
        },
        { state: job.state === "staging" ? "queued" : job.state, waiting: null },
      )
    case "observed":
      return observed(job, event)
    case "ended":
      return onAttempt(
        job,
        event,
        { outcome: event.outcome, evidence: event.evidence, ...endTimes(job.attempts.at(-1), event) },
        { state: "collecting", outcome: event.outcome, reason: event.reason, waiting: null, wish: null },
      )
    case "collected":
      return onAttempt(
        job,
        event,
        {},
        {
          collected: { directory: event.directory, files: event.files },
          notes: [...job.notes, ...event.notes],
        },
      )
    case "finished":
      return {
        ...job,
        state: event.outcome.state,
        outcome: event.outcome,
        reason: event.reason,
        waiting: null,
        endedAt: event.at,
      }
    case "fence-intent":
      return onAnyAttempt(job, event, { fence: "intended" })
    case "fenced":
      return onAnyAttempt(job, event, { fence: event.won ? "won" : "lost" })
    case "settled":
      return onAnyAttempt(job, event, { settled: { at: event.at, proof: event.proof } })
    case "retrying":
      return onAttempt(
        job,
        event,
        // Never later than we knew of it: a manager's clock may be ahead.
        { outcome: event.outcome, endedAt: Math.min(attemptEnd(job) ?? event.at, event.at) },
        {
          state: "new",
          outcome: null,
          reason: event.reason,
          waiting: null,
          ...(isFinal(job.state) && !isAbandoned(job) ? reopened : {}),
        },
      )
    case "cancel-requested":
      return { ...job, cancelRequestedAt: job.cancelRequestedAt ?? event.at, wish: null }
    case "wish":
      return wished(job, event)
    case "corrected":
      return corrected(job, event)
    case "note":
      return { ...job, notes: [...job.notes, event.text] }
    case "pruned":
      return { ...job, pruned: event.where }
  }
}

/** What a person takes back by asking for another attempt of a job that was over. */
const reopened = { endedAt: null, collected: null, cancelRequestedAt: null } as const

function attemptEnd(job: Job): number | null {
  return job.attempts.at(-1)?.endedAt ?? null
}

function isAccepted(job: Job): boolean {
  return job.attempts.at(-1)?.submission === "accepted"
}

function newAttempt(event: Extract<JobEvent, { type: "intent" }>): Attempt {
  return {
    number: event.attempt,
    replacement: event.replacement,
    token: event.token,
    nativeName: event.nativeName,
    directory: event.directory,
    devices: event.devices ?? [],
    ...(event.resources === undefined ? {} : { resources: event.resources }),
    ...(event.excludeNodes === undefined ? {} : { excludeNodes: event.excludeNodes }),
    submission: "intended",
    refusedTries: 0,
    nativeId: null,
    submitTime: null,
    createdAt: event.at,
    acceptedAt: null,
    startedAt: null,
    endedAt: null,
    host: null,
    lastSeen: null,
    outcome: null,
    evidence: [],
    fence: null,
  }
}

function observed(job: Job, event: Extract<JobEvent, { type: "observed" }>): Job | Refusal {
  const { evidence } = event
  const attempt = job.attempts.at(-1)
  return onAttempt(
    job,
    event,
    {
      submission: "accepted",
      // Also where the answer to the submission was lost.
      nativeId: evidence.nativeId ?? attempt?.nativeId ?? null,
      submitTime: attempt?.submitTime ?? evidence.submitTime,
      acceptedAt: attempt?.acceptedAt ?? event.at,
      // Accounting does not count restarts.
      lastSeen: { ...evidence, restarts: evidence.restarts ?? attempt?.lastSeen?.restarts ?? null },
      startedAt: evidence.startedAt ?? attempt?.startedAt ?? null,
      host: evidence.host ?? attempt?.host ?? null,
      ...seenAgain(job),
    },
    { state: event.state, reason: evidence.reason, waiting: null, wish: openWish(job.wish ?? null, event.state) },
  )
}

function wished(job: Job, { wish, reason, restarts }: Extract<JobEvent, { type: "wish" }>): Job {
  if (isFinal(job.state)) return job
  // The one before it may have reached the manager, and show later.
  const isUnsettled = (job.wish ?? null) !== null && !["new", "staging"].includes(job.state)
  return {
    ...job,
    wish: isUnsettled ? wish : openWish(wish, job.state),
    ...(restarts === undefined ? {} : { requeueFrom: restarts }),
    notes: reason === null ? job.notes : [...job.notes, reason],
  }
}

/** What the manager has is held back no longer. */
function seenAgain({ attempts }: Job): Pick<Attempt, "heldBack"> {
  return attempts.at(-1)?.heldBack === true ? { heldBack: false } : {}
}

function endTimes(
  attempt: Attempt | undefined,
  event: Extract<JobEvent, { type: "ended" | "corrected" }>,
): Pick<Attempt, "startedAt" | "endedAt" | "host"> {
  const told = (pick: (e: (typeof event.evidence)[number]) => number | null) =>
    event.evidence.map(pick).find((time) => time !== null) ?? null
  return {
    startedAt: told((e) => e.startedAt) ?? attempt?.startedAt ?? null,
    endedAt: told((e) => e.endedAt) ?? event.at,
    host: event.evidence.find((e) => e.host !== null)?.host ?? attempt?.host ?? null,
  }
}

function corrected(job: Job, event: Extract<JobEvent, { type: "corrected" }>): Job | Refusal {
  const { outcome, evidence } = event
  const attempts = job.attempts.map((attempt) =>
    attempt.token === event.token ? { ...attempt, outcome, evidence, ...endTimes(attempt, event) } : attempt,
  )
  const isCurrent = job.attempts.at(-1)?.token === event.token
  if (isCurrent && job.state === "collecting") return { ...job, attempts, outcome }
  if (!isCurrent || !isFinal(job.state)) return { ...job, attempts }
  const reason = "corrected by late evidence"
  // Nothing is left to bring back of one whose directory is gone.
  if (job.pruned !== null) return { ...job, attempts, state: outcome.state, outcome, reason }
  return { ...job, attempts, state: "collecting", outcome, reason }
}

/** Changes the attempt that the event names; refuses a token that is not the current one. */
function onAttempt(
  job: Job,
  event: JobEvent & { readonly token: string },
  change: Partial<Attempt>,
  jobChange: Partial<Job> & { state?: JobState } = {},
): Job | Refusal {
  const current = job.attempts.at(-1)
  if (current === undefined || current.token !== event.token) {
    return refuse(event, `${event.token} is not the job's current attempt.`)
  }
  return { ...job, ...jobChange, attempts: [...job.attempts.slice(0, -1), { ...current, ...change }] }
}

/** The same for one that may have been followed by others. */
function onAnyAttempt(job: Job, event: JobEvent & { readonly token: string }, change: Partial<Attempt>): Job | Refusal {
  if (!job.attempts.some(({ token }) => token === event.token))
    return refuse(event, `${event.token} is no attempt of this job.`)
  const attempts = job.attempts.map((attempt) => (attempt.token === event.token ? { ...attempt, ...change } : attempt))
  return { ...job, attempts }
}

function refuse(event: JobEvent, why: string): Refusal {
  return { event, why }
}
