/** The contract of an executor over a real PBS: a queue of its own for each clause. */
import { describe } from "vitest"
import { pbs } from "../../src/schedulers/pbs/index.ts"
import { executorContract } from "../executors/contract.ts"
import { type PbsHere, pbsHere } from "../support/pbs/here.ts"
import { TamePbs } from "../support/pbs/tame.ts"

const without = typeof pbsHere === "string" ? ` (skipped: ${pbsHere})` : ""

/** Of looks that are further apart than two sweeps the time between does not count. */
const pace = { sweepMsMin: 3_000, sweepMsMax: 6_000, hintMs: 3_000, askMsMin: 0, gatherMs: 20, killAfterMs: 20_000 }
/** An end is one when its output has been copied: a second or two of ours. */
const judgeLimits = { graceMs: 3_000, recordMs: 25_000, wordMs: 25_000, absenceMs: 25_000, absenceLooks: 3 }

describe.skipIf(typeof pbsHere === "string")(`a real PBS${without}`, () =>
  executorContract({
    name: "pbs",
    // They wait for it, mostly.
    atATime: 4,
    clockFactor: 5,
    exceptions: {
      "what is suspended while it runs goes on when it is resumed": "qsig -s suspend is for managers and operators",
      "preempted: failed with cause preempted":
        "PBS suspends, requeues or deletes what it preempts, and a deletion looks like any other",
      "an id beyond 2^53 is kept to its last digit": "PBS's ids end at 999999999999, and begin again",
      "accounting that lags keeps a job waiting, and ends it when it knows": "its history is the server's own",
    },
    parts: (stand) => {
      const cluster = new TamePbs(stand.folder, pbsHere as PbsHere)
      stand.atEnd.push(() => cluster[Symbol.asyncDispose]())
      const defaults = { resources: { queue: cluster.queue } }
      return {
        parts: { scheduler: pbs, transport: cluster.transport(stand.clock), defaults, pace, judgeLimits },
        cluster,
      }
    },
  }),
)
