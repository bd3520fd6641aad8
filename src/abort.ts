/** Stopping by a signal: one listener for each signal, however many wait for it, and work that takes no signal itself. */

const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `act` once the signal is aborted, at once if it is. Returns how to forget about it. Node warns of a leak from
 * the eleventh listener of a signal on; a program that waits for a thousand jobs with one signal has none.
 */
export function onAborted(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal === undefined) return () => undefined
  if (signal.aborted) {
    act()
    return () => undefined
  }
  const acts = waiting.get(signal) ?? new Set()
  if (!waiting.has(signal)) {
    waiting.set(signal, acts)
    signal.addEventListener("abort", () => acts.forEach((each) => each()), { once: true })
  }
  // Wrapped: the same function may wait twice.
  const entry = (): void => act()
  acts.add(entry)
  return () => void acts.delete(entry)
}

/** Settles like `work`, or rejects with the signal's reason when it is aborted first. `work` itself goes on. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  let forget = (): void => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    forget = onAborted(signal, () => reject(reasonOf(signal)))
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    forget()
  }
}

export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException("The operation was aborted.", "AbortError")
}
