/** The settings of one executor, as the composition root hands them to its factory. */
import type { HostSlots, JobSpec, Resources, SpecDefaults } from "../job/index.ts"
import type { Launcher } from "../launchers/launcher.ts"
import type { Instance } from "./pilot.ts"
import type { Scheduler } from "../schedulers/scheduler.ts"
import type { Attendance } from "../transport/person.ts"
import type { Transport } from "../transport/transport.ts"

export interface ExecutorSettings {
  readonly name: string
  readonly scheduler: Scheduler
  readonly transport: Transport
  /** Whom the transport asks. Default: nobody is there. */
  readonly person?: Attendance
  readonly launcherFor: (spec: JobSpec) => Launcher
  readonly defaults: SpecDefaults
  readonly limits: {
    readonly maxQueued: number | null
    readonly maxSubmitPerMinute: number | null
    readonly minPollSeconds: number | null
  }
  /** Where no scheduler counts: cores (null: all of this host), memory in bytes (null: not counted), GPUs. */
  readonly capacity: {
    readonly cores: number | null
    readonly memory: number | null
    readonly gpus: Resources["gpus"]
    /** Of an executor for MPI. */
    readonly hosts?: readonly HostSlots[] | null
  }
  readonly root: string
  readonly retentionMs: number | null
  /** Where Hawser starts the manager itself; absent: it is there. */
  readonly instance?: Instance
}
