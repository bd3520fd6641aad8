/** The contract of an executor over the rig's Grid Engine: for each clause a queue of its own. */
import { describe } from "vitest"
import { sge } from "../../src/schedulers/sge/index.ts"
import { executorContract } from "../executors/contract.ts"
import { gridEngine } from "../support/gridengine.ts"
import type { Rig } from "../support/rig.ts"
import { TameGridEngine } from "../support/sge/tame.ts"

/** Nobody but root may run commands as the rig's user here. */
const skipped = typeof gridEngine === "string" ? gridEngine : process.getuid?.() === 0 ? null : "it needs root"

/** Of looks that are further apart than two sweeps the time between does not count. */
const pace = { sweepMsMin: 3_000, sweepMsMax: 6_000, hintMs: 3_000, askMsMin: 0, gatherMs: 20, killAfterMs: 20_000 }
/** Accounting comes one or two seconds of ours after an end, which is nobody's absence. */
const judgeLimits = { graceMs: 3_000, recordMs: 25_000, wordMs: 25_000, absenceMs: 25_000, absenceLooks: 3 }
const ids = "which ids it gives can't be chosen, so its fake does"

describe.skipIf(skipped !== null)(`a real Grid Engine${skipped === null ? "" : ` (skipped: ${skipped})`}`, () =>
  executorContract({
    name: "sge",
    atATime: 8,
    clockFactor: 5,
    parts: (stand) => {
      const cluster = new TameGridEngine(stand.folder, gridEngine as Rig)
      stand.atEnd.push(() => cluster[Symbol.asyncDispose]())
      const transport = cluster.transport(stand.clock)
      const defaults = { resources: { queue: cluster.queue } }
      return { parts: { scheduler: sge, transport, defaults, pace, judgeLimits }, cluster }
    },
    exceptions: {
      "cancelled by somebody else, it is cancelled, and says by whom it was not":
        "a qdel is a KILL, and looks like any other: it failed by a signal",
      "preempted: failed with cause preempted": "Grid Engine suspends what it preempts, or starts it again",
      "its node is gone: failed with cause node-failure": "what has lost its node stays running until it is back",
      "a node that does not see the job directory: failed with cause launch":
        "what can't enter its directory is held in an error state, with the reason",
      "an id that was given to a stranger is not taken for ours, and the stranger is left alone": ids,
      "an id beyond 2^53 is kept to its last digit": ids,
    },
  }),
)
