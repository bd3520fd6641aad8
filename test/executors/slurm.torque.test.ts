/** Torque behind the executor for managers that count resources themselves, over a fake qsub with real processes. */
import { torque } from "../../src/schedulers/torque/index.ts"
import { dialect, executorContract } from "./contract.ts"

executorContract(
  dialect("torque", torque, {
    "what is suspended while it runs goes on when it is resumed": "qsig -s suspend is for managers and operators",
    "cancelled by somebody else, it is cancelled, and says by whom it was not":
      "a job that was deleted while it ran has exit status 271, as one that was ended by any other TERM: it failed by a signal",
    "preempted: failed with cause preempted": "Torque preempts nothing by itself, and its schedulers delete or requeue",
  }),
)
