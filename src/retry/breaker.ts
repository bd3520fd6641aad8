/** The circuit breaker of one manager: after a failure everybody waits, and then one goes first. */
import type { Clock } from "../clock.ts"
import type { HawserError } from "../errors.ts"
import type { Health } from "../job/index.ts"
import { delayMsFor } from "./policy.ts"

export interface BreakerOptions {
  readonly clock: Clock
  /** Called when the health changes, or the reason for it. */
  readonly onHealth: (health: Health, reason: string | null) => void
}

/** Closed: all may ask. Open: nobody. Half open, when the delay is over: one prober, and its outcome decides. */
export class Breaker {
  private readonly options: BreakerOptions
  private failures = 0
  private openUntil = Number.NEGATIVE_INFINITY
  private probing = false
  private health: Health = "up"
  private reason: string | null = null

  constructor(options: BreakerOptions) {
    this.options = options
  }

  /** Milliseconds until one may ask; 0: now. The first who asks after a delay is the prober; the others wait for it. */
  enter(): number {
    if (this.failures === 0) return 0
    const waitMs = this.openUntil - this.options.clock.monotonic()
    if (waitMs > 0) return waitMs
    if (this.probing) return proberMs
    this.probing = true
    return 0
  }

  /** The prober has nothing to tell: somebody else may try. */
  release(): void {
    this.probing = false
  }

  succeeded(): void {
    this.failures = 0
    this.probing = false
    this.tell("up", null)
  }

  /** It answers, but not in full. */
  degraded(reason: string): void {
    if (this.health === "up" || this.health === "degraded") this.tell("degraded", reason)
  }

  /** Counts a failure, and returns the milliseconds until the next try. What is the job's fault or ours does not count. */
  failed(error: HawserError): number {
    this.probing = false
    if (error.class === "rejected" || error.class === "unknown-job" || error.class === "limit") return 0
    this.failures += 1
    const delayMs = delayMsFor(error.class, this.failures, this.options.clock.random())
    this.openUntil = this.options.clock.monotonic() + delayMs
    this.tell(error.class === "auth" ? "needs-login" : error.class === "gone" ? "gone" : "unreachable", error.message)
    return delayMs
  }

  /** A person has done something about it: the next one may ask at once. */
  retryNow(): void {
    this.openUntil = Number.NEGATIVE_INFINITY
    this.probing = false
  }

  private tell(health: Health, reason: string | null): void {
    if (health === this.health && reason === this.reason) return
    this.health = health
    this.reason = reason
    this.options.onHealth(health, reason)
  }
}

/** How soon one asks again whether the prober is back. */
const proberMs = 250
