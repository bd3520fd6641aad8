/** The contract of an executor over the rig's real Slurm: for each clause a partition of its own. */
import { describe, vi } from "vitest"
import { slurm } from "../../src/schedulers/slurm/index.ts"
import { executorContract } from "../executors/contract.ts"
import { type Rig, rig } from "../support/rig.ts"
import { TameSlurm } from "../support/slurm/tame.ts"

const why = typeof rig === "string" ? rig : process.getuid?.() === 0 ? null : "partitions are made by root"
const target = rig as Rig

/** A look asks squeue twice: the lists that a clause waits for have to be enough to fence by, were they believed. */
const judgeLimits = { graceMs: 3_000, recordMs: 3_000, wordMs: 3_000, absenceMs: 1_500, absenceLooks: 2 }

// Most of the time they wait for Slurm, which looks for those that are out of time every half minute.
vi.setConfig({ maxConcurrency: 12 })

describe.skipIf(why !== null)(`a real Slurm${why === null ? "" : ` (skipped: ${why})`}`, () =>
  executorContract({
    name: "slurm",
    atATime: 12,
    clockFactor: 5,
    parts: async (stand) => {
      const cluster = await TameSlurm.start(target, stand.folder)
      stand.atEnd.push(() => cluster[Symbol.asyncDispose]())
      const defaults = { resources: { queue: cluster.partition } }
      return { parts: { scheduler: slurm, transport: cluster.transport(stand.clock), defaults, judgeLimits }, cluster }
    },
    exceptions: {
      "a job does not begin before its time": "it waits in Slurm's queue (--begin)",
      "what is suspended while it runs goes on when it is resumed": "scontrol suspend is for administrators",
      "out of memory: failed with cause out-of-memory":
        "Slurm watches memory by control groups, which the rig has none of",
      "an id beyond 2^53 is kept to its last digit": "Slurm's ids end at 67,108,863",
    },
  }),
)
