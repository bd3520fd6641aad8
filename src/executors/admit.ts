/** Admit: which new jobs may go now, which wait and for what, and which never can. */
import {
  type AnyEventBody,
  type Cause,
  type Dependency,
  type Job,
  giveUpAt,
  hasTombstone,
  isFinal,
  nextTryAt,
  nextTryText,
} from "../job/index.ts"
import type { JobStore } from "../persist/store.ts"
import { checkInputs } from "../remote/inputs.ts"
import { type Desk, tellWaiting } from "./desk.ts"
import { forEach } from "./each.ts"
import { lateText } from "./giveUp.ts"
import { newestOfKey } from "./naming.ts"
import { pauseText } from "./pause.ts"
import { joltText } from "./pulse.ts"
import { counted } from "./visibility.ts"

export interface Admissible {
  readonly admitted: readonly { readonly job: Job; readonly devices: readonly number[] }[]
  /** When the next one could become admissible by itself, ms; null: only by an event. */
  readonly retryMs: number | null
}

/** Writes why jobs wait, ends those that can never run, and returns the rest. */
export async function admissible(desk: Desk): Promise<Admissible> {
  const candidates = desk.book.in("new")
  const gates = new Map(candidates.map((job) => [job, gateOf(desk, job)]))
  const open = candidates.filter((job) => gates.get(job)?.kind === "open")
  const active = counted(desk, desk.book.in("staging", "queued", "held", "running", "suspended"))
  const decisions = desk.throttle.admit(open, [...active, ...ending(desk)])
  const waiting = new Map<string, string | null>()
  const ends: AnyEventBody[] = []
  const possible: { job: Job; devices: readonly number[] }[] = []
  const admitted: { job: Job; devices: readonly number[] }[] = []
  for (const job of candidates) {
    const gateway = gates.get(job) ?? { kind: "open" as const }
    const decision = gateway.kind === "open" ? decisions.get(job.id) : gateway
    if (decision === undefined) continue
    if (decision.kind === "waiting") waiting.set(job.id, decision.reason)
    else if (decision.kind === "impossible") ends.push(endOf(job, "rejected", decision.reason))
    else if (decision.kind === "never") ends.push(endOf(job, decision.cause, decision.reason))
    else if (decision.kind === "cancelled") ends.push(cancelled(job))
    else possible.push({ job, devices: decision.devices })
  }
  const problems = await inputProblems(possible.map(({ job }) => job))
  for (const one of possible) {
    const problem = problems.get(one.job)
    if (problem === undefined) admitted.push(one)
    else ends.push(endOf(one.job, "stage-in", problem))
  }
  await tellWaiting(desk, waiting)
  if (ends.length > 0) await desk.store.append(ends)
  return { admitted, retryMs: waiting.size > 0 || desk.throttle.pauseMs() > 0 ? retryMsOf(desk, candidates) : null }
}

/** Until KILL has had its effect: what was abandoned a moment ago may still have its place, cores and GPUs. */
const endingMsMax = 60_000

function ending({ book, clock }: Desk): Job[] {
  return book.loose().filter((job) => hasTombstone(job) && clock.now() - (job.endedAt ?? 0) < endingMsMax)
}

const heldText = "It is held here, and not submitted before it is released (hawser release)."

type Gate =
  | { readonly kind: "open" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "waiting"; readonly reason: string }
  | { readonly kind: "never"; readonly cause: Cause; readonly reason: string }

/** Whether there is nobody else to do that. */
function waitsForBegin({ scheduler: { features } }: Desk): boolean {
  return features.countsResources || features.begin === false
}

/** Those that its instance is there for come last: nothing else may keep them back. */
function gateOf(desk: Desk, job: Job): Gate {
  const own = gate(desk, job)
  return own.kind === "open" ? (desk.waitForInstance(job) ?? own) : own
}

/** Whether a job of this executor is with its manager, or could be: then it is worth having one. */
export function isWorthAnInstance(desk: Desk): boolean {
  if (desk.book.count("staging", "queued", "held", "running", "suspended") > 0) return true
  return desk.book
    .in("new")
    .some((job) => gate(desk, job).kind === "open" && desk.waitForInstance(job)?.kind !== "never")
}

