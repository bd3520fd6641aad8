/** Testimony: what a witness is told, and what it says. */
import { type Job, type JobEvent, isHeldBack } from "../job/index.ts"
import type { JobStore } from "../persist/index.ts"
import type { Disk } from "./disk.ts"
import { directory } from "./fleet.ts"
import type { Native } from "./slurm.ts"
import type { Trouble } from "./trouble.ts"
import { type Run, outputName } from "./wrapper.ts"

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

/** Lists that lie for longer than an absence counts may make anything look gone; one that ends inside a record is seen to lie. */
export function excusesOf({ lies, coldStarts, requeues, copies, apart }: Trouble): Excuses {
  const unnoticed = lies.filter(({ kind }) => kind !== "partial")
  const liedMs = unnoticed.reduce((sum, { from, to }) => sum + to - from, 0)
  return {
    mayCallLost: liedMs > 40_000,
    mayCancel: coldStarts.length > 0,
    requeues,
    isCopied: copies.length > 0,
    isApart: apart,
  }
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

export function realmOn(disk: Disk, acknowledged: ReadonlyMap<string, Job> = new Map()): Realm {
  const resultOf = ({ id }: Job): string | null => disk.textOf(`${directory}/jobs/${id}/${outputName}`)
  return { store: null, acknowledged: new Map(acknowledged), resultOf }
}

/** Whose events are heard: a controller by its number, its store, and the realm that it has. */
export interface Speaker {
  readonly realm: Realm
  readonly store: JobStore
  readonly by: number
}

/** What a line of the log says of an event beyond its type. */
export function wordsOf(event: JobEvent): string {
  if ("outcome" in event) return `${event.outcome.state} ${event.outcome.cause ?? ""}`
  if (event.type === "settled") return event.proof
  if ("evidence" in event) return `${event.evidence.source} ${event.evidence.word}`
  if ("nativeId" in event) return event.nativeId
  if ("owner" in event) return `${event.won ? "won" : "lost"} ${event.owner}`
  return "reason" in event ? (event.reason ?? "") : ""
}

/** The promise that one breaks which waits for ever. */
export function unended(job: Job): string {
  return isHeldBack(job) ? "what waits for a showing gets one" : "every job ends"
}

/** What is wrong with the result that came back of a job that is over, whose current attempt has run so; null: nothing. */
export function resultProblem(
  { state, outcome, reason, collected }: Job,
  runs: readonly Run[],
  result: string | null,
  isDisowned: boolean,
): string | null {
  const left = runs.flatMap((run) => (run.exitCode !== null && run.output !== null ? [run.output] : []))
  if (outcome?.cause === "stage-out" && !isDisowned) return `is failed: ${reason}`
  if (left.length === 0) return null
  // What was corrected later has not been collected: docs/protocol.md, 21.
  if (result === null) return state === "completed" && collected !== null ? "is completed, without its output" : null
  // What is cut short is cancelled or failed in the middle of it.
  const endedItself = state === "completed" || outcome?.cause === "exit"
  return endedItself && !left.includes(result) ? `has ${result.length} bytes that are not its output` : null
}
