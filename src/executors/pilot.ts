/** A pilot: the job that is a Flux instance of our own. What it is submitted as, and what its state means for those who wait. Pure. */
import { duration, isoTime } from "../clock.ts"
import { UsageError } from "../errors.ts"
import {
  type Job,
  type JobSpec,
  type SpecDefaults,
  applyDefaults,
  currentAttempt,
  isFinal,
  noRetry,
  parseSpec,
} from "../job/index.ts"
import { pilotScript, pilotTroubles } from "../remote/instance.ts"

/** An instance as the engine of its executor and its supervisor know it. */
export interface Instance {
  readonly scope: "executor" | "workflow"
  /** The executor whose jobs its pilots are. */
  readonly on: string
  readonly nodes: number
  /** On each node; null: all that are there. */
  readonly cores: number | null
  /** Seconds; null: it has no end. */
  readonly walltime: number | null
  readonly idleMs: number
  /** On the other side, absolute or `~/…`. */
  readonly directory: string
  /** The home of its executor there, absolute or `~/…`. */
  readonly home: string
  readonly token: string
}

/** Number `n` of the pilots of an executor. */
export function pilotKey(executor: string, n: number): string {
  return `instance/${executor}/${n}`
}

/** `countsCores`: it is a process, and no manager gives it nodes. */
export function pilotSpec(
  instance: Instance,
  pilot: number,
  { defaults, countsCores }: { readonly defaults: SpecDefaults; readonly countsCores: boolean },
): JobSpec {
  const { directory, home, token, nodes, cores, walltime, idleMs } = instance
  const drain = drainSeconds(instance)
  const idle = Math.ceil(idleMs / 1000)
  const script = pilotScript({ directory, home, token, pilot, nodes, cores, walltime, drain, idle })
  // Whole nodes, unless cores are said: Flux takes what it finds there.
  const places = countsCores
    ? { tasks: 1 }
    : { nodes, tasks: nodes, tasksPerNode: 1, ...(cores === null ? { exclusive: true } : { cpusPerTask: cores }) }
  const said = {
    name: "flux-instance",
    script,
    launcher: "none",
    resources: { ...places, ...(walltime === null ? {} : { walltime: `${walltime}s` }) },
  }
  const reading = parseSpec(said, { base: "/", key: "instance" })
  if (reading.ok) return { ...applyDefaults(reading.value.spec, defaults), retry: noRetry }
  throw new UsageError("SPEC_INVALID", {
    summary: "A Flux instance can't be started as it is configured.",
    reason: reading.problems.map(({ field, why }) => `${field} ${why}`).join("; "),
    advice: "Correct instance in hawser.yaml.",
  })
}

/** Before the end of its walltime, when nothing is started in it any more. */
export function drainSeconds({ walltime }: Pick<Instance, "walltime">): number {
  return walltime === null ? 0 : Math.min(300, Math.max(20, Math.floor(walltime / 10)))
}

/** It may still run, as far as is known. */
export function isLive(pilot: Job | undefined): pilot is Job {
  return pilot !== undefined && !isFinal(pilot.state) && pilot.state !== "collecting"
}

/** When it ends, ms; null: that is not known. */
function endsAt({ walltime }: Pick<Instance, "walltime">, pilot: Job): number | null {
  const startedAt = startOf(pilot)
  return walltime === null || startedAt === null ? null : startedAt + walltime * 1000
}

export function startOf(pilot: Job): number | null {
  const attempt = currentAttempt(pilot)
  return attempt?.startedAt ?? (pilot.state === "running" ? (attempt?.lastSeen?.seenAt ?? null) : null)
}

export type InstanceWait =
  | { readonly kind: "waiting"; readonly reason: string }
  /** It would wait for ever. */
  | { readonly kind: "never"; readonly cause: "rejected"; readonly reason: string }

/** What a new job has to wait for before it can be submitted to the instance; null: nothing. */
export function waitFor(instance: Instance, job: Job, pilots: readonly Job[], now: number): InstanceWait | null {
  const asked = job.spec.resources.walltime ?? 0
  const longest = instance.walltime === null ? Infinity : instance.walltime - drainSeconds(instance)
  if (asked > longest) {
    const reason = `It asks for ${duration(asked * 1000)}, and a Flux instance of ${job.executor} takes ${duration(longest * 1000)} at most (instance.walltime, and time to stop).`
    return { kind: "never", cause: "rejected", reason }
  }
  const pilot = pilots.at(-1)
  if (!isLive(pilot))
    return { kind: "waiting", reason: `Its Flux instance is being started${troubleText(pilots, now)}.` }
  if (pilot.state !== "running") {
    // Its own reason, and not the manager's, which may change with each sweep.
    const why = pilot.waiting === null ? "" : `: ${pilot.waiting}`
    const reason = `Its Flux instance is being started (${pilot.key} is ${pilot.state} on ${pilot.executor}${why}).`
    return { kind: "waiting", reason }
  }
  const end = endsAt(instance, pilot)
  if (end === null || now + asked * 1000 < end - drainSeconds(instance) * 1000) return null
  return {
    kind: "waiting",
    reason: `Its Flux instance (${pilot.key}) ends at ${isoTime(end)}, which is too soon for it: it waits for the next one.`,
  }
}

const firstDelayMs = 5_000
const delayMsMax = 600_000
/** One that has lived so long was well. */
const shortLifeMs = 60_000

/** When the next pilot may follow those that there were, ms. */
export function nextPilotAt(pilots: readonly Job[]): number {
  const failures = failuresOf(pilots)
  const last = failures.at(-1)
  if (last === undefined) return 0
  return (last.endedAt ?? last.changedAt) + Math.min(delayMsMax, firstDelayMs * 2 ** (failures.length - 1))
}

/** The newest ones in a row that did not come to anything. */
function failuresOf(pilots: readonly Job[]): readonly Job[] {
  const firstGood = pilots.findLastIndex((pilot) => !isShortFailure(pilot))
  return pilots.slice(firstGood + 1)
}

function isShortFailure(pilot: Job): boolean {
  const outcome = pilot.outcome ?? null
  if (outcome === null || outcome.state !== "failed") return false
  const end = currentAttempt(pilot)?.endedAt ?? pilot.endedAt ?? pilot.changedAt
  return end - (startOf(pilot) ?? end) < shortLifeMs
}

function troubleText(pilots: readonly Job[], now: number): string {
  const last = failuresOf(pilots).at(-1)
  if (last === undefined) return ""
  const at = nextPilotAt(pilots)
  const when = at > now ? ` at ${isoTime(at)}` : ""
  return ` again${when}: ${last.key} could not (${troubleOf(last)}; "hawser logs ${last.key}")`
}

/** Why a pilot has ended, in one line. */
function troubleOf({ outcome, reason }: Job): string {
  const known = pilotTroubles[outcome?.exitCode ?? -1]
  return known?.replace(/\.$/, "") ?? reason ?? `${outcome?.cause ?? outcome?.state}, exit code ${outcome?.exitCode}`
}
