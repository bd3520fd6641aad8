/** A bell between the engine's loops: whoever waits wakes when it rings, or when the time is over. */
import type { Clock } from "../clock.ts"

export class Bell {
  private readonly clock: Clock
  private rung = false
  /** The shortest wait that nobody has to be woken from, ms. */
  private nudgedMs = Number.POSITIVE_INFINITY
  private wakesAt = 0
  private wake: (() => void) | undefined

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Wakes the one who waits; if nobody does, the next wait returns at once. */
  ring(): void {
    this.rung = true
    this.wake?.()
  }

  /** Wakes the one who would wait for longer than `ms`. Who looks again by himself before is left to it: what there is he will see. */
  nudge(ms: number): void {
    this.nudgedMs = Math.min(this.nudgedMs, ms)
    if (this.wakesAt - this.clock.monotonic() > ms) this.wake?.()
  }

  /** Resolves after a ring or after `ms` (null: only a ring or a nudge), and at once when the signal is aborted. */
  async wait(ms: number | null, signal: AbortSignal): Promise<void> {
    const waitMs = ms ?? Number.POSITIVE_INFINITY
    if (!this.rung && waitMs <= this.nudgedMs && !signal.aborted) {
      // A listener and no AbortSignal.any: that costs more than the rest of a wait, and there are some ten a second.
      const awake = new AbortController()
      const wake = (): void => awake.abort()
      this.wake = wake
      this.wakesAt = this.clock.monotonic() + waitMs
      signal.addEventListener("abort", wake, { once: true })
      await this.clock.sleep(ms ?? 2_147_000_000, awake.signal).catch(() => undefined)
      signal.removeEventListener("abort", wake)
      this.wake = undefined
    }
    this.rung = false
    this.nudgedMs = Number.POSITIVE_INFINITY
  }
}
