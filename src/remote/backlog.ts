/** Work that goes on while the next thing is read: a bounded amount of it. */

export class Backlog {
  readonly #most: number
  readonly #running = new Set<Promise<void>>()

  constructor(most: number) {
    this.#most = most
  }

  /** Starts `work` once there is room for it. The promise that it resolves with never rejects unhandled. */
  async start(work: () => Promise<void>): Promise<{ readonly done: Promise<void> }> {
    while (this.#running.size >= this.#most) await Promise.race(this.#running)
    const done = work()
    const settled: Promise<void> = done.then(
      () => void this.#running.delete(settled),
      () => void this.#running.delete(settled),
    )
    this.#running.add(settled)
    return { done }
  }
}
