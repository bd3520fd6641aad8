/** The circuit breaker of one manager: after a failure everybody waits, and then one goes first. */
import type { Clock } from "../clock.ts"
import type { ErrorClass, HawserError } from "../errors.ts"
import type { Health } from "../job/index.ts"
import { type HealthSign, healthAfter } from "./health.ts"
import { delayMsFor } from "./policy.ts"

export interface BreakerOptions {
  readonly clock: Clock
  /** Called when the health changes, or the reason for it. */
  readonly onHealth: (health: Health, reason: string | null) => void
}

/**
 * Closed: all may ask. Open: nobody. Half open, when the delay is over: one prober, and its outcome decides.
 *
 * `who` tells callers apart, where several share a breaker: only the prober ends its own probe.
 */
export class Breaker {
  private readonly options: BreakerOptions
  private failures = 0
  private openUntil = Number.NEGATIVE_INFINITY
  private prober: { readonly who: string | null } | null = null
  private health: Health = "up"
  private reason: string | null = null
  private trouble: { readonly reason: string; readonly until: number } | null = null
  private admitted = 0

  constructor(options: BreakerOptions) {
    this.options = options
  }

  /** How often somebody was let in while the manager was not known to work: what a login node sees of us in bad times. */
  get probes(): number {
    return this.admitted
  }

  /** Milliseconds until one may ask; 0: now. The first who asks after a delay is the prober; the others wait for it. */
  enter(who: string | null = null): number {
    if (this.failures === 0) return 0
    const waitMs = this.openUntil - this.options.clock.monotonic()
    if (waitMs > 0) return waitMs
    if (this.prober !== null && (who === null || this.prober.who !== who)) return proberMs
    if (this.prober === null) this.admitted += 1
    this.prober = { who }
    return 0
  }

  /** Milliseconds until the next try; 0: nobody has to wait. Asks for nothing. */
  get waitMs(): number {
    return this.failures === 0 ? 0 : Math.max(0, this.openUntil - this.options.clock.monotonic())
  }

  /** The prober has nothing to tell: somebody else may try. */
  release(who: string | null = null): void {
    if (this.prober?.who === who) this.prober = null
  }

  /** It has answered, whoever asked: all may ask. */
  succeeded(): void {
    this.failures = 0
    this.prober = null
    this.openUntil = Number.NEGATIVE_INFINITY
    if (this.trouble !== null && this.trouble.until > this.options.clock.monotonic())
      return this.tell("troubled", this.trouble.reason)
    this.trouble = null
    this.tell("answered", null)
  }

  /** It answers, but not in full. Holds for a minute, so that what still works does not call it `up` in between. */
  degraded(reason: string): void {
    this.trouble = { reason, until: this.options.clock.monotonic() + degradedMs }
    this.tell("in-part", reason)
  }

  /** Counts a failure, and returns the milliseconds until the next try. What is the job's fault or ours does not count. */
  failed(error: HawserError, who: string | null = null): number {
    const sign = signOf[error.class]
    if (sign === null) {
      this.release(who)
      return 0
    }
    const now = this.options.clock.monotonic()
    // Those that were under way when it opened tell the same once more; a refused login stays one.
    if (this.failures > 0 && (this.openUntil > now || (this.prober !== null && this.prober.who !== who))) {
      return Math.max(this.openUntil - now, proberMs)
    }
    this.prober = null
    this.failures += 1
    const delayMs = delayMsFor(error.class, this.failures, this.options.clock.random())
    this.openUntil = now + delayMs
    this.tell(sign, error.message)
    return delayMs
  }

  /** A person has done something about it: the next one may ask at once. */
  retryNow(): void {
    this.openUntil = Number.NEGATIVE_INFINITY
    this.prober = null
  }

  private tell(sign: HealthSign, reason: string | null): void {
    const health = healthAfter[this.health][sign]
    // It has said nothing of why it is so.
    if (sign === "in-part" && health !== "degraded") return
    if (health === this.health && reason === this.reason) return
    this.health = health
    this.reason = reason
    this.options.onHealth(health, reason)
  }
}

/** How soon one asks again whether the prober is back. */
const proberMs = 250

const degradedMs = 60_000

/** What an error says of the manager; null: it is the request's own, or ours. */
const signOf: Readonly<Record<ErrorClass, HealthSign | null>> = {
  transient: "transient",
  busy: "busy",
  "in-doubt": "in-doubt",
  auth: "auth",
  gone: "gone",
  limit: null,
  rejected: null,
  "unknown-job": null,
}
