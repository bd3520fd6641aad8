/** A config as the rest of Hawser sees it: checked, complete, with absolute local paths. */
import type { HostSlots, Resources } from "../job/resources.ts"
import type { SpecDefaults } from "../job/defaults.ts"

export interface LoadedConfig {
  /** The file that was read, absolute; null: there is none, and only `local` exists. */
  readonly file: string | null
  /** Absolute; need not exist yet. */
  readonly stateDirectory: string
  /** The executor for jobs that name none. */
  readonly default: string
  /** By name; `local` is always among them. Ask with `executorNamed`. */
  readonly executors: Readonly<Record<string, ExecutorConfig>>
}

export interface ExecutorConfig {
  readonly name: string
  readonly scheduler: string
  /** `auto` where nothing is said. Also in `defaults.launcher`, which `applyDefaults` lays under a spec. */
  readonly launcher: string
  readonly transport: TransportConfig
  /** On the other side: absolute, or `~/…`, which only that side can expand. */
  readonly root: string
  readonly defaults: SpecDefaults
  readonly limits: Limits
  /** Packing of like jobs into one array; null: off. */
  readonly packing: { readonly max: number } | null
  /** Of Grid Engine: what jobs of more than one slot ask for; null: none is named. */
  readonly parallelEnvironment: string | null
  readonly capacity: Capacity
  /** Of Flux: where Hawser starts the manager itself; null: it is there. */
  readonly instance: InstanceConfig | null
  /** It is no executor of the user's: the pilots of this one run on it. Null: it is the user's. */
  readonly serves: string | null
  /** How long job directories stay on the other side after the end, milliseconds; null: until pruned by hand. */
  readonly retentionMs: number | null
}

export interface TransportConfig {
  /** `local`, `ssh2`, `openssh` …; `command` when `command` is set. */
  readonly name: string
  /** The argv that gives us `sh`. */
  readonly command: readonly string[] | null
  /** Host name, address, or an alias of the user's OpenSSH configuration, which supplies what is null here. */
  readonly host: string | null
  readonly port: number | null
  readonly user: string | null
  /** Absolute local paths. */
  readonly identityFile: string | null
  readonly knownHostsFile: string | null
  /** What a person has unlocked stays so for as long as the controller lives. */
  readonly rememberPassphrase: boolean
}

/** Null: unlimited; for `minPollSeconds` and `maxConnections`: what the engine finds right. */
export interface Limits {
  /** Jobs that the manager holds at a time, running ones included. */
  readonly maxQueued: number | null
  readonly maxSubmitPerMinute: number | null
  readonly maxConnections: number | null
  readonly minPollSeconds: number | null
}

/** What a process executor may use at a time; null: all that the host has (GPUs: none). */
export interface Capacity {
  readonly cores: number | null
  /** Bytes. */
  readonly memory: number | null
  readonly gpus: Resources["gpus"]
  /** Of an executor for MPI, in this order; null: any other. */
  readonly hosts: readonly HostSlots[] | null
}

/** A Flux instance of our own. (One for each job is a launcher, and not this.) */
export interface InstanceConfig {
  /** `executor`: it stays for a while when nothing is left to do; `workflow`: it ends with the last job. */
  readonly scope: "executor" | "workflow"
  /** The executor whose job it is. */
  readonly on: string
  readonly nodes: number
  /** On each node; null: all that are there. */
  readonly cores: number | null
  /** Seconds; null: it has no end. */
  readonly walltime: number | null
  /** On the other side, absolute or `~/…`; null: in the executor's own home there. */
  readonly stateDirectory: string | null
  /** How long it stays without a job, ms. */
  readonly idleMs: number
}

/** Names that a config may use: those of the registries. */
export interface KnownNames {
  readonly schedulers: readonly string[]
  /** Without `command`, which has a spelling of its own. */
  readonly transports: readonly string[]
  /** Without `auto`. */
  readonly launchers: readonly string[]
}
