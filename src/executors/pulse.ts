/** Pulse: notices that this process slept or stood still, or that somebody set the clock, and that nothing is certain since. */
import type { Clock } from "../clock.ts"

/** Between two beats, and how late one has to be: a busy machine is late by seconds, too. */
const beatMs = 10_000
const lateMsMin = 10_000

/** The wall clock against the other one: what is less is set right by NTP, step by step. */
const jumpMsMin = 5_000

export const joltText =
  "This machine slept, or its clock was set: its manager is asked afresh before anything is decided."

/**
 * Two signs: a beat that comes much too late (the process was stopped, or the machine), and a wall clock that has moved
 * against the monotonic one, which stands still while a machine sleeps. After either, spans that were measured and times
 * that have come say nothing before the manager was asked afresh.
 */
export class Pulse {
  private readonly clock: Clock
  private onJolt: (what: string) => void = () => undefined
  private beatAt: number
  private offset: number
  private joltedAt = Number.NEGATIVE_INFINITY
  private count = 0
  private lookedAfter = 0

  constructor(clock: Clock) {
    this.clock = clock
    this.beatAt = clock.monotonic()
    this.offset = clock.now() - clock.monotonic()
  }

  /** Called with each jolt, at once. */
  listen(onJolt: (what: string) => void): void {
    this.onJolt = onJolt
  }

  /** Beats until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.clock.sleep(beatMs, signal).catch(() => undefined)
      this.check()
      this.beatAt = this.clock.monotonic()
    }
  }

  /** Looks at both clocks; also between two beats, before something is decided. Returns how many jolts there were. */
  check(): number {
    const now = this.clock.monotonic()
    const offset = this.clock.now() - now
    const lateMs = now - this.beatAt - beatMs
    const jumpMs = offset - this.offset
    this.offset = offset
    if (Math.abs(jumpMs) >= jumpMsMin) this.jolt(now, `the wall clock moved by ${Math.round(jumpMs / 1000)} s`)
    else if (lateMs >= lateMsMin) this.jolt(now, `it stood still for ${Math.round(lateMs / 1000)} s`)
    return this.count
  }

  /** All was asked, beginning when there had been `jolts` of them. */
  looked(jolts: number): void {
    this.lookedAfter = jolts
  }

  /** The manager was asked since the last jolt: what is known of it may be decided on. */
  get isSteady(): boolean {
    return this.lookedAfter === this.check()
  }

  /** Since the last one, by the monotonic clock; Infinity: there was none. */
  get steadyForMs(): number {
    this.check()
    return this.clock.monotonic() - this.joltedAt
  }

  private jolt(now: number, what: string): void {
    this.count += 1
    this.joltedAt = now
    // The beat that is late is not late again.
    this.beatAt = now
    this.onJolt(what)
  }
}
