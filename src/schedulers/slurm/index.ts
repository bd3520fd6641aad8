/** Slurm 20.11 and newer, through sbatch, squeue, sacct, scancel and scontrol. */
import type { Scheduler } from "../scheduler.ts"
import { cancel, hold, release } from "./control.ts"
import { classify } from "./errors.ts"
import { history, look } from "./look.ts"
import { probe } from "./probe.ts"
import { queue } from "./queue.ts"
import { directives, submit } from "./submit.ts"

export const slurm: Scheduler = {
  name: "slurm",
  features: { accounting: true, hold: true, suspend: false, arrays: true, countsResources: false },
  // Every SLURM_ variable but SLURM_CONF: globs have no "except".
  foreignVariables: [
    "SBATCH_*",
    "SQUEUE_*",
    "SACCT_*",
    "SCANCEL_*",
    "SCONTROL_*",
    "SRUN_*",
    "SLURM_[!C]*",
    "SLURM_C[!O]*",
    "SLURM_CO[!N]*",
    "SLURM_CON[!F]*",
    "SLURM_CONF?*",
  ],
  jobVariables: { nativeId: "SLURM_JOB_ID", restarts: "SLURM_RESTART_COUNT" },
  // slurmctld takes 1024 bytes, less three; accounting keeps them all.
  nativeNameMax: 120,
  directives,
  submit,
  queue,
  history,
  look,
  cancel,
  hold,
  release,
  probe,
  classify,
}
