/** The launchers that Hawser knows: one line each, and which one `auto` means. */
import { UsageError } from "../errors.ts"
import type { JobSpec } from "../job/index.ts"
import type { Launcher } from "./launcher.ts"
import { mpirun } from "./mpirun.ts"
import { none } from "./none.ts"
import { srun } from "./srun.ts"
import { tasksOf } from "./tasks.ts"

export const launchers: Readonly<Record<string, Launcher>> = {
  none,
  mpirun,
  srun,
}

/** A scheduler's own launcher; where it has none, mpirun starts more than one task. */
const own: Readonly<Record<string, Launcher>> = {
  slurm: srun,
}

/** The launcher of a job on `scheduler`. `auto`: none for one task. Throws `LAUNCHER_UNKNOWN`. */
export function launcherFor(spec: JobSpec, scheduler: string): Launcher {
  if (spec.launcher === "auto") {
    if (tasksOf(spec.resources) === 1) return none
    return (Object.hasOwn(own, scheduler) ? own[scheduler] : undefined) ?? mpirun
  }
  const found = Object.hasOwn(launchers, spec.launcher) ? launchers[spec.launcher] : undefined
  if (found !== undefined) return found
  throw new UsageError("LAUNCHER_UNKNOWN", {
    summary: `There is no launcher called "${spec.launcher}".`,
    advice: `Use auto or one of: ${Object.keys(launchers).join(", ")}.`,
  })
}
