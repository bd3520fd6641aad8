/** Prune: job directories of finished jobs go, on the other side and, if asked for, here. Never one that is still needed. */
import { join } from "node:path"
import { asHawserError } from "../errors.ts"
import { type AnyEventBody, type Job, hasTombstone, isFinal } from "../job/index.ts"
import { localDisk } from "../remote/resultsDisk.ts"
import { remove } from "../remote/verbs.ts"
import type { PruneRequest, PruneResult } from "./api.ts"
import type { FleetView } from "./parts.ts"

/** Tokens per call: one command line stays far below the 128 kB that one argument list may have. */
const tokensPerCall = 500

/** Removes by age and state, or by name. What can't be removed now is kept and said. */
export async function prune(fleet: FleetView, request: PruneRequest): Promise<PruneResult> {
  const kept: { id: string; why: string }[] = []
  const wanted: Job[] = []
  const dependents = dependentsIn(fleet)
  for (const job of candidates(fleet, request)) {
    const why = neededFor(fleet, job, request, dependents)
    if (why === null) wanted.push(job)
    else if (request.names !== undefined) kept.push({ id: job.id, why })
  }
  if (request.dryRun) return { pruned: wanted.map((job) => job.id), kept }
  const pruned: string[] = []
  for (const [executor, jobs] of byExecutor(wanted)) {
    try {
      await removeRemote(fleet, executor, jobs)
    } catch (error) {
      const why = asHawserError(error).summary
      kept.push(...jobs.map((job) => ({ id: job.id, why })))
      continue
    }
    const left = new Map<Job, string>()
    if (request.local) {
      for (const job of jobs) {
        await removeLocal(fleet, job).catch((error: unknown) => left.set(job, asHawserError(error).message))
      }
    }
    const whereOf = (job: Job): "both" | "remote" => (request.local && !left.has(job) ? "both" : "remote")
    await fleet.parts.store.append(
      jobs.map((job): AnyEventBody => ({ job: job.id, type: "pruned", where: whereOf(job) })),
    )
    kept.push(...[...left].map(([{ id }, why]) => ({ id, why: `Its results can't be removed here. ${why}` })))
    pruned.push(...jobs.filter((job) => !left.has(job)).map((job) => job.id))
  }
  return { pruned, kept }
}

function candidates(fleet: FleetView, request: PruneRequest): Job[] {
  if (request.names !== undefined) return [...fleet.jobsOf(request.names)]
  return [...fleet.parts.store.jobs.values()].filter(
    (job) => job.pruned !== "both" && (request.local || job.pruned === null),
  )
}

/** Why the job must stay; null: nobody needs it. */
function neededFor(
  fleet: FleetView,
  job: Job,
  request: PruneRequest,
  dependents: ReadonlyMap<string, string>,
): string | null {
  if (!isFinal(job.state)) return `It is ${job.state}.`
  if (request.states !== undefined && !request.states.includes(job.state)) return `It is ${job.state}.`
  if (fleet.parts.clock.now() - (job.endedAt ?? job.changedAt) < request.olderThanMs) return "It is not old enough."
  // Its records may be the only proof of its end, and only a token that is known can be cancelled.
  if (hasTombstone(job)) return "Something of it may be left over there (a tombstone)."
  const dependent = dependents.get(job.key) ?? dependents.get(job.id)
  return dependent === undefined ? null : `${dependent} waits for it.`
}

/** From the key or id of a job to the key of one that waits for it. */
function dependentsIn(fleet: FleetView): Map<string, string> {
  const open = [...fleet.parts.store.jobs.values()].filter((job) => !isFinal(job.state))
  return new Map(open.flatMap((job) => job.spec.after.map((one) => [one.job, job.key] as const)))
}

function byExecutor(jobs: readonly Job[]): Map<string, Job[]> {
  const groups = new Map<string, Job[]>()
  for (const job of jobs) groups.set(job.executor, [...(groups.get(job.executor) ?? []), job])
  return groups
}

async function removeRemote(fleet: FleetView, executor: string, jobs: readonly Job[]): Promise<void> {
  const tokens = jobs
    .filter((job) => job.pruned === null)
    .flatMap((job) => job.attempts.map((attempt) => attempt.token))
  if (tokens.length === 0) return
  const { session, place } = await fleet.engine(executor).desk.link.session(new AbortController().signal)
  for (let start = 0; start < tokens.length; start += tokensPerCall) {
    await session.act(remove(place, tokens.slice(start, start + tokensPerCall)))
  }
}

/** Only what Hawser itself made: a folder that the user named with `into` is the user's. */
async function removeLocal(fleet: FleetView, job: Job): Promise<void> {
  if (job.spec.into !== null) return
  const disk = fleet.parts.executors.get(job.executor)?.resultsDisk ?? localDisk
  await disk.remove(Buffer.from(join(fleet.stateDirectory, "jobs", job.id)))
}
