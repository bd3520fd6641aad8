/** Who may be submitted now: the user's limits, the manager's, and our own cores where no scheduler counts them. */
import type { Clock } from "../clock.ts"
import { type Attempt, type Job, type Resources, cpusOf, memoryOf, needsOf, nextNeeds } from "../job/index.ts"

export interface Limits {
  /** Natives in the manager at a time, ours. */
  readonly maxQueued: number | null
  readonly maxSubmitPerMinute: number | null
  /** What we share out ourselves; null where the manager does. Memory in bytes. */
  readonly capacity: { readonly cores: number; readonly memory: number | null; readonly gpus: number } | null
}

export type Admission =
  | { readonly kind: "admitted"; readonly devices: readonly number[] }
  | { readonly kind: "waiting"; readonly reason: string }
  /** It would wait for ever. */
  | { readonly kind: "impossible"; readonly reason: string }

const pauseMsMin = 5_000
const pauseMsMax = 300_000
const minuteMs = 60_000

/** Counts what is in use at each pass and hands out the rest, first fit. */
export class Throttle {
  readonly limits: Limits
  private readonly clock: Clock
  private submittedAt: number[] = []
  private paused: { readonly until: number; readonly ms: number; readonly reason: string } | null = null

  /** `before`: jobs of earlier controllers. What those have submitted in the last minute counts, too. */
  constructor(clock: Clock, limits: Limits, before: Iterable<Job> = []) {
    this.clock = clock
    this.limits = limits
    if (limits.maxSubmitPerMinute === null) return
    for (const job of before) for (const attempt of job.attempts) this.count(attempt)
    this.submittedAt.sort((one, other) => one - other)
  }

  /** One that is open and not known as accepted may have been submitted just now: nobody has written that down. */
  private count({ acceptedAt, outcome, fence }: Attempt): void {
    const isOpen = acceptedAt === null && outcome === null && fence !== "won"
    const agoMs = isOpen ? 0 : this.clock.now() - (acceptedAt ?? Number.NEGATIVE_INFINITY)
    if (agoMs < minuteMs) this.submittedAt.push(this.clock.monotonic() - Math.max(0, agoMs))
  }

  /** Bytes that our host has to share out; null: unlimited, or the manager's affair. */
  get memoryMax(): number | null {
    return this.limits.capacity?.memory ?? null
  }

  /**
   * The manager takes no more for now: waits longer each time, until one is accepted or one ends. What is refused while
   * it waits was under way together, and counts once. `isAway`: it could not be asked; how long it is left alone then is
   * its breaker's affair, and what waits here must not go on for minutes after it is back.
   */
  refused(reason: string, { isAway = false }: { readonly isAway?: boolean } = {}): void {
    if (this.pauseMs() > 0) return
    const last = this.paused?.ms ?? null
    const ms = last === null || isAway ? pauseMsMin : Math.min(pauseMsMax, last * 2)
    this.paused = { until: this.clock.monotonic() + ms * (0.5 + this.clock.random() / 2), ms, reason }
  }

  accepted(): void {
    this.paused = null
  }

  /** A native has left: what was refused before may be taken now. */
  left(): void {
    if (this.paused !== null)
      this.paused = { ...this.paused, until: Math.min(this.paused.until, this.clock.monotonic() + 1_000) }
  }

  /** Milliseconds until submitting is worth another try; 0: now. */
  pauseMs(): number {
    return this.paused === null ? 0 : Math.max(0, this.paused.until - this.clock.monotonic())
  }

  get pauseReason(): string | null {
    return this.pauseMs() > 0 ? (this.paused?.reason ?? null) : null
  }

  /** One decision for each candidate, in order. `active`: jobs that are in the manager or on their way to it. */
  admit(candidates: readonly Job[], active: readonly Job[]): Map<string, Admission> {
    const room = new Room(this.limits, active)
    let permits = this.permits - active.filter(isOnItsWay).length
    const decisions = new Map<string, Admission>()
    const pauseReason = this.pauseReason
    for (const job of candidates) {
      const { resources } = nextNeeds(job, this.memoryMax)
      const admission: Admission =
        pauseReason === null ? this.decide(room, permits, resources) : { kind: "waiting", reason: pauseReason }
      decisions.set(job.id, admission)
      if (admission.kind !== "admitted") continue
      room.take(resources, admission.devices)
      permits -= 1
    }
    return decisions
  }

