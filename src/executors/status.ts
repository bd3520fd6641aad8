/** Status: what the controller serves, and how each manager is. Reads only. */
import { isoTime } from "../clock.ts"
import type { Job, JobState } from "../job/index.ts"
import { version } from "../version.ts"
import type { Status } from "./api.ts"
import type { Fleet } from "./fleet.ts"

export function statusOf(fleet: Fleet): Status {
  const { store, executors, stateDirectory } = fleet.parts
  const jobs = [...store.jobs.values()].filter((job) => job.pruned !== "both")
  const strays = jobs.filter((job) => !executors.has(job.executor)).map((job) => job.executor)
  return {
    stateDirectory,
    controller: { pid: process.pid, epoch: store.epoch, startedAt: isoTime(fleet.startedAt), version },
    executors: [...executors.values()].map((parts) => {
      const record = store.managers.get(parts.name)
      return {
        name: parts.name,
        scheduler: parts.scheduler.name,
        address: parts.transport.address,
        health: record?.health ?? "up",
        reason: record?.reason ?? null,
        since: record === undefined ? null : isoTime(record.since),
        jobs: countByState(jobs.filter((job) => job.executor === parts.name)),
      }
    }),
    findings: [
      ...store.findings.map((finding) => `${finding.file}${finding.line === null ? "" : `:${finding.line}`}: ${finding.kind}: ${finding.detail}`),
      ...[...new Set(strays)].map((name) => `Executor "${name}" has jobs and is not in the config: they wait until it is back.`),
    ],
  }
}

function countByState(jobs: readonly Job[]): Partial<Record<JobState, number>> {
  const counts: Partial<Record<JobState, number>> = {}
  for (const job of jobs) counts[job.state] = (counts[job.state] ?? 0) + 1
  return counts
}
