/** PBS Pro behind the executor for managers that count resources themselves, over a fake qsub with real processes. */
import { pbs } from "../../src/schedulers/pbs/index.ts"
import { dialect, executorContract } from "./contract.ts"

executorContract(
  dialect("pbs", pbs, {
    "what is suspended while it runs goes on when it is resumed": "qsig -s suspend is for managers and operators",
    "preempted: failed with cause preempted":
      "PBS suspends, requeues or deletes what it preempts, and a deletion looks like any other",
  }),
)
