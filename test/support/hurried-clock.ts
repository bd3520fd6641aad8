/** The system's clock, on which waiting takes a fraction of the time. */
import { type Clock, systemClock } from "../../src/clock.ts"

export function hurriedClock(factor: number): Clock {
  return { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / factor, signal) }
}
