/** What the monitor remembers between sweeps: clocks of absence and grace. Lost on a restart, which only makes it wait longer. */
import type { Clock } from "../clock.ts"
import type { Wish } from "../job/index.ts"

interface AbsenceClock {
  coveredMs: number
  looks: number
  lastLookAt: number
}

/** One controller's memory of its attempts, by token. Never evidence; only how long something has been so. */
export class Watch {
  private readonly clock: Clock
  private readonly spanMsMax: number
  private readonly absences = new Map<string, AbsenceClock>()
  private readonly finals = new Map<string, number>()
  private readonly wordless = new Map<string, number>()
  private readonly cancels = new Map<string, number>()
  private readonly overdue = new Map<string, number>()
  private readonly wishes = new Map<string, { readonly wish: Wish; readonly at: number }>()

  /** `spanMsMax`: a longer span between two complete looks was a sleep or an outage, and does not count. */
  constructor(clock: Clock, spanMsMax: number) {
    this.clock = clock
    this.spanMsMax = spanMsMax
  }

  /** A complete look found nothing under this token. */
  notFound(token: string): void {
    const now = this.clock.monotonic()
    const absence = this.absences.get(token)
    if (absence === undefined) {
      this.absences.set(token, { coveredMs: 0, looks: 1, lastLookAt: now })
      return
    }
    const span = now - absence.lastLookAt
    if (span <= this.spanMsMax) absence.coveredMs += span
    absence.looks += 1
    absence.lastLookAt = now
  }

  found(token: string): void {
    this.absences.delete(token)
  }

  absence(token: string): { readonly coveredMs: number; readonly looks: number } {
    const { coveredMs, looks } = this.absences.get(token) ?? { coveredMs: 0, looks: 0 }
    return { coveredMs, looks }
  }

  /** The manager has called it final in this sweep, or has not: starts the clock, or takes it back. */
  sawFinal(token: string, isFinal: boolean): void {
    if (!isFinal) this.finals.delete(token)
    else if (!this.finals.has(token)) this.finals.set(token, this.clock.monotonic())
  }

  /** How long a final native state has been known at this time of the monotonic clock (now), ms. Null: it is not. */
  finalForMs(token: string, at: number = this.clock.monotonic()): number | null {
    const since = this.finals.get(token)
    return since === undefined ? null : Math.max(0, at - since)
  }

  /** It waits for the manager's word on how it ended, or does not: starts the clock, or takes it back. */
  wantsWord(token: string, isWanted: boolean): void {
    if (!isWanted) this.wordless.delete(token)
    else if (!this.wordless.has(token)) this.wordless.set(token, this.clock.monotonic())
  }

  /** How long it has waited for that, ms. Null: it does not. */
  wordlessForMs(token: string): number | null {
    const since = this.wordless.get(token)
    return since === undefined ? null : this.clock.monotonic() - since
  }

  /** How long ago the manager took a cancel, ms. Null: it has not, as far as we remember. */
  cancelForMs(token: string): number | null {
    const sentAt = this.cancels.get(token)
    return sentAt === undefined ? null : this.clock.monotonic() - sentAt
  }

  /** How a cancel should be sent now: `term` first, `kill` after `killAfterMs`, null while the last one is still fresh. */
  cancelDue(token: string, killAfterMs: number): "term" | "kill" | null {
    const sentAt = this.cancels.get(token)
    if (sentAt === undefined) return "term"
    return this.clock.monotonic() - sentAt < killAfterMs ? null : "kill"
  }

  /** The manager has taken it. One that did not arrive is sent again as it was. */
  cancelSent(token: string): void {
    this.cancels.set(token, this.clock.monotonic())
  }

  /** Whether to ask for it now: it was not yet, or longer ago than `againMs`. */
  wishDue(token: string, wish: Wish, againMs: number): boolean {
    const sent = this.wishes.get(token)
    return sent === undefined || sent.wish !== wish || this.clock.monotonic() - sent.at >= againMs
  }

  /** The manager has taken it. */
  wishSent(token: string, wish: Wish): void {
    this.wishes.set(token, { wish, at: this.clock.monotonic() })
  }

  /** What was seen before says nothing of how long something has been so: absence, grace and outages begin anew. */
  restart(): void {
    this.absences.clear()
    this.finals.clear()
    this.overdue.clear()
  }

  /** It is over its deadline, and its manager can't be reached: for how long that has been so, ms. */
  overdueForMs(token: string): number {
    const now = this.clock.monotonic()
    const since = this.overdue.get(token) ?? now
    this.overdue.set(token, since)
    return now - since
  }

  /** The manager is there. */
  reached(): void {
    this.overdue.clear()
  }

  forget(token: string): void {
    this.absences.delete(token)
    this.finals.delete(token)
    this.wordless.delete(token)
    this.cancels.delete(token)
    this.wishes.delete(token)
  }
}
