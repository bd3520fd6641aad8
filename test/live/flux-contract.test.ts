/** The contract of an executor over a real Flux: for each clause an instance of its own. */
import { describe } from "vitest"
import { flux } from "../../src/schedulers/flux/index.ts"
import { executorContract } from "../executors/contract.ts"
import { fluxProgram, withoutFlux } from "../support/flux/instance.ts"
import { TameFlux } from "../support/flux/tame.ts"

/** A look takes a second of ours and more; of looks that are further apart than two sweeps the time between does not count. */
const pace = { sweepMsMin: 3_000, sweepMsMax: 12_000, hintMs: 3_000, askMsMin: 0, gatherMs: 20, killAfterMs: 20_000 }
const suspends = "Flux suspends nothing"

describe.skipIf(fluxProgram === null)(`a real Flux${withoutFlux}`, () =>
  executorContract({
    name: "flux",
    atATime: 2,
    // Its commands are Python, and take a third of a second.
    clockFactor: 5,
    parts: async (stand) => {
      const cluster = await TameFlux.start(stand.folder)
      stand.atEnd.push(() => cluster[Symbol.asyncDispose]())
      const transport = cluster.transport(stand.clock)
      return { parts: { scheduler: flux, transport, pace }, cluster }
    },
    exceptions: {
      "what is suspended while it runs goes on when it is resumed": suspends,
      "what the manager suspends is suspended, and goes on": suspends,
      "out of memory: failed with cause out-of-memory": "Flux does not watch memory; the kernel's KILL is a signal",
      "preempted: failed with cause preempted": "Flux preempts nothing by itself",
      "a word that nobody knows changes nothing": "a real one says only what it says",
      "an id that was given to a stranger is not taken for ours, and the stranger is left alone":
        "which ids it gives can't be chosen, so its fake does",
      "accounting that lags keeps a job waiting, and ends it when it knows": "its list of jobs does not lag",
    },
  }),
)
