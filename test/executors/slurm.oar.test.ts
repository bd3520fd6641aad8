/** OAR behind the executor for managers that count resources themselves, over a fake oarsub with real processes. */
import { oar } from "../../src/schedulers/oar/index.ts"
import { dialect, executorContract } from "./contract.ts"

executorContract(
  dialect("oar", oar, {
    "what is suspended while it runs goes on when it is resumed": "oarhold -r is for administrators",
    "out of memory: failed with cause out-of-memory": "OAR does not watch memory; the kernel's KILL is a signal",
  }),
)