  /** Before each submission that is sent: whether the rate limit has room for it now. It is used up then. */
  submits(): boolean {
    if (this.permits <= 0) return false
    if (this.limits.maxSubmitPerMinute !== null) this.submittedAt.push(this.clock.monotonic())
    return true
  }

  /** Submissions that may follow now. */
  get permits(): number {
    const limit = this.limits.maxSubmitPerMinute
    if (limit === null) return Number.POSITIVE_INFINITY
    const now = this.clock.monotonic()
    this.submittedAt = this.submittedAt.filter((at) => now - at < minuteMs)
    return Math.max(0, limit - this.submittedAt.length)
  }

  private decide(room: Room, permits: number, resources: Resources): Admission {
    const { maxQueued } = this.limits
    if (maxQueued !== null && room.natives >= maxQueued) {
      return { kind: "waiting", reason: `maxQueued: ${maxQueued} of our jobs are in the manager.` }
    }
    if (permits <= 0) {
      return {
        kind: "waiting",
        reason: `maxSubmitPerMinute: ${this.limits.maxSubmitPerMinute} were submitted in the last minute.`,
      }
    }
    return room.fit(resources)
  }

  /** Milliseconds until the rate limit allows another one. */
  rateMs(): number {
    const limit = this.limits.maxSubmitPerMinute
    if (limit === null || this.permits > 0) return 0
    const oldest = this.submittedAt[this.submittedAt.length - limit]
    return oldest === undefined ? 0 : minuteMs - (this.clock.monotonic() - oldest)
  }
}

/** It was admitted, and what it is submitted with is not used up yet. */
function isOnItsWay({ state, attempts }: Job): boolean {
  const submission = attempts.at(-1)?.submission
  return state === "staging" && (submission === "intended" || submission === "not-accepted")
}

/** What is left of our own cores, memory and GPUs. */
class Room {
  natives: number
  private readonly capacity: Limits["capacity"]
  private cores = 0
  private memory = 0
  private readonly devices = new Set<number>()

  constructor(limits: Limits, active: readonly Job[]) {
    this.capacity = limits.capacity
    this.natives = 0
    for (const job of active) this.take(needsOf(job).resources, job.attempts.at(-1)?.devices ?? [])
  }

  take(resources: Resources, devices: readonly number[]): void {
    this.natives += 1
    this.cores += cpusOf(resources)
    this.memory += memoryOf(resources)
    for (const device of devices) this.devices.add(device)
  }

  fit(resources: Resources): Admission {
    if (this.capacity === null) return { kind: "admitted", devices: [] }
    const need = {
      cores: cpusOf(resources),
      memory: memoryOf(resources),
      gpus: resources.gpus?.count ?? 0,
    }
    const { cores, memory, gpus } = this.capacity
    if (need.cores > cores) return impossible("cores", need.cores, cores)
    if (memory !== null && need.memory > memory) return impossible("bytes of memory", need.memory, memory)
    if (need.gpus > gpus) return impossible("GPUs", need.gpus, gpus)
    if (this.cores + need.cores > cores) return waiting(`It waits for ${need.cores} of ${cores} cores.`)
    if (memory !== null && this.memory + need.memory > memory)
      return waiting(`It waits for ${need.memory} of ${memory} bytes of memory.`)
    const free = Array.from({ length: gpus }, (_, index) => index).filter((index) => !this.devices.has(index))
    if (free.length < need.gpus) return waiting(`It waits for ${need.gpus} of ${gpus} GPUs.`)
    return { kind: "admitted", devices: free.slice(0, need.gpus) }
  }
}

/** Without counts that change: the reason of each job that waits would be written down again with each of them. */
function waiting(reason: string): Admission {
  return { kind: "waiting", reason }
}

function impossible(what: string, need: number, have: number): Admission {
  return { kind: "impossible", reason: `It asks for ${need} ${what}, and this executor has ${have}.` }
}
