/** The fleet of one controller: the real one, with a virtual cluster and a virtual disk put into it. */
import { Fleet } from "../executors/fleet.ts"
import type { Log } from "../executors/log.ts"
import { remotePace } from "../executors/pace.ts"
import type { ExecutorParts } from "../executors/parts.ts"
import { none } from "../launchers/none.ts"
import type { Files, JobStore } from "../persist/index.ts"
import { slurm } from "../schedulers/slurm/index.ts"
import { type Broken, brokenParts } from "./broken.ts"
import type { Life } from "./life.ts"
import type { Network } from "./network.ts"
import { resultsOn } from "./results.ts"
import type { Trouble } from "./trouble.ts"

/** The state directory on each disk. */
export const directory = "/state"

export interface FleetOptions {
  readonly life: Life
  readonly store: JobStore
  /** The controller's disk. */
  readonly files: Files
  readonly log: Log
  readonly seed: number
  readonly broken: Broken | null
  readonly trouble: Trouble
  readonly network: Network
}

export function fleetOn(options: FleetOptions): Fleet {
  const { life, store, log, broken } = options
  return new Fleet({
    stateDirectory: directory,
    store,
    executors: new Map([["cluster", brokenParts(partsOf(options), broken)]]),
    defaultExecutor: "cluster",
    clock: life.clock,
    log,
    onDown: () => undefined,
  })
}

function partsOf({ life, files, seed, trouble, network }: FleetOptions): ExecutorParts {
  const { maxQueued, maxSubmitPerMinute } = trouble
  return {
    name: "cluster",
    scheduler: slurm,
    transport: { address: "me@virtual", connect: () => Promise.reject(new Error("There is no such transport.")) },
    resultsDisk: resultsOn(files),
    openSession: () => network.open(life),
    launcherFor: () => none,
    defaults: {},
    limits: { maxQueued, maxSubmitPerMinute, capacity: null },
    root: "/home/me/.hawser",
    // Most look for hints less often: there is more of the rest in the same time.
    pace: seed % 6 === 0 ? remotePace : { ...remotePace, hintMs: 5_000 },
    retentionMs: null,
  }
}
