/** Slurm behind the executor for managers that count resources themselves, over a fake sbatch with real processes. */
import { slurm } from "../../src/schedulers/slurm/index.ts"
import { dialect, executorContract } from "./contract.ts"

executorContract(
  dialect("slurm", slurm, {
    "a job does not begin before its time": "it waits in Slurm's queue (--begin)",
    "what is suspended while it runs goes on when it is resumed": "scontrol suspend is for administrators",
  }),
)
