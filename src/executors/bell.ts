/** A bell between the engine's loops: whoever waits wakes when it rings, or when the time is over. */
import type { Clock } from "../clock.ts"

export class Bell {
  private readonly clock: Clock
  private rung = false
  private wake: (() => void) | undefined

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Wakes the one who waits; if nobody does, the next wait returns at once. */
  ring(): void {
    this.rung = true
    this.wake?.()
  }

  /** Resolves after a ring or after `ms` (null: only a ring), and at once when the signal is aborted. */
  async wait(ms: number | null, signal: AbortSignal): Promise<void> {
    if (!this.rung && !signal.aborted) {
      // Not AbortSignal.any: it is made anew for each of some ten waits a second, and costs more than the rest of one.
      const awake = new AbortController()
      const wake = (): void => awake.abort()
      this.wake = wake
      signal.addEventListener("abort", wake, { once: true })
      await this.clock.sleep(ms ?? 2_147_000_000, awake.signal).catch(() => undefined)
      signal.removeEventListener("abort", wake)
      this.wake = undefined
    }
    this.rung = false
  }
}
