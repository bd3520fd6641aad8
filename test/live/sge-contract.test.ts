/** The contract of an executor over the rig's Grid Engine. */
import { describe } from "vitest"
import { executorContract } from "../executors/contract.ts"
import { realGridEngine, withoutGridEngine } from "../support/sge/subject.ts"
import { TameGridEngine } from "../support/sge/tame.ts"

const without = withoutGridEngine === null ? "" : ` (skipped: ${withoutGridEngine})`

describe.skipIf(withoutGridEngine !== null)(`a real Grid Engine${without}`, () =>
  executorContract(
    realGridEngine(TameGridEngine, {
      exceptions: {
        "cancelled by somebody else, it is cancelled, and says by whom it was not":
          "a qdel is a KILL, and looks like any other: it failed by a signal",
        "preempted: failed with cause preempted": "Grid Engine suspends what it preempts, or starts it again",
        "its node is gone: failed with cause node-failure": "what has lost its node stays running until it is back",
        "a node that does not see the job directory: failed with cause launch":
          "Grid Engine holds what can't enter its directory in an error state, with the reason",
        "an id that was given to a stranger is not taken for ours, and the stranger is left alone":
          "it takes a restart of the manager, and is tried alone: sge-ids-contract.test.ts",
        "an id beyond 2^53 is kept to its last digit": "Grid Engine's ids end at 9999999, and begin again",
      },
    }),
  ),
)
