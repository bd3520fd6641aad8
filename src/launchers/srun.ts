/** srun inside an allocation of Slurm. */
import type { Launcher } from "./launcher.ts"
import { tasksOf } from "./tasks.ts"

/**
 * The allocation's nodes and tasks are srun's defaults; what follows is stated because they are not, or not always:
 * --export=ALL, for SLURM_EXPORT_ENV may say NONE; --cpus-per-task, which srun no longer takes from the allocation
 * since 22.05; --input=none, for srun would read the payload's stdin, of which there is only one.
 */
export const srun: Launcher = {
  name: "srun",
  wrap: (argv, spec) => {
    const { nodes, tasksPerNode, cpusPerTask } = spec.resources
    return [
      "srun",
      "--export=ALL",
      `--ntasks=${tasksOf(spec.resources)}`,
      ...(nodes === null ? [] : [`--nodes=${nodes}`]),
      ...(tasksPerNode === null ? [] : [`--ntasks-per-node=${tasksPerNode}`]),
      ...(cpusPerTask === null ? [] : [`--cpus-per-task=${cpusPerTask}`]),
      ...(spec.stdin === null ? ["--input=none"] : []),
      "--",
      ...argv,
    ]
  },
}
