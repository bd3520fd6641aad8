/** Lanes: jobs that a manager's submit limits count together, and how many of them it has been found to take at a time. */
import type { Clock } from "../clock.ts"
import type { Job, LearnedLimit } from "../job/index.ts"

/** In flight at first, after a refusal, and at most: as many more as were taken, so that a limit is met by a few and not by a flood. */
const windowFirst = 4
const windowMin = 2
const windowMax = 32

/** Until a place is tried that should be free, and was not: what has ended is counted for a while yet. */
const strikeMsMin = 1_000
const strikeMsMax = 60_000
/** So often in a row it was not free: others have taken it. */
const strikesMax = 5

/** How long what has ended is counted at first. */
const lagMsMin = 1_000

/** Between two tries whether more are taken than before: the limit is somebody's, who seldom changes it. */
const probeMsMin = 300_000
const probeMsMax = 3_600_000

/** Of a lane in which not even one is taken. */
const emptyMsMin = 5_000

interface Lane {
  /** How many are taken at a time; null: nobody has found out. */
  max: number | null
  reason: string
  strikes: number
  /** Nothing is tried before. By the monotonic clock, as are all times here. */
  until: number
  lagMs: number
  probeMs: number
  probeAt: number
  /** How many above the limit are tried. */
  step: number
  window: number
  inFlight: number
  waiting: (() => void)[]
  /** When natives ended, as far as they may still be counted over there. */
  endedAt: number[]
}

/** What sbatch's limits go by, apart from the user. */
export function laneOf({ spec: { resources } }: Pick<Job, "spec">): Pick<LearnedLimit, "queue" | "account" | "qos"> {
  const { queue, account, qos } = resources
  return { queue, account, qos }
}

/** How many of a job's lane the manager has. Counted where there is a limit to count for. */
export type Count = () => number

export class Lanes {
  private readonly clock: Clock
  private readonly lanes = new Map<string, Lane>()

  /** `learned`: what earlier controllers have found out. */
  constructor(clock: Clock, learned: readonly LearnedLimit[]) {
    this.clock = clock
    for (const limit of learned) {
      const lane = this.of(limit)
      lane.max = limit.max
      lane.reason = limit.reason
      lane.probeAt = clock.monotonic() + probeMsMin
    }
  }

  /** How many more may be submitted now. */
  room(job: Job, inside: Count): number {
    const lane = this.of(laneOf(job))
    const now = this.clock.monotonic()
    if (now < lane.until) return 0
    if (lane.max === null) return Number.POSITIVE_INFINITY
    const free = lane.max - inside() - this.ending(lane)
    return free > 0 ? free : now >= lane.probeAt ? lane.step : 0
  }

  /** Resolves when fewer are under way than may be; `leave` gives the place back. */
  async enter(job: Job): Promise<void> {
    const lane = this.of(laneOf(job))
    if (lane.inFlight >= lane.window) await new Promise<void>((resolve) => void lane.waiting.push(resolve))
    else lane.inFlight += 1
  }

  leave(job: Job): void {
    const lane = this.of(laneOf(job))
    lane.inFlight -= 1
    while (lane.inFlight < lane.window && lane.waiting.length > 0) {
      lane.inFlight += 1
      lane.waiting.shift()?.()
    }
  }

  /** Returns what was learned by it; null: nothing new. It is among those that the manager has. */
  accepted(job: Job, count: Count): LearnedLimit | null {
    const lane = this.of(laneOf(job))
    lane.strikes = 0
    lane.until = Number.NEGATIVE_INFINITY
    lane.window = Math.min(windowMax, lane.window + 1)
    if (lane.max === null) return null
    const inside = count()
    if (inside <= lane.max) return null
    // Somebody has raised it: the next ones follow at once, twice as many each time.
    lane.step *= 2
    lane.probeMs = probeMsMin
    lane.probeAt = this.clock.monotonic()
    return this.learn(job, lane, inside)
  }

  /** Returns what was learned by it; null: nothing new. */
  refused(job: Job, count: Count, reason: string): LearnedLimit | null {
    const lane = this.of(laneOf(job))
    const now = this.clock.monotonic()
    lane.window = windowMin
    // Those that were under way together tell the same.
    if (now < lane.until) return null
    lane.reason = reason
    const inside = count()
    if (lane.max !== null && inside < lane.max && lane.strikes < strikesMax) {
      lane.strikes += 1
      lane.lagMs = Math.min(strikeMsMax, 2 * lane.lagMs)
      lane.until = now + this.spread(Math.min(strikeMsMax, strikeMsMin * 2 ** lane.strikes))
      return null
    }
    lane.strikes = 0
    lane.step = 1
    const isEmpty = inside === 0
    lane.probeMs = isEmpty ? Math.min(probeMsMin, Math.max(emptyMsMin, 2 * lane.probeMs)) : this.longer(lane)
    lane.probeAt = now + this.spread(lane.probeMs)
    if (isEmpty) lane.until = lane.probeAt
    return lane.max === inside ? null : this.learn(job, lane, inside)
  }

  /** A native has ended: for a while it may still be counted. */
  left(job: Job): void {
    const lane = this.of(laneOf(job))
    const now = this.clock.monotonic()
    if (lane.max !== null) lane.endedAt.push(now)
    lane.until = Math.min(lane.until, now + strikeMsMin)
  }

  /** Milliseconds until the room of this job's lane may grow by itself; null: it is not limited. */
  waitMs(job: Job): number | null {
    const lane = this.of(laneOf(job))
    const now = this.clock.monotonic()
    if (now < lane.until) return lane.until - now
    if (lane.max === null) return null
    const [oldest] = this.ending(lane) > 0 ? lane.endedAt : []
    return Math.max(0, Math.min(lane.probeAt, oldest === undefined ? lane.probeAt : oldest + lane.lagMs) - now)
  }

  /** Why jobs of this lane wait; null: they need not, as far as is known. */
  reason(job: Job): string | null {
    const { max, reason } = this.of(laneOf(job))
    return max === null ? null : `The manager takes ${max} at a time of those like it, as it has said: ${reason}`
  }

  private learn(job: Job, lane: Lane, max: number): LearnedLimit {
    lane.max = max
    return { ...laneOf(job), max, reason: lane.reason }
  }

  private longer(lane: Lane): number {
    return Math.min(probeMsMax, Math.max(probeMsMin, lane.max === null ? 0 : 2 * lane.probeMs))
  }

  private ending(lane: Lane): number {
    const now = this.clock.monotonic()
    lane.endedAt = lane.endedAt.filter((at) => now - at < lane.lagMs)
    return lane.endedAt.length
  }

  private spread(ms: number): number {
    return ms * (0.5 + this.clock.random() / 2)
  }

  private of({ queue, account, qos }: Pick<LearnedLimit, "queue" | "account" | "qos">): Lane {
    const key = JSON.stringify([queue, account, qos])
    const known = this.lanes.get(key)
    if (known !== undefined) return known
    const never = { until: Number.NEGATIVE_INFINITY, probeAt: Number.POSITIVE_INFINITY }
    const times = { ...never, lagMs: lagMsMin, probeMs: 0 }
    const lane = {
      max: null,
      reason: "",
      strikes: 0,
      ...times,
      step: 1,
      window: windowFirst,
      inFlight: 0,
      waiting: [],
      endedAt: [],
    }
    this.lanes.set(key, lane)
    return lane
  }
}
