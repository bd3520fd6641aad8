/** Status: what the controller serves, and how each manager is. Reads only. */
import { isoTime } from "../clock.ts"
import { type Job, type JobState, currentAttempt, forsakenAt, isFinal, looseEndOf } from "../job/index.ts"
import type { JobStore } from "../persist/store.ts"
import { version } from "../version.ts"
import type { InstanceStatus, Status } from "./api.ts"
import { startOf } from "./pilot.ts"

/** An executor as the status names it. */
export interface Described {
  readonly name: string
  readonly scheduler: string
  readonly address: string
}

/** `startedAt`: when this controller started, ms; null: no controller asks. */
export function statusOf(
  store: JobStore,
  executors: readonly Described[],
  stateDirectory: string,
  startedAt: number | null,
): Status {
  const jobs = [...store.jobs.values()].filter((job) => job.pruned !== "both")
  const names = new Set(executors.map(({ name }) => name))
  const strays = new Set(jobs.map((job) => job.executor).filter((name) => !names.has(name)))
  return {
    stateDirectory,
    controller:
      startedAt === null ? null : { pid: process.pid, epoch: store.epoch, startedAt: isoTime(startedAt), version },
    executors: executors.map((executor) => {
      const record = store.managers.get(executor.name)
      return {
        ...executor,
        health: record?.health ?? "up",
        reason: record?.reason ?? null,
        since: record === undefined ? null : isoTime(record.since),
        paused: typeof record?.pausedSince === "number" ? isoTime(record.pausedSince) : null,
        limits: record?.limits ?? [],
        jobs: countByState(jobs.filter((job) => job.executor === executor.name)),
        instance: instanceStatus(jobs.filter((job) => job.serves === executor.name)),
      }
    }),
    tombstones: tombstonesIn(jobs, names),
    findings: [
      ...store.findings.map(
        ({ file, line, kind, detail }) => `${file}${line === null ? "" : `:${line}`}: ${kind}: ${detail}`,
      ),
      ...[...strays]
        .filter((name) => jobs.some((job) => job.executor === name && !isFinal(job.state)))
        .map((name) => `Executor "${name}" has jobs and is not in the config: they wait until it is back.`),
    ],
  }
}

/** Of all pilots of an executor. */
function instanceStatus(pilots: readonly Job[]): InstanceStatus | null {
  const pilot = pilots.reduce<Job | null>(
    (last, one) => (last === null || one.createdAt >= last.createdAt ? one : last),
    null,
  )
  if (pilot === null) return null
  const since = startOf(pilot)
  return {
    pilot: pilot.key,
    state: pilot.state,
    reason: pilot.waiting ?? pilot.reason,
    on: pilot.executor,
    host: currentAttempt(pilot)?.host ?? null,
    since: since === null ? null : isoTime(since),
    generation: pilots.length,
  }
}

function tombstonesIn(jobs: readonly Job[], configured: ReadonlySet<string>): Status["tombstones"] {
  const since = new Map<string, number[]>()
  for (const job of jobs) {
    const open = job.attempts.filter((attempt) => looseEndOf(job, attempt) === "tombstone")
    if (open.length === 0) continue
    const times = open.map((attempt) => forsakenAt(job, attempt))
    since.set(job.executor, [...(since.get(job.executor) ?? []), ...times])
  }
  return [...since].map(([executor, times]) => ({
    executor,
    open: times.length,
    since: isoTime(times.reduce((least, at) => Math.min(least, at))),
    configured: configured.has(executor),
  }))
}

function countByState(jobs: readonly Job[]): Partial<Record<JobState, number>> {
  const counts: Partial<Record<JobState, number>> = {}
  for (const job of jobs) counts[job.state] = (counts[job.state] ?? 0) + 1
  return counts
}
