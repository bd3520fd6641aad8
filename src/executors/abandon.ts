/** Abandon: jobs whose manager is gone for good end here and now; nothing over there is needed or waited for. (PROTOCOL 23) */
import { hostname, userInfo } from "node:os"
import { type Clock, duration, isoTime } from "../clock.ts"
import { StoreError, UsageError } from "../errors.ts"
import { type AnyEventBody, type Job, currentAttempt, isFinal } from "../job/index.ts"
import type { JobStore } from "../persist/store.ts"
import type { AbandonRequest, AbandonResult } from "./api.ts"
import { healthOf } from "./link.ts"
import { findJobs } from "./naming.ts"
import type { FleetView } from "./parts.ts"
import { inTurn } from "./turns.ts"

/**
 * Resolves when it is on disk: the jobs are over, their keys can be used again. What may be left of them over there is a
 * tombstone, which the engine of their executor settles when the manager answers. The executor need not be configured.
 */
export async function abandon(fleet: FleetView, request: AbandonRequest): Promise<AbandonResult> {
  const named = jobsNamed(fleet, request)
  const open = named.filter((job) => !isFinal(job.state))
  const over = named.filter((job) => isFinal(job.state)).map((job) => fleet.view(job))
  if (request.dryRun) return { abandoned: open.map((job) => fleet.view(job)), over }
  const abandoned = await inTurn(fleet.parts.store, () => endAll(fleet, open))
  // At once where the manager can be reached; its loops also let go of what they had in hand.
  for (const executor of new Set(abandoned.map((job) => job.executor))) fleet.wake(executor)
  const late = open.filter((job) => !abandoned.includes(job)).map(({ id }) => fleet.view(fleet.job(id)))
  return { abandoned: abandoned.map(({ id }) => fleet.view(fleet.job(id))), over: [...over, ...late] }
}

/** An end that is being written when somebody abandons its job: between two looks whether it is on disk, and how many. */
const writingMs = 20
const writingLooksMax = 250

/** As one group; one that ended in the same moment keeps its own end, and no other from its turn. */
async function endAll({ parts: { store, clock } }: FleetView, jobs: readonly Job[]): Promise<readonly Job[]> {
  const by = who()
  const open = jobs.filter(({ id }) => !isFinal(store.jobs.get(id)?.state ?? "failed"))
  const ends = open.map(({ id }) => endOf(store, store.jobs.get(id), by, clock.now()))
  try {
    await store.append(ends.flat())
    return open
  } catch (error) {
    if (!isRefused(error)) throw error
  }
  const ended: Job[] = []
  for (const job of open) if (await endOne(store, clock, job, by)) ended.push(job)
  return ended
}

/** False: it has an end of its own. What refuses ours is one that is being written: it counts once it is on disk, or never. */
async function endOne(store: JobStore, clock: Clock, { id }: Job, by: string): Promise<boolean> {
  for (let looks = writingLooksMax; looks > 0; looks -= 1) {
    const job = store.jobs.get(id)
    if (job === undefined || isFinal(job.state)) return false
    try {
      await store.append(endOf(store, job, by, clock.now()))
      return true
    } catch (error) {
      if (!isRefused(error)) throw error
    }
    await clock.sleep(writingMs)
  }
  return false
}

function endOf(store: JobStore, job: Job | undefined, by: string, now: number): AnyEventBody[] {
  if (job === undefined) return []
  const outcome = { state: "failed", cause: "abandoned", exitCode: null, signal: null } as const
  return [{ job: job.id, type: "finished", outcome, reason: reasonOf(store, job, by, now) }]
}

/** Who, when, and what was known last, of the manager and of the job. */
function reasonOf(store: JobStore, job: Job, by: string, now: number): string {
  const { health, reason } = healthOf(store, job.executor)
  const since = store.managers.get(job.executor)?.since
  const age = since === undefined || health === "up" ? "" : ` for ${duration(now - since)}`
  const manager = `${job.executor} was ${health}${age}${reason === null ? "" : ` (${reason.replaceAll(/\s+/g, " ")})`}`
  return `Abandoned by ${by} at ${isoTime(now)}. ${manager}; ${lastKnown(job, now)}.`
}

function lastKnown(job: Job, now: number): string {
  const attempt = currentAttempt(job)
  if (attempt === null || job.state === "new") return "nothing of the job was with the manager"
  const native = attempt.nativeId === null ? "no native id was known" : `as ${attempt.nativeId}`
  const host = attempt.host === null ? "" : ` on ${attempt.host}`
  const seenAt = attempt.lastSeen?.seenAt ?? attempt.acceptedAt ?? attempt.createdAt
  if (attempt.outcome !== null) {
    const { state, cause } = attempt.outcome
    return `it had ended (${cause ?? state}), and its outputs had not come back`
  }
  return `the job was last known as ${job.state}, ${native}${host}, ${duration(Math.max(0, now - seenAt))} before`
}

function who(): string {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    // A user without a name, in a container.
    return `uid ${process.getuid?.() ?? "?"}@${hostname()}`
  }
}

/** Each job once. Throws a UsageError for a name that is nothing, or both an executor and a job. */
function jobsNamed(fleet: FleetView, { names = [], executors = [], jobs = [] }: AbandonRequest): Job[] {
  const { store } = fleet.parts
  const known = new Set([...fleet.parts.executors.keys(), ...[...store.jobs.values()].map((job) => job.executor)])
  const ofExecutor = (name: string): Job[] =>
    [...store.jobs.values()].filter((job) => job.executor === name && !isFinal(job.state))
  const found = [
    ...executors.flatMap((name) => (known.has(name) ? ofExecutor(name) : unknown("executor", name, known))),
    ...fleet.jobsOf(jobs),
    ...names.flatMap((name) => {
      if (!known.has(name)) return isJob(store, name) ? findJobs(store, name) : unknown("job or executor", name, known)
      if (isJob(store, name)) throw ambiguous(name, ofExecutor(name).length)
      return ofExecutor(name)
    }),
  ]
  return [...new Set(found)]
}

/** Also where it could be several. */
function isJob(store: JobStore, name: string): boolean {
  try {
    findJobs(store, name)
    return true
  } catch (error) {
    return !(error instanceof UsageError && error.code === "JOB_UNKNOWN")
  }
}

function unknown(what: string, name: string, known: ReadonlySet<string>): never {
  throw new UsageError("NAME_UNKNOWN", {
    summary: `There is no ${what} "${name}".`,
    reason: `The executors are ${[...known].join(", ")}.`,
    advice: '"hawser list" shows the jobs, "hawser status" the executors.',
  })
}

function ambiguous(name: string, jobs: number): UsageError {
  return new UsageError("NAME_AMBIGUOUS", {
    summary: `"${name}" is an executor and a job.`,
    reason: `It could mean all ${jobs} jobs of the executor that are not over, or one job by its key or id.`,
    advice: `Say --executor ${name}, or --job ${name}.`,
  })
}

function isRefused(error: unknown): boolean {
  return error instanceof StoreError && error.code === "EVENT_REFUSED"
}
