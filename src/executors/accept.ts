/** Accept: from what a user wrote to a recorded job. Everything that can be known at once is checked before. */
import { homedir } from "node:os"
import type { HawserError } from "../errors.ts"
import { UsageError, asHawserError } from "../errors.ts"
import {
  type AnyEventBody,
  type Job,
  type JobSpec,
  type Problem,
  applyDefaults,
  canonicalSpec,
  escalationProblems,
  isAbandoned,
  isFinal,
  parseSpec,
  requeueProblems,
  signalProblems,
} from "../job/index.ts"
import type { PlainError, SubmitRequest, SubmitResult } from "./api.ts"
import type { ExecutorParts, FleetView } from "./parts.ts"
import { newestOfKey } from "./naming.ts"
import { secretMissing } from "../remote/script.ts"
import { jobIdFor } from "./token.ts"
import { inTurn } from "./turns.ts"

interface Candidate {
  readonly request: SubmitRequest
  readonly key: string
  readonly executor: string
  readonly spec: JobSpec
}

type Outcome = { readonly id: string; readonly existed: boolean } | { readonly error: HawserError }

type Reading = Candidate | { readonly error: HawserError }

/** Each request resolves or fails by itself; all that are new are recorded as one group. */
export async function acceptAll(fleet: FleetView, requests: readonly SubmitRequest[]): Promise<SubmitResult[]> {
  const contacts = new Map<string, Promise<void>>()
  const readings: Reading[] = []
  for (const request of requests) {
    readings.push(
      await reachable(fleet, request, contacts).catch((error: unknown) => ({ error: asHawserError(error) })),
    )
  }
  return inTurn(fleet.parts.store, async () => acceptRead(fleet, readings))
}

async function acceptRead(fleet: FleetView, readings: readonly Reading[]): Promise<SubmitResult[]> {
  const created: AnyEventBody[] = []
  const inBatch = new Map<string, Candidate>()
  const outcomes = readings.map((reading): Outcome => {
    if ("error" in reading) return reading
    try {
      return accept(fleet, reading, inBatch, created)
    } catch (error) {
      return { error: asHawserError(error) }
    }
  })
  if (created.length > 0) await fleet.parts.store.append(created)
  for (const executor of new Set([...inBatch.values()].map((candidate) => candidate.executor))) {
    fleet.engine(executor).hurry()
    fleet.engine(executor).desk.bells.submit.ring()
  }
  return outcomes.map((outcome) =>
    "error" in outcome
      ? { ok: false, error: plainError(outcome.error) }
      : { ok: true, job: fleet.view(fleet.job(outcome.id)), existed: outcome.existed },
  )
}

/** Read, and its manager has been reached at least once; a key that is known needs no contact. */
async function reachable(
  fleet: FleetView,
  request: SubmitRequest,
  contacts: Map<string, Promise<void>>,
): Promise<Candidate> {
  const candidate = read(fleet, request)
  const known = newestOfKey(fleet.parts.store, candidate.key)
  if (known === undefined || isFree(known)) await firstContact(fleet, candidate.executor, contacts)
  return candidate
}

function accept(
  fleet: FleetView,
  candidate: Candidate,
  inBatch: Map<string, Candidate>,
  created: AnyEventBody[],
): Outcome {
  const { key, executor, spec, request } = candidate
  const earlier = inBatch.get(key)
  const { store } = fleet.parts
  const newest = newestOfKey(store, key)
  const existing = newest === undefined || isFree(newest) ? undefined : newest
  const same = earlier ?? existing
  // A token that is used twice would find the records of its first use.
  const generation = newest === undefined ? 0 : newest.generation + 1
  if (same !== undefined) {
    if (!isSame(same, candidate) && request.onConflict !== "keep") throw keyTaken(candidate, same)
    if (existing !== undefined) learnSecrets(fleet, existing, request)
    return { id: existing?.id ?? jobIdFor(store.identity.seed, key, generation), existed: true }
  }
  checkSecrets(request, spec)
  const id = jobIdFor(store.identity.seed, key, generation)
  if (request.secrets !== undefined) fleet.secrets.set(id, request.secrets)
  inBatch.set(key, candidate)
  created.push({ job: id, type: "created", key, executor, generation, spec })
  return { id, existed: false }
}

/** The key can be used again: what had it is forgotten, or was abandoned. */
function isFree(job: Job): boolean {
  return job.pruned === "both" || isAbandoned(job)
}

