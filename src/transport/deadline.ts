/** A deadline that is moved with each answer: putting it off costs no timer. */
import type { Clock } from "../clock.ts"

export interface Deadline {
  /** Strikes in `ms`, unless it is moved or cleared before. */
  set(ms: number): void
  clear(): void
  /** Cleared for good: no timer is left. */
  end(): void
}

export function movingDeadline(clock: Clock, onStrike: () => void): Deadline {
  let strikesAt = Number.POSITIVE_INFINITY
  let wakesAt = Number.POSITIVE_INFINITY
  let sleep = new AbortController()

  const sleepOn = (): void => {
    sleep.abort()
    sleep = new AbortController()
    wakesAt = strikesAt
    clock.sleep(Math.max(0, wakesAt - clock.monotonic()), sleep.signal).then(wake, () => undefined)
  }
  const wake = (): void => {
    wakesAt = Number.POSITIVE_INFINITY
    if (clock.monotonic() >= strikesAt) onStrike()
    else if (strikesAt < Number.POSITIVE_INFINITY) sleepOn()
  }

  return {
    set(ms) {
      strikesAt = clock.monotonic() + ms
      if (strikesAt < wakesAt) sleepOn()
    },
    clear: () => void (strikesAt = Number.POSITIVE_INFINITY),
    end() {
      strikesAt = Number.POSITIVE_INFINITY
      sleep.abort()
    },
  }
}
