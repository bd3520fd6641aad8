/** A clock that stands still until a test moves it, with random numbers that a seed repeats. */
import type { Clock } from "../../src/clock.ts"
import { mulberry32 } from "../../src/testing/dice.ts"

export interface VirtualClock extends Clock {
  /** Moves on by `ms`; wakes sleepers in the order of their times, each with time to act before the next. */
  advance(ms: number): Promise<void>
  /** Moves the wall clock alone: the machine slept, or somebody set it. */
  jump(ms: number): void
  /** When the next sleeper wakes, in ms from now; null: nobody sleeps. */
  nextIn(): number | null
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

export function virtualClock(options: { readonly start?: number; readonly seed?: number } = {}): VirtualClock {
  const { start = Date.UTC(2026, 0, 1), seed = 1 } = options
  const next = mulberry32(seed)
  const sleepers = new Set<Sleeper>()
  let elapsed = 0
  let offset = start
  return {
    now: () => Math.floor(offset + elapsed),
    monotonic: () => elapsed,
    random: () => next(),
    nonce: (bytes) => Array.from({ length: bytes }, () => hexByte(next())).join(""),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const leave = (settle: () => void) => () => {
          sleepers.delete(sleeper)
          signal?.removeEventListener("abort", onAbort)
          settle()
        }
        const sleeper: Sleeper = { at: elapsed + Math.max(0, ms), wake: leave(resolve) }
        const onAbort = leave(() => reject(reasonOf(signal)))
        if (signal?.aborted) return reject(reasonOf(signal))
        signal?.addEventListener("abort", onAbort, { once: true })
        sleepers.add(sleeper)
      }),
    advance: async (ms) => {
      const until = elapsed + ms
      await settle()
      for (let first = earliest(); first !== null && first.at <= until; first = earliest()) {
        elapsed = Math.max(elapsed, first.at)
        first.wake()
        await settle()
      }
      elapsed = until
      await settle()
    },
    jump: (ms) => {
      offset += ms
    },
    nextIn: () => {
      const first = earliest()
      return first === null ? null : first.at - elapsed
    },
  }

  function earliest(): Sleeper | null {
    return [...sleepers].reduce<Sleeper | null>(
      (least, one) => (least === null || one.at < least.at ? one : least),
      null,
    )
  }
}

/** Lets everything run that waits for nothing but the event loop. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function hexByte(random: number): string {
  return Math.floor(random * 256)
    .toString(16)
    .padStart(2, "0")
}

function reasonOf(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new DOMException("The operation was aborted.", "AbortError")
}
