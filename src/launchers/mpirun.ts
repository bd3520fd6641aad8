/** mpirun of Open MPI, MPICH and their kin: they agree on -n, and find the nodes of the allocation themselves. */
import type { Launcher } from "./launcher.ts"
import { tasksOf } from "./tasks.ts"

export const mpirun: Launcher = {
  name: "mpirun",
  wrap: (argv, spec) => ["mpirun", "-n", String(tasksOf(spec.resources)), ...argv],
}
