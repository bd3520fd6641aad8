/** Turns: what looks at the keys of a store and then writes has it for itself meanwhile. */
import type { JobStore } from "../persist/store.ts"

const turns = new WeakMap<JobStore, Promise<unknown>>()

/** From the look at the keys to the record nobody else may come in between: the same key can arrive twice at a time. */
export async function inTurn<T>(store: JobStore, work: () => Promise<T>): Promise<T> {
  const turn = (turns.get(store) ?? Promise.resolve()).then(work)
  turns.set(
    store,
    turn.catch(() => undefined),
  )
  return turn
}
