/** Fates: what has really become of tokens. */
export class Fates {
  readonly forgotten: Set<string> = new Set()
  /** A native of it ended without having run the payload. */
  readonly hindered: Set<string> = new Set()
  readonly failedNodes: Set<string> = new Set()
  readonly preempted: Set<string> = new Set()
  readonly cancelledByOthers: Set<string> = new Set()
  /** Of these another copy of the state directory can't know how they ended, or get their results. */
  readonly removed: Set<string> = new Set()
}
