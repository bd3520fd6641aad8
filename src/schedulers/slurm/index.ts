/** Slurm 20.11 and newer, through sbatch, squeue, sacct, scancel and scontrol. */
import type { Scheduler } from "../scheduler.ts"
import { cancel, hold, release, requeue } from "./control.ts"
import { classify } from "./errors.ts"
import { history, look } from "./look.ts"
import { probe } from "./probe.ts"
import { queue } from "./queue.ts"
import { directives, submit } from "./submit.ts"

export const slurm: Scheduler = {
  name: "slurm",
  features: { accounting: true, hold: true, suspend: false, arrays: true, requeue: true, countsResources: false },
  foreignVariables: ["SBATCH_*", "SQUEUE_*", "SACCT_*", "SCANCEL_*", "SCONTROL_*", "SRUN_*", "SLURM_*", "!SLURM_CONF"],
  jobVariables: { nativeId: "SLURM_JOB_ID", restarts: "SLURM_RESTART_COUNT" },
  // slurmctld takes 1024 bytes, accounting keeps 255. (22.05) Names go into filters by the hundred, and people read them: no need for more.
  nativeNameMax: 120,
  directives,
  submit,
  queue,
  history,
  look,
  cancel,
  hold,
  release,
  // scontrol takes ids alone for these, which may be a stranger's by now, and lets operators only. (scontrol(1))
  suspend: () => null,
  resume: () => null,
  requeue,
  probe,
  classify,
}
