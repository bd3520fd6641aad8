/** Testimony: what a witness is told, and what it says. */
import type { Job } from "../job/index.ts"
import type { JobStore } from "../persist/index.ts"
import type { Native } from "./slurm.ts"

/** What the trouble of this world excuses. */
export interface Excuses {
  /** Lists lied for so long that an attempt may be called lost though it runs. */
  readonly mayCallLost: boolean
  /** slurmctld may be started cold: accounting then calls what was there cancelled. */
  readonly mayCancel: boolean
  readonly requeues: boolean
  /** Nobody can see what is done on nodes: that a script has run, or that a fence would stop it. */
  readonly isApart: boolean
  /** The state directory is copied: what is cancelled in one of them need not be in the other. */
  readonly isCopied: boolean
}

export interface Violation {
  readonly atMs: number
  readonly invariant: string
  readonly what: string
}

/** What is left on the cluster when all is over. */
export interface Remains {
  /** Natives that it still has. */
  readonly live: readonly Native[]
  /** Whether there is an exit record of a wrapper that nobody told to end. */
  readonly hasRecord: (token: string) => boolean
}

/** One state directory, and who owns it. */
export interface Realm {
  store: JobStore | null
  /** Jobs as they were acknowledged last. */
  readonly acknowledged: Map<string, Job>
  /** What stands in the output that came back of a job; null: none did. */
  readonly resultOf: (job: Job) => string | null
}
