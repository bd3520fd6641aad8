/** srun inside an allocation of Slurm. */
import { type LaunchOptions, tasksOf } from "../job/index.ts"
import { type Launcher, plainLaunch } from "./launcher.ts"

/**
 * The allocation's nodes and tasks are srun's defaults; what follows is stated because they are not, or not always:
 * --export=ALL, for SLURM_EXPORT_ENV may say NONE; --cpus-per-task, which srun no longer takes from the allocation
 * since 22.05; --kill-on-bad-exit, or the others would wait for a task that has died until the walltime is over; --input=none,
 * for srun would read the payload's stdin, of which there is only one.
 */
export const srun: Launcher = {
  name: "srun",
  launch: (spec) => {
    const { nodes, tasksPerNode, cpusPerTask } = spec.resources
    const { bind, oversubscribe, options = [] } = spec.launch ?? {}
    return plainLaunch([
      "srun",
      "--export=ALL",
      `--ntasks=${tasksOf(spec.resources)}`,
      ...(nodes === null ? [] : [`--nodes=${nodes}`]),
      ...(tasksPerNode === null ? [] : [`--ntasks-per-node=${tasksPerNode}`]),
      ...(cpusPerTask === null ? [] : [`--cpus-per-task=${cpusPerTask}`]),
      ...(bind === undefined ? [] : [`--cpu-bind=${units[bind]}`]),
      ...(oversubscribe === true ? ["--overcommit"] : []),
      "--kill-on-bad-exit=1",
      ...(spec.stdin === null ? ["--input=none"] : []),
      ...options,
      "--",
    ])
  },
}

const units: Readonly<Record<NonNullable<LaunchOptions["bind"]>, string>> = {
  core: "cores",
  socket: "sockets",
  numa: "ldoms",
  none: "none",
}
