/** Stage: the job directories of one chunk travel as one tar stream and stand whole on the other side, or not at all. */
import { HawserError, UsageError } from "../errors.ts"
import {
  type AnyEventBody,
  type Attempt,
  type Cause,
  type HostSlots,
  type Job,
  type JobSpec,
  currentAttempt,
  giveUpAt,
  isFinal,
  tasksOf,
  unlimitedWalltime,
} from "../job/index.ts"
import type { Place } from "../remote/layout.ts"
import { InputError, type StageJob } from "../remote/pack.ts"
import { wrapperProgram } from "../remote/programs.ts"
import { jobFiles } from "../remote/script.ts"
import { type StageReply, stageJobs } from "../remote/staging.ts"
import type { Session } from "../transport/session.ts"
import { endedElsewhere } from "./cancel.ts"
import { type Desk, tellWaiting } from "./desk.ts"
import { hostsOf } from "./slots.ts"
import { submissionOf } from "./submission.ts"
import type { Watched } from "./watched.ts"

/** Returns the jobs whose directories stand there now. One that can't be staged is ended or waits; the others go on. */
export async function stageChunk(
  desk: Desk,
  session: Session,
  place: Place,
  jobs: readonly Job[],
  signal: AbortSignal,
): Promise<readonly Job[]> {
  const described = jobs.map((job) => describe(desk, place, job))
  await end(
    desk,
    described.flatMap((one) => ("refusal" in one ? [one.refusal] : [])),
  )
  const packed = described.flatMap((one) => ("refusal" in one ? [] : [one]))
  const replies = await send(desk, session, place, packed, signal)
  const ends: AnyEventBody[] = []
  const waiting = new Map<string, string>()
  const standing = packed.filter(({ job, attempt, stage }) => {
    const reply = replies.find(({ token }) => token === stage.token)
    if (reply?.status === "conflict")
      ends.push(endOf(job, "stage-in", "A job directory of this token is there with another spec."))
    // Somebody here may have given it up and pruned it meanwhile.
    if (reply?.status === "removed" && !isFinal(desk.store.jobs.get(job.id)?.state ?? job.state))
      ends.push(endedElsewhere({ job, attempt }))
    if (reply?.status === "failed")
      waiting.set(job.id, `Its job directory could not be put into place: ${reply.reason ?? "no reason given"}`)
    return reply?.status === "staged" || reply?.status === "exists"
  })
  await end(desk, ends)
  await tellWaiting(desk, waiting)
  return standing.map(({ job }) => job)
}

interface Packed extends Watched {
  readonly stage: StageJob
}

/**
 * An input that is not what it was cuts the stream: its job is ended or waits, and the others go without it. A full disk
 * over there is waited out by all.
 */
async function send(
  desk: Desk,
  session: Session,
  place: Place,
  packed: readonly Packed[],
  signal: AbortSignal,
): Promise<readonly StageReply[]> {
  const options = { nonce: desk.clock.nonce(8), programs: [wrapperProgram()], clock: desk.clock, signal }
  try {
    return await stageJobs(
      session,
      place,
      packed.map(({ stage }) => stage),
      options,
    )
  } catch (error) {
    if (error instanceof HawserError && error.class === "limit") return diskFull(desk, packed, error)
    if (!(error instanceof InputError)) throw error
    const culprit = packed.find(({ stage }) => stage.token === error.token)
    if (culprit === undefined) throw error
    if (error.class === "rejected") await end(desk, [endOf(culprit.job, "stage-in", error.message)])
    else await tellWaiting(desk, new Map([[culprit.job.id, error.message]]))
    return send(
      desk,
      session,
      place,
      packed.filter((one) => one !== culprit),
      signal,
    )
  }
}

async function diskFull(desk: Desk, packed: readonly Packed[], error: HawserError): Promise<readonly StageReply[]> {
  const reason = [error.summary, error.reason].filter((line) => line !== undefined).join(" ")
  desk.throttle.refused(reason)
  await tellWaiting(desk, new Map(packed.map(({ job }) => [job.id, reason])))
  return []
}

function describe(desk: Desk, place: Place, job: Job): Packed | { readonly refusal: AnyEventBody } {
  const attempt = currentAttempt(job)
  if (attempt === null) return { refusal: endOf(job, "rejected", "It has no attempt.") }
  try {
    const stage = { token: attempt.token, inputs: job.spec.inputs, files: filesOf(desk, place, job, attempt) }
    return { job, attempt, stage }
  } catch (error) {
    if (error instanceof UsageError) return { refusal: endOf(job, "rejected", error.message) }
    throw error
  }
}

function filesOf(desk: Desk, place: Place, job: Job, attempt: Attempt): StageJob["files"] {
  const { scheduler } = desk
  const { hosts } = desk.throttle.limits.capacity ?? {}
  const submission = submissionOf(hosts === undefined ? withDevices(job, attempt) : job, attempt)
  const { spec } = submission
  const launcher = desk.launcherFor(job)
  return jobFiles({
    home: place.home,
    submission,
    job: { id: job.id, key: job.key, attempt: attempt.number },
    directives: scheduler.directives(submission),
    jobVariables: scheduler.jobVariables,
    wrapper: wrapperProgram().name,
    launch: launcher.launch(spec, { ownSlots: scheduler.features.countsResources }),
    hosts:
      hosts === undefined
        ? scheduler.features.countsResources
          ? here(spec)
          : null
        : hostsOf(hosts, attempt.devices, spec),
    secrets: secretsOf(desk, job),
    startBefore: startBefore(desk, job),
    earlier: job.attempts
      .map(({ token }) => token)
      .filter((token) => token !== attempt.token)
      .reverse(),
    walltime: scheduler.features.countsResources ? walltimeOf(spec) : null,
  })
}

/** One host, which has as many slots as we say: its cores were counted before. */
function here({ resources }: JobSpec): HostSlots[] {
  return [{ host: "localhost", slots: tasksOf(resources) }]
}

/** On the manager's clock. */
function startBefore({ link }: Desk, job: Job): number | null {
  const at = giveUpAt(job)
  return at === null ? null : at + link.clockOffsetMs
}

function walltimeOf({ resources: { walltime } }: JobSpec): number | null {
  return walltime === null || walltime === unlimitedWalltime ? null : walltime
}

/** GPUs that we share out ourselves are told to the payload as the drivers expect it. */
function withDevices(job: Job, { devices }: Attempt): Job {
  if (devices.length === 0) return job
  return { ...job, spec: { ...job.spec, env: { CUDA_VISIBLE_DEVICES: devices.join(","), ...job.spec.env } } }
}

function secretsOf(desk: Desk, job: Job): Record<string, string> {
  const secrets: Record<string, string> = {}
  for (const value of Object.values(job.spec.env)) {
    const known = typeof value === "string" ? undefined : desk.secret(job, value.fromEnv)
    if (typeof value !== "string" && known !== undefined) secrets[value.fromEnv] = known
  }
  return secrets
}

function endOf(job: Job, cause: Cause, reason: string): AnyEventBody {
  return { job: job.id, type: "finished", outcome: { state: "failed", cause, exitCode: null, signal: null }, reason }
}

async function end(desk: Desk, events: readonly AnyEventBody[]): Promise<void> {
  if (events.length > 0) await desk.store.append(events)
}
