/** Who may be submitted now: the user's limits, the manager's, and our own cores where no scheduler counts them. */
import type { Clock } from "../clock.ts"
import {
  type HostSlots,
  type Job,
  type LearnedLimit,
  type Resources,
  cpusOf,
  isHeldBack,
  memoryOf,
  needsOf,
  nextNeeds,
} from "../job/index.ts"
import { type Count, Lanes, laneOf } from "./lanes.ts"
import { chooseSlots } from "./slots.ts"

export interface Limits {
  /** Natives in the manager at a time, ours. */
  readonly maxQueued: number | null
  readonly maxSubmitPerMinute: number | null
  /** What we share out ourselves; null where the manager does. Memory in bytes. */
  readonly capacity: {
    readonly cores: number
    readonly memory: number | null
    readonly gpus: number
    /** Whose slots they are, where there are several hosts. */
    readonly hosts?: readonly HostSlots[]
  } | null
}

export type Admission =
  | { readonly kind: "admitted"; readonly devices: readonly number[] }
  | { readonly kind: "waiting"; readonly reason: string }
  /** It would wait for ever. */
  | { readonly kind: "impossible"; readonly reason: string }

const pauseMsMin = 5_000
const pauseMsMax = 300_000
const minuteMs = 60_000

/**
 * When each attempt was submitted, at the latest (our wall clock, ms): nobody has written that down of one whose answer was
 * lost. One that is open may have been submitted just now, one that is not before it was replaced or given up.
 */
function submissionsOf({ attempts, changedAt }: Job, now: number): number[] {
  return attempts.map(({ acceptedAt, outcome, fence }, index) => {
    const isOpen = outcome === null && fence !== "won"
    return acceptedAt ?? (isOpen ? now : (attempts[index + 1]?.createdAt ?? changedAt))
  })
}

/** Counts what is in use at each pass and hands out the rest, first fit. */
export class Throttle {
  readonly limits: Limits
  private readonly clock: Clock
  private submittedAt: number[] = []
  private readonly lanes: Lanes
  private paused: { readonly until: number; readonly ms: number; readonly reason: string } | null = null

  /**
   * `before`: jobs of earlier controllers. What those have submitted in the last minute counts, too. `learned`: the
   * manager's own limits, as far as they have found them out.
   */
  constructor(clock: Clock, limits: Limits, before: Iterable<Job> = [], learned: readonly LearnedLimit[] = []) {
    this.clock = clock
    this.limits = limits
    this.lanes = new Lanes(clock, learned)
    if (limits.maxSubmitPerMinute === null) return
    for (const job of before) for (const time of submissionsOf(job, clock.now())) this.count(time)
    this.submittedAt.sort((one, other) => one - other)
  }

  private count(at: number): void {
    const agoMs = this.clock.now() - at
    if (agoMs < minuteMs) this.submittedAt.push(this.clock.monotonic() - Math.max(0, agoMs))
  }

  /** Bytes that our host has to share out; null: unlimited, or the manager's affair. */
  get memoryMax(): number | null {
    return this.limits.capacity?.memory ?? null
  }

  /**
   * Nothing more is taken for now, whosever job it is: waits longer each time, until one is accepted or one ends. What is
   * refused while it waits was under way together, and counts once. `isAway`: it could not be asked; how long it is left alone then is
   * its breaker's affair, and what waits here must not go on for minutes after it is back.
   */
  refused(reason: string, { isAway = false }: { readonly isAway?: boolean } = {}): void {
    if (this.pauseMs() > 0) return
    const last = this.paused?.ms ?? null
    const ms = last === null || isAway ? pauseMsMin : Math.min(pauseMsMax, last * 2)
    this.paused = { until: this.clock.monotonic() + ms * (0.5 + this.clock.random() / 2), ms, reason }
  }

  /** One of `inside`, those that the manager has. Returns what is known of its limits now and was not before. */
  accepted(job: Job, inside: Jobs): LearnedLimit | null {
    this.paused = null
    return this.lanes.accepted(job, like(job, inside))
  }

  /** The manager has as many as it takes. Returns what is known of its limits now and was not before. */
  limited(job: Job, inside: Jobs, reason: string): LearnedLimit | null {
    return this.lanes.refused(job, like(job, inside), reason)
  }