/** What has to be true before a job may even be counted: not cancelled, not too early, its dependencies met. */
function gate(desk: Desk, job: Job): Gate {
  if (job.cancelRequestedAt !== null) return { kind: "cancelled" }
  const lateAt = giveUpAt(job)
  if (lateAt !== null && lateAt <= desk.clock.now() && !desk.pulse.isSteady)
    return { kind: "waiting", reason: joltText }
  if (lateAt !== null && lateAt <= desk.clock.now())
    return { kind: "never", cause: "launch", reason: `${lateText(lateAt)}, and nothing had been submitted.` }
  if (job.wish === "hold") return { kind: "waiting", reason: heldText }
  const begin = job.spec.resources.begin
  if (begin !== null && waitsForBegin(desk) && Date.parse(begin) > desk.clock.now()) {
    return { kind: "waiting", reason: `It begins at ${begin}.` }
  }
  const nextAt = nextTryAt(job, desk.clock.now())
  if (nextAt !== null && nextAt > desk.clock.now()) return { kind: "waiting", reason: nextTryText(job, nextAt) }
  for (const dependency of job.spec.after) {
    const other = dependedOn(desk.store, dependency)
    if (other === undefined)
      return { kind: "never", cause: "dependency", reason: `There is no job "${dependency.job}" to wait for.` }
    const met = dependencyMet(other, dependency.when)
    if (met === "never")
      return {
        kind: "never",
        cause: "dependency",
        reason: `${dependency.job} is ${other.state}, so it can't become "${dependency.when}".`,
      }
    if (met === "not yet") return { kind: "waiting", reason: `It waits for ${dependency.job}.` }
  }
  const paused = pauseText(desk.store, desk.name)
  if (paused !== null) return { kind: "waiting", reason: paused }
  // Before it is counted: it must not keep a place from those that can go.
  const missing = missingSecrets(desk, job)
  if (missing.length > 0) return { kind: "waiting", reason: needsSecrets(missing) }
  return { kind: "open" }
}

/** By id or by key; undefined: there is no such job. */
export function dependedOn(store: JobStore, { job }: Dependency): Job | undefined {
  return store.jobs.get(job) ?? newestOfKey(store, job)
}

export function dependencyMet(other: Job, when: Dependency["when"]): "met" | "not yet" | "never" {
  if (when === "started") {
    const hasStarted = other.attempts.some((attempt) => attempt.startedAt !== null) || other.state === "running"
    return hasStarted ? "met" : isFinal(other.state) ? "never" : "not yet"
  }
  if (!isFinal(other.state)) return "not yet"
  if (when === "ended") return "met"
  return (when === "completed") === (other.state === "completed") ? "met" : "never"
}

/** The last thing that can be known here: whether its inputs are there. */
async function inputProblems(jobs: readonly Job[]): Promise<Map<Job, string>> {
  const problems = new Map<Job, string>()
  await forEach(jobs, async (job) => {
    const found = await checkInputs(job.spec)
    if (found.length > 0) problems.set(job, found.join(" "))
  })
  return problems
}

export function needsSecrets(names: readonly string[]): string {
  return `It waits for a value of ${names.join(", ")}: submit it again where that is set, or start a controller that has it.`
}

export function missingSecrets(desk: Desk, job: Job): string[] {
  return Object.values(job.spec.env).flatMap((value) =>
    typeof value === "string" || desk.secret(job, value.fromEnv) !== undefined ? [] : [value.fromEnv],
  )
}

function endOf(job: Job, cause: Cause, reason: string): AnyEventBody {
  return { job: job.id, type: "finished", outcome: { state: "failed", cause, exitCode: null, signal: null }, reason }
}

function cancelled(job: Job): AnyEventBody {
  return {
    job: job.id,
    type: "finished",
    outcome: { state: "cancelled", cause: null, exitCode: null, signal: null },
    reason:
      job.attempts.length === 0 ? "Cancelled before anything was submitted." : "Cancelled before another attempt.",
  }
}

function retryMsOf(desk: Desk, candidates: readonly Job[]): number {
  const begins = candidates.flatMap((job) => {
    const begin = job.spec.resources.begin
    return begin === null ? [] : [Math.max(100, Date.parse(begin) - desk.clock.now())]
  })
  const times = candidates.flatMap((job) => [nextTryAt(job, desk.clock.now()) ?? [], giveUpAt(job) ?? []].flat())
  const known = [
    desk.throttle.pauseMs(),
    desk.throttle.laneMs(candidates) ?? 0,
    desk.throttle.rateMs(),
    ...begins,
    ...times.map((at) => at - desk.clock.now()),
  ].filter((ms) => ms > 0)
  return Math.min(30_000, ...known)
}
