/** A time limit over several steps, which stands still while a person is asked something. */
import type { Clock } from "../clock.ts"
import { deferred } from "./deferred.ts"

export interface Limit {
  /** Aborted when the time is over, or when the outer signal is. */
  readonly signal: AbortSignal
  /** Settles like the work, unless the limit strikes first. */
  race<T>(work: Promise<T>): Promise<T>
  /** The time stands still for the work, and begins anew after it. */
  pausedFor<T>(work: () => Promise<T>): Promise<T>
  end(): void
}

export function limit(clock: Clock, ms: number, outer: AbortSignal | undefined, onTimeout: () => Error): Limit {
  const struck = deferred<never>()
  struck.promise.catch(() => undefined)
  const stop = new AbortController()
  let timer = new AbortController()
  let pauses = 0
  let isOver = false
  const strike = (reason: Error): void => {
    struck.reject(reason)
    stop.abort(reason)
  }
  const start = (): void => {
    timer = new AbortController()
    clock.sleep(ms, timer.signal).then(
      () => strike(onTimeout()),
      () => undefined,
    )
  }
  const onAbort = (): void => strike(outer?.reason instanceof Error ? outer.reason : new Error("aborted"))
  if (outer?.aborted) onAbort()
  outer?.addEventListener("abort", onAbort, { once: true })
  start()
  return {
    signal: stop.signal,
    race: (work) => Promise.race([work, struck.promise]),
    async pausedFor(work) {
      pauses += 1
      timer.abort()
      try {
        return await work()
      } finally {
        pauses -= 1
        if (pauses === 0 && !isOver && !stop.signal.aborted) start()
      }
    },
    end() {
      isOver = true
      timer.abort()
      outer?.removeEventListener("abort", onAbort)
    },
  }
}
