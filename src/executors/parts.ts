/** The parts of an executor, and of the fleet: what the composition root puts in, and what the operations work with. */
import type { Clock } from "../clock.ts"
import type { HawserError } from "../errors.ts"
import type { Job, JobSpec, JobView, SpecDefaults } from "../job/index.ts"
import type { Launcher } from "../launchers/launcher.ts"
import type { JobStore } from "../persist/store.ts"
import type { ResultsDisk } from "../remote/resultsDisk.ts"
import type { Scheduler } from "../schedulers/scheduler.ts"
import type { Session } from "../transport/session.ts"
import type { Attendance } from "../transport/person.ts"
import type { Transport } from "../transport/transport.ts"
import type { HawserApi } from "./api.ts"
import type { Pace } from "./desk.ts"
import type { Engine } from "./engine.ts"
import type { JudgeLimits } from "./judge.ts"
import type { Log } from "./log.ts"
import type { Instance, InstanceWait } from "./pilot.ts"
import type { Described } from "./status.ts"
import type { Limits } from "./throttle.ts"

/** What an executor is made of; `local.ts` and `slurm.ts` are thin factories for it. */
export interface ExecutorParts {
  readonly name: string
  readonly scheduler: Scheduler
  readonly transport: Transport
  /** How a session is opened; absent: over the transport. The simulator has sessions without one. */
  readonly openSession?: (signal: AbortSignal) => Promise<Session>
  /** Where results land; absent: on the file system of this machine. The simulator has one of its own. */
  readonly resultsDisk?: ResultsDisk
  /** Whom the transport asks. Default: nobody is there. */
  readonly person?: Attendance
  readonly launcherFor: (spec: JobSpec) => Launcher
  readonly defaults: SpecDefaults
  readonly limits: Limits
  readonly root: string
  readonly pace: Pace
  readonly judgeLimits?: Partial<JudgeLimits>
  readonly retentionMs: number | null
  /** Where Hawser starts the manager itself; absent: it is there. */
  readonly instance?: Instance
}

export function describe({ name, scheduler, transport }: ExecutorParts): Described {
  return { name, scheduler: scheduler.name, address: transport.address }
}

export interface FleetParts {
  /** Absolute. */
  readonly stateDirectory: string
  readonly store: JobStore
  readonly executors: ReadonlyMap<string, ExecutorParts>
  readonly defaultExecutor: string
  readonly clock: Clock
  readonly log: Log
  readonly onDown: () => void
}

/** What an operation over all executors sees of the fleet. */
export interface FleetView extends Pick<HawserApi, "stateDirectory" | "submit" | "ended" | "cancel" | "prune"> {
  readonly parts: FleetParts
  /** Values of `{fromEnv: NAME}` that came with a submission, by job. In memory only. */
  readonly secrets: Map<string, Readonly<Record<string, string>>>
  /** What a new job waits for where its manager is a Flux instance of our own; null: nothing. */
  waitForInstance(job: Job): InstanceWait | null
  /** The pilot of the executor's Flux instance, started where none runs. Rejects when the signal is aborted. */
  raiseInstance(executor: string, signal: AbortSignal): Promise<Job>
  /** Another controller has the state directory: this one has to end. */
  lose(why: HawserError): void
  /** The engine of an executor, started at its first use. Throws `EXECUTOR_UNKNOWN`. */
  engine(name: string): Engine
  /** Its engine looks at once at what there is to do; does nothing for one that is not configured. */
  wake(executor: string): void
  /** Throws `EXECUTOR_UNKNOWN`. */
  partsOf(name: string): ExecutorParts
  /** Throws `JOB_UNKNOWN` or `JOB_AMBIGUOUS`. */
  job(name: string): Job
  /** Of ids, keys and arrays; each once. */
  jobsOf(names: readonly string[]): readonly Job[]
  view(job: Job): JobView
  resultsDirectory(job: Job): string
}
