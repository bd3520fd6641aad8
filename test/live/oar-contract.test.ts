/** The contract of an executor over the rig's OAR: a queue of its own for each clause. */
import { describe, expect, test } from "vitest"
import { oar } from "../../src/schedulers/oar/index.ts"
import { until } from "../executors/bench.ts"
import { type Subject, executorContract, onBench } from "../executors/contract.ts"
import { noOar } from "../support/oar/rig.ts"
import { TameOar } from "../support/oar/tame.ts"
import { type Rig, rig } from "../support/rig.ts"
import { ended, submit } from "../support/stand.ts"

const reason = noOar ?? (process.getuid?.() === 0 ? null : "nobody but root may run commands as the rig's user")

/** Of looks that are further apart than two sweeps the time between does not count; on a busy machine oarstat takes seconds. */
const pace = { sweepMsMin: 3_000, sweepMsMax: 12_000, hintMs: 3_000, askMsMin: 0, gatherMs: 20, killAfterMs: 20_000 }
/** OAR takes some seconds to call an end an end. */
const judgeLimits = { graceMs: 3_000, recordMs: 25_000, wordMs: 25_000, absenceMs: 25_000, absenceLooks: 3 }

const subject: Subject = {
  name: "oar",
  // They wait for it, mostly.
  atATime: 12,
  clockFactor: 5,
  exceptions: {
    "what is suspended while it runs goes on when it is resumed": "oarhold -r is for administrators",
    "what the manager suspends is suspended, and goes on": "OAR suspends by control groups, which the rig has none of",
    "out of time with a record of the TERM before: failed with cause timeout": "OAR ends by KILL, with no TERM before",
    "out of memory: failed with cause out-of-memory": "OAR does not watch memory; the kernel's KILL is a signal",
    "an id beyond 2^53 is kept to its last digit": "half of OAR's tables keep ids of 32 bits",
  },
  parts: (stand) => {
    const cluster = new TameOar(stand.folder, rig as Rig)
    stand.atEnd.push(() => cluster[Symbol.asyncDispose]())
    const defaults = { resources: { queue: cluster.queue } }
    return {
      parts: { scheduler: oar, transport: cluster.transport(stand.clock), defaults, pace, judgeLimits },
      cluster,
    }
  },
}

describe.skipIf(reason !== null)(`a real OAR${reason === null ? "" : ` (skipped: ${reason})`}`, () => {
  executorContract(subject)

  test("what OAR itself submits again, for its node did not answer, runs once", { timeout: 120_000 }, () =>
    onBench(subject, async (bench) => {
      const cluster = bench.cluster as TameOar
      const fleet = await bench.fleet()
      cluster.silence(true)
      const { id } = await submit(fleet, { command: bench.script("a", ":") })
      await until(() => cluster.resubmissions() > 0)
      cluster.silence(false)
      expect(await ended(fleet, { id })).toMatchObject({ state: "completed", attempt: 1 })
      expect(bench.stand.ran).toEqual(["a"])
    }),
  )
})
