/** HTCondor behind the executor for managers that count resources themselves, over a fake condor_submit with real processes. */
import { htcondor } from "../../src/schedulers/htcondor/index.ts"
import { dialect, executorContract } from "./contract.ts"

executorContract(
  dialect("htcondor", htcondor, {
    "out of memory: failed with cause out-of-memory": "HTCondor holds what needs too much memory, and shows the reason",
    "its node is gone: failed with cause node-failure":
      "what has lost its machine is idle again, as if it had been preempted, and is removed as that",
  }),
)
