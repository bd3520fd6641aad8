/** A bell between the engine's loops: whoever waits wakes when it rings, or when the time is over. */
import type { Clock } from "../clock.ts"

export class Bell {
  private readonly clock: Clock
  private rung = false
  private nudged = false
  private waitsForRing = false
  private wake: (() => void) | undefined

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Wakes the one who waits; if nobody does, the next wait returns at once. */
  ring(): void {
    this.rung = true
    this.wake?.()
  }

  /** Wakes the one who waits for a ring alone. Who looks again by himself is left to it: what there is he will see. */
  nudge(): void {
    this.nudged = true
    if (this.waitsForRing) this.wake?.()
  }

  /** Resolves after a ring or after `ms` (null: only a ring), and at once when the signal is aborted. */
  async wait(ms: number | null, signal: AbortSignal): Promise<void> {
    this.waitsForRing = ms === null
    if (!this.rung && !(this.waitsForRing && this.nudged) && !signal.aborted) {
      // A listener and no AbortSignal.any: that costs more than the rest of a wait, and there are some ten a second.
      const awake = new AbortController()
      const wake = (): void => awake.abort()
      this.wake = wake
      signal.addEventListener("abort", wake, { once: true })
      await this.clock.sleep(ms ?? 2_147_000_000, awake.signal).catch(() => undefined)
      signal.removeEventListener("abort", wake)
      this.wake = undefined
    }
    this.waitsForRing = false
    this.rung = false
    this.nudged = false
  }
}
