/** Tries: how often something has been tried for a job, and when it is worth another one. Lost on a restart. */
import type { Clock } from "../clock.ts"

export class Tries {
  private readonly clock: Clock
  private readonly known = new Map<string, { readonly count: number; readonly dueAt: number }>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  count(token: string): number {
    return this.known.get(token)?.count ?? 0
  }

  /** Milliseconds until its next try; 0: now. */
  waitMs(token: string): number {
    return Math.max(0, (this.known.get(token)?.dueAt ?? Number.NEGATIVE_INFINITY) - this.clock.monotonic())
  }

  /** It did not come off: not before `ms` again. `counts`: it may not go on for ever. */
  failed(token: string, ms: number, counts: boolean): void {
    this.known.set(token, { count: this.count(token) + (counts ? 1 : 0), dueAt: this.clock.monotonic() + ms })
  }

  /** Whether a try of this one has failed. */
  has(token: string): boolean {
    return this.known.has(token)
  }

  forget(token: string): void {
    this.known.delete(token)
  }
}
