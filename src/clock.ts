/** Time and randomness: the only place that touches them, so that a test or the simulator can own both. */
import { randomBytes } from "node:crypto"

export interface Clock {
  /** Wall clock, milliseconds since 1970 UTC. Can jump; never used to measure a span. */
  now(): number
  /** Milliseconds that only go forward, from an arbitrary start. Stands still while the machine sleeps. */
  monotonic(): number
  /** Resolves after `ms`. Rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Uniform in [0, 1). */
  random(): number
  /** `bytes` random bytes as lower-case hex: nonces and ids. */
  nonce(bytes: number): string
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortReason(signal))
      const onAbort = () => {
        clearTimeout(timer)
        reject(abortReason(signal))
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort)
        resolve()
      }, ms)
      signal?.addEventListener("abort", onAbort, { once: true })
    }),
  random: () => Math.random(),
  nonce: (bytes) => randomBytes(bytes).toString("hex"),
}

/** A wall-clock time as ISO 8601 UTC with milliseconds. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

/** A span for people: `12s`, `3m05s`, `2h07m`. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`
  return `${Math.floor(seconds / 3600)}h${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")}m`
}

/**
 * Settles like `work`, unless `ms` pass first: then it rejects with `onTimeout()`. `work` itself goes on; what it
 * opened is its own to close.
 */
export async function withDeadline<T>(clock: Clock, ms: number, work: Promise<T>, onTimeout: () => Error): Promise<T> {
  const done = new AbortController()
  const timer = clock.sleep(ms, done.signal).then(
    () => {
      throw onTimeout()
    },
    () => work,
  )
  try {
    return await Promise.race([work, timer])
  } finally {
    done.abort()
    timer.catch(() => undefined)
  }
}

function abortReason(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new DOMException("The operation was aborted.", "AbortError")
}
