/** Grid Engine behind the executor for managers that count resources themselves, over a fake qsub with real processes. */
import { sge } from "../../src/schedulers/sge/index.ts"
import { dialect, executorContract } from "./contract.ts"

executorContract(
  dialect("sge", sge, {
    "preempted: failed with cause preempted": "Grid Engine suspends what it preempts, or starts it again",
    "its node is gone: failed with cause node-failure": "what has lost its node stays running until it is back",
    "cancelled by somebody else, it is cancelled, and says by whom it was not":
      "a qdel is a KILL, and looks like any other: it failed by a signal",
  }),
)
