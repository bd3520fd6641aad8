/** The life of one controller: whatever it does passes here, so that it can be killed or stand still at any step. */
import type { Clock } from "../clock.ts"
import type { Dice } from "./dice.ts"
import type { Timeline } from "./timeline.ts"

/** What becomes of a controller at one of its steps: it goes on, or is dead from then on. */
export type Fate = "live" | "die"

export interface LifeOptions {
  /** Its pid. */
  readonly id: number
  readonly timeline: Timeline
  readonly dice: Dice
  /** The wall clock at the beginning of the world, ms since 1970. */
  readonly epochMs: number
  /** Called before and after each step, with its number in this life (from 1). */
  readonly onStep?: (life: Life, step: { readonly number: number; readonly what: string; readonly when: When }) => Fate
}

export type When = "before" | "after"

export class Life {
  readonly id: number
  readonly clock: Clock
  alive = true
  /** Steps begun so far. */
  steps = 0
  /** What the wall clock is set off by, ms. */
  wallOffsetMs = 0
  readonly #options: LifeOptions
  #frozenUntil = 0
  #suspendedMs = 0

  constructor(options: LifeOptions) {
    this.#options = options
    this.id = options.id
    const { timeline, dice } = options
    this.clock = {
      now: () => Math.floor(options.epochMs + timeline.now + this.wallOffsetMs),
      monotonic: () => timeline.now - this.#suspendedMs,
      sleep: (ms, signal) => this.#sleep(ms, signal),
      random: () => dice.roll(),
      nonce: (bytes) => dice.hex(bytes),
    }
  }

  /** From now on nothing that it does or waits for has an effect. */
  kill(): void {
    this.alive = false
  }

  /** It stands still (SIGSTOP); `suspended`: its machine does, and its monotonic clock with it. */
  freeze(ms: number, suspended: boolean): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#options.timeline.now + ms)
    if (suspended) this.#suspendedMs += ms
  }

  get isFrozen(): boolean {
    return this.#frozenUntil > this.#options.timeline.now
  }

  /** One step that the world can see. Never settles once the controller is dead. */
  async step<T>(what: string, act: () => T | Promise<T>): Promise<T> {
    this.steps += 1
    const number = this.steps
    if (!this.#isAwake) await this.awake()
    if (this.#fate(number, what, "before") === "die") return never()
    try {
      return await act()
    } finally {
      if (!this.#isAwake) await this.awake()
      if (this.#fate(number, what, "after") === "die") await never()
    }
  }

  get #isAwake(): boolean {
    return this.alive && !this.isFrozen
  }

  /** Resolves when it runs; never for a dead one. */
  async awake(): Promise<void> {
    const { timeline } = this.#options
    while (this.alive && this.isFrozen) await timeline.sleep(this.#frozenUntil - timeline.now)
    if (!this.alive) await never()
  }

  #fate(number: number, what: string, when: When): Fate {
    if (this.#options.onStep?.(this, { number, what, when }) === "die") this.kill()
    return this.alive ? "live" : "die"
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(reasonOf(signal))
      const onAbort = (): void => {
        callOff()
        reject(reasonOf(signal))
      }
      const wake = (): void => {
        if (!this.alive) return
        if (this.isFrozen) {
          callOff = this.#options.timeline.after(this.#frozenUntil - this.#options.timeline.now, wake)
          return
        }
        signal?.removeEventListener("abort", onAbort)
        resolve()
      }
      // As a timer of Node: shorter ones would not move the time, where that is a large number with a fraction.
      let callOff = this.#options.timeline.after(Math.max(1, ms), wake)
      signal?.addEventListener("abort", onAbort, { once: true })
    })
  }
}

/** What a dead controller waits for. */
function never(): Promise<never> {
  return new Promise(() => undefined)
}

function reasonOf(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new DOMException("The operation was aborted.", "AbortError")
}
