/** What a class of error leads to: whether it is worth another try, and how long to wait before it. */
import type { ErrorClass } from "../errors.ts"

export interface Policy {
  /** Whether the same request may simply be made again. */
  readonly again: boolean
  /** The delay before the first one; it doubles with each further failure. */
  readonly delayMsFirst: number
  readonly delayMsMax: number
}

export type Policies = Readonly<Record<ErrorClass, Policy>>

/** A refused login is tried seldom: login nodes ban those who knock too often. */
export const policies: Policies = {
  transient: { again: true, delayMsFirst: 1_000, delayMsMax: 300_000 },
  busy: { again: true, delayMsFirst: 5_000, delayMsMax: 300_000 },
  "in-doubt": { again: false, delayMsFirst: 1_000, delayMsMax: 300_000 },
  limit: { again: true, delayMsFirst: 5_000, delayMsMax: 300_000 },
  auth: { again: false, delayMsFirst: 60_000, delayMsMax: 3_600_000 },
  rejected: { again: false, delayMsFirst: 0, delayMsMax: 0 },
  "unknown-job": { again: false, delayMsFirst: 0, delayMsMax: 0 },
  gone: { again: false, delayMsFirst: 60_000, delayMsMax: 3_600_000 },
}

/** Full jitter over the upper half: between half of the doubled delay and all of it, so that nobody waits for nothing. */
export function delayMsFor(
  errorClass: ErrorClass,
  failures: number,
  random: number,
  table: Policies = policies,
): number {
  const { delayMsFirst, delayMsMax } = table[errorClass]
  const delayMs = Math.min(delayMsMax, delayMsFirst * 2 ** Math.min(failures - 1, 30))
  return delayMs * (0.5 + random / 2)
}
