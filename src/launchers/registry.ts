/** The launchers that Hawser knows: one line each, and which one `auto` means. */
import { UsageError } from "../errors.ts"
import { type JobSpec, tasksOf } from "../job/index.ts"
import { aprun } from "./aprun.ts"
import { fluxRun } from "./fluxRun.ts"
import { fluxStart } from "./fluxStart.ts"
import { intelmpi } from "./intelmpi.ts"
import { jsrun } from "./jsrun.ts"
import type { Launcher } from "./launcher.ts"
import { mpich } from "./mpich.ts"
import { mpirun } from "./mpirun.ts"
import { none } from "./none.ts"
import { openmpi } from "./openmpi.ts"
import { srun } from "./srun.ts"

export const launchers: Readonly<Record<string, Launcher>> = {
  none,
  mpirun,
  openmpi,
  mpich,
  intelmpi,
  srun,
  "flux-run": fluxRun,
  "flux-start": fluxStart,
  jsrun,
  aprun,
}

/** A scheduler's own launcher; where it has none, mpirun starts more than one task. */
const own: Readonly<Record<string, Launcher>> = {
  slurm: srun,
  flux: fluxRun,
}

/** The launcher of a job on `scheduler`. `auto`: none for one task, but where jobs are MPI's. Throws `LAUNCHER_UNKNOWN`. */
export function launcherFor(spec: JobSpec, scheduler: string): Launcher {
  if (spec.launcher === "auto") {
    if (tasksOf(spec.resources) === 1 && scheduler !== "mpi") return none
    return (Object.hasOwn(own, scheduler) ? own[scheduler] : undefined) ?? mpirun
  }
  const found = Object.hasOwn(launchers, spec.launcher) ? launchers[spec.launcher] : undefined
  if (found !== undefined) return found
  throw new UsageError("LAUNCHER_UNKNOWN", {
    summary: `There is no launcher called "${spec.launcher}".`,
    advice: `Use auto or one of: ${Object.keys(launchers).join(", ")}.`,
  })
}