/** A controller that was started again knows no secrets: submitting the same key once more tells it. */
function learnSecrets(fleet: FleetView, job: Job, { secrets }: SubmitRequest): void {
  if (secrets === undefined || isFinal(job.state)) return
  fleet.secrets.set(job.id, { ...fleet.secrets.get(job.id), ...secrets })
  if (fleet.parts.executors.has(job.executor)) fleet.engine(job.executor).desk.bells.submit.ring()
}

/** Parsed, with the executor's defaults, and expressible in the manager's own words. */
function read(fleet: FleetView, request: SubmitRequest): Candidate {
  const reading = parseSpec(request.spec, {
    base: request.base ?? process.cwd(),
    home: homedir(),
    key: request.key ?? null,
  })
  if (!reading.ok) throw specInvalid(request, reading.problems)
  const executor = request.executor ?? reading.value.executor ?? fleet.parts.defaultExecutor
  const parts = fleet.partsOf(executor)
  const spec = applyDefaults(reading.value.spec, parts.defaults)
  const problems = [...escalationProblems(spec), ...signalProblems(spec), ...requeueProblems(spec)]
  if (problems.length > 0) throw specInvalid(request, problems)
  checkExpressible(parts, spec)
  return { request, key: reading.value.key ?? `job-${fleet.parts.clock.nonce(5)}`, executor, spec }
}

function specInvalid({ key }: SubmitRequest, problems: readonly Problem[]): UsageError {
  return new UsageError("SPEC_INVALID", {
    summary: `The job${key === undefined ? "" : ` "${key}"`} can't be submitted as it is written.`,
    reason: problems.map(({ field, why, want }) => `${field} ${why}. ${want}`).join("\n"),
    advice: "docs/spec.md describes every field.",
  })
}

/** The dialect and the launcher refuse here what they can't say, long before anything is sent. */
function checkExpressible(parts: ExecutorParts, spec: JobSpec): void {
  const directory = "/hawser/jobs/hz0000000000000"
  const submission = {
    token: "hz0000000000000",
    nativeName: "hz0000000000000",
    directory,
    script: `${directory}/job.sh`,
    spec,
  }
  if (spec.retry.requeue === true && !parts.scheduler.features.requeue) throw requeueUnknown(parts)
  parts.scheduler.directives(submission)
  parts.scheduler.submit(submission)
  parts.launcherFor(spec).launch(spec, { ownSlots: parts.scheduler.features.countsResources })
}

function requeueUnknown({ name, scheduler }: ExecutorParts): UsageError {
  return new UsageError("SPEC_INVALID", {
    summary: `retry.requeue can't be had on ${name}.`,
    reason: `Its manager (${scheduler.name}) starts nothing again by itself.`,
    advice: "Leave it out: with maxAttempts: 2 or more, Hawser itself makes further attempts.",
  })
}

/** A value that nobody here knows would have to be waited for, perhaps for ever. */
function checkSecrets({ secrets = {} }: SubmitRequest, { env }: JobSpec): void {
  for (const [name, value] of Object.entries(env)) {
    if (typeof value === "string") continue
    if (secrets[value.fromEnv] === undefined && process.env[value.fromEnv] === undefined)
      throw secretMissing(name, value)
  }
}

/** The very first connection of a state directory to an executor must succeed, or nothing is recorded (DESIGN 8). */
async function firstContact(fleet: FleetView, executor: string, contacts: Map<string, Promise<void>>): Promise<void> {
  if (fleet.parts.store.managers.get(executor)?.contacted) return
  const contact = contacts.get(executor) ?? fleet.engine(executor).firstContact()
  contacts.set(executor, contact)
  await contact
}

function isSame(known: Job | Candidate, candidate: Candidate): boolean {
  return known.executor === candidate.executor && canonicalSpec(known.spec) === canonicalSpec(candidate.spec)
}

function keyTaken(candidate: Candidate, known: Job | Candidate): UsageError {
  const what = known.executor === candidate.executor ? "another spec" : `executor ${known.executor}`
  return new UsageError("KEY_TAKEN", {
    summary: `The key "${candidate.key}" belongs to a job already, with ${what}.`,
    reason: "A key names one job of a state directory; submitting it again returns that job.",
    advice: "Take another key, submit the spec as it was, or `hawser prune` the old job first.",
  })
}

function plainError(error: HawserError): PlainError {
  const { name, code, summary } = error
  return { name, code, class: error.class, summary, reason: error.reason ?? null, advice: error.advice ?? null }
}
