/** A number of places that are taken and given back, in order of asking. */

export interface Slots {
  /** Resolves when a place is free, with the function that gives it back. Rejects with the signal's reason. */
  take(signal?: AbortSignal): Promise<() => void>
  /** There are only as many places as are taken now, at least one. False if nothing would be gained by waiting. */
  shrink(): boolean
  /** How many are taken now. */
  taken(): number
}

export function slots(count: number): Slots {
  let limit = count
  let taken = 0
  const waiting: (() => void)[] = []
  const release = (): void => {
    taken -= 1
    admit()
  }
  const admit = (): void => {
    while (taken < limit) {
      const next = waiting.shift()
      if (next === undefined) return
      taken += 1
      next()
    }
  }
  return {
    take: (signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted()
        const onAbort = (): void => {
          const at = waiting.indexOf(admitted)
          if (at >= 0) waiting.splice(at, 1)
          reject(signal?.reason instanceof Error ? signal.reason : new Error("aborted"))
        }
        const admitted = (): void => {
          signal?.removeEventListener("abort", onAbort)
          let isTaken = true
          resolve(() => {
            if (isTaken) release()
            isTaken = false
          })
        }
        signal?.addEventListener("abort", onAbort, { once: true })
        waiting.push(admitted)
        admit()
      }),
    shrink() {
      // The one that asks holds a place itself.
      const others = taken - 1
      if (others < 1) return false
      limit = Math.min(limit, others)
      return true
    },
    taken: () => taken,
  }
}
