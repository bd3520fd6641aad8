/** LSF behind the executor for managers that count resources themselves, over a fake bsub with real processes. */
import { lsf } from "../../src/schedulers/lsf/index.ts"
import { dialect, executorContract } from "./contract.ts"

executorContract(dialect("lsf", lsf))