  /** A native of this job has left: what was refused before may be taken now. */
  left(job: Job): void {
    this.lanes.left(job)
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

  /** Those of `due` that the manager's own limits leave room for, in order, test jobs first. `inside`: the jobs that it has. */
  within(due: readonly Job[], inside: Jobs): readonly Job[] {
    const rooms = new Map<string, number>()
    return testsFirst(due).filter((job) => {
      const lane = nameOf(job)
      const room = rooms.get(lane) ?? this.lanes.room(job, like(job, inside))
      rooms.set(lane, room - 1)
      return room > 0
    })
  }

  /** Does the step when it is the job's turn, and leaves it out if nothing more is taken by then. */
  async inTurn(job: Job, inside: Jobs, step: () => Promise<void>): Promise<void> {
    await this.lanes.enter(job)
    try {
      const isFree = this.pauseMs() === 0 && this.lanes.room(job, like(job, inside)) > 0
      if (isFree && this.submits()) await step()
    } finally {
      this.lanes.leave(job)
    }
  }

  /** Milliseconds until the manager may take one of these; null: nothing that passes by itself keeps them back. */
  laneMs(jobs: readonly Job[]): number | null {
    const waits = jobs.flatMap((job) => this.lanes.waitMs(job) ?? [])
    return waits.length === 0 ? null : Math.min(...waits)
  }

  /** Why the manager's own limits keep jobs like this one back; null: they do not. */
  laneReason(job: Job): string | null {
    return this.lanes.reason(job)
  }

  /** One decision for each candidate, in order, test jobs first. `active`: jobs that are in the manager or on their way to it. */
  admit(candidates: readonly Job[], active: readonly Job[]): Map<string, Admission> {
    const room = new Room(this.limits, active)
    const unseen = active.some(isHeldBack) ? 1 : 0
    let permits = this.permits - active.filter(isOnItsWay).length
    const decisions = new Map<string, Admission>()
    const pauseReason = this.pauseReason
    const free = new Set(this.within(candidates, () => active))
    for (const job of testsFirst(candidates)) {
      const { resources } = nextNeeds(job, this.memoryMax)
      const why = pauseReason ?? (free.has(job) ? null : (this.laneReason(job) ?? "It waits for its turn."))
      const admission: Admission =
        why === null
          ? this.decide(room, job.isTest === true ? unseen : 0, permits, job, resources)
          : { kind: "waiting", reason: why }
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

  private decide(room: Room, spare: number, permits: number, job: Job, resources: Resources): Admission {
    const { maxQueued } = this.limits
    if (maxQueued !== null && room.natives - spare >= maxQueued) {
      return { kind: "waiting", reason: `maxQueued: ${maxQueued} of our jobs are in the manager.` }
    }
    if (permits <= 0) {
      return {
        kind: "waiting",
        reason: `maxSubmitPerMinute: ${this.limits.maxSubmitPerMinute} were submitted in the last minute.`,
      }
    }
    return room.fit(resources, job.spec.launch?.oversubscribe === true)
  }

  /** Milliseconds until the rate limit allows another one. */
  rateMs(): number {
    const limit = this.limits.maxSubmitPerMinute
    if (limit === null || this.permits > 0) return 0
    const oldest = this.submittedAt[this.submittedAt.length - limit]
    return oldest === undefined ? 0 : minuteMs - (this.clock.monotonic() - oldest)
  }
}

/** For want of what they show others wait, and may keep the places that there are. */
function testsFirst(jobs: readonly Job[]): readonly Job[] {
  const tests = jobs.filter(({ isTest }) => isTest === true)
  return tests.length === 0 ? jobs : [...tests, ...jobs.filter((job) => !tests.includes(job))]
}

type Jobs = () => readonly Job[]

function nameOf(job: Job): string {
  return JSON.stringify(laneOf(job))
}

/** Those that the manager counts together with this job. */
function like(job: Job, others: Jobs): Count {
  const name = nameOf(job)
  return () => countedFor(job, others()).reduce((count, other) => (nameOf(other) === name ? count + 1 : count), 0)
}

/**
 * One that nobody can see gives its place to a test job, or nobody would be left to show what a fence does there. Only one, and
 * to nothing else, since they may turn up again.
 */
function countedFor(job: Job, others: readonly Job[]): readonly Job[] {
  const unseen = job.isTest === true ? others.find(isHeldBack) : undefined
  return unseen === undefined ? others : others.filter((other) => other !== unseen)
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

  fit(resources: Resources, oversubscribe: boolean): Admission {
    if (this.capacity === null) return { kind: "admitted", devices: [] }
    if (this.capacity.hosts !== undefined) {
      if ((resources.gpus?.count ?? 0) > 0) return impossible("GPUs", resources.gpus?.count ?? 0, this.capacity.gpus)
      const choice = chooseSlots(this.capacity.hosts, this.devices, resources, oversubscribe)
      return choice.kind === "slots" ? { kind: "admitted", devices: choice.slots } : choice
    }
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
