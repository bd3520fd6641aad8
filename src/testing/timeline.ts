/** The timeline of a virtual world: what happens next, and nothing in between. */

interface Entry {
  readonly at: number
  readonly order: number
  act: (() => void) | null
}

export class Timeline {
  /** Milliseconds since the world began. */
  now = 0
  readonly #heap: Entry[] = []
  #order = 0

  /** Calls `act` once, `ms` from now. Returns the function that calls it off. */
  after(ms: number, act: () => void): () => void {
    const entry: Entry = { at: this.now + Math.max(0, ms), order: this.#order++, act }
    this.#push(entry)
    return () => {
      entry.act = null
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve))
  }

  /** Lets everything run that waits for nothing, then goes to the next entry. False: there is none before `until`. */
  async step(until: number): Promise<boolean> {
    await settled()
    for (;;) {
      const entry = this.#heap[0]
      if (entry === undefined || entry.at > until) return false
      this.#pop()
      if (entry.act === null) continue
      this.now = entry.at
      entry.act()
      return true
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isBefore(entry, parent)) break
      heap[at] = parent
      at = above
    }
    heap[at] = entry
  }

  #pop(): Entry | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      const [left, right] = [heap[below], heap[below + 1]]
      if (left === undefined) break
      let least = left
      if (right !== undefined && isBefore(right, left)) {
        least = right
        below += 1
      }
      if (!isBefore(least, last)) break
      heap[at] = least
      at = below
    }
    heap[at] = last
    return first
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** All microtasks and ticks are over before the event loop comes here. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
