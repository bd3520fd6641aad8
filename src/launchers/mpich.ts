/** mpiexec of MPICH (Hydra), and of what is built on it: MVAPICH, Cray's and ParaStation's among others. */
import { type JobSpec, tasksOf } from "../job/index.ts"
import type { Launcher, Situation, Way } from "./launcher.ts"

const programs = ["mpirun", "mpiexec", "mpiexec.hydra", "mpirun.mpich"]

export const mpich: Launcher = {
  name: "mpich",
  launch: (spec, situation) => ({ programs, ways: [mpichWay(spec, situation)] }),
}

export function mpichWay(spec: JobSpec, { ownSlots }: Situation): Way {
  const { tasksPerNode: each, cpusPerTask } = spec.resources
  const bind = spec.launch?.bind ?? (ownSlots ? "none" : undefined)
  const unit = bind === "core" && cpusPerTask !== null && cpusPerTask > 1 ? `core:${cpusPerTask}` : bind
  return {
    flavour: "mpich",
    words: [
      "-n",
      String(tasksOf(spec.resources)),
      ...(each === null ? [] : ["-ppn", String(each)]),
      "-genvall",
      ...(unit === undefined ? [] : ["-bind-to", unit]),
      // It starts as many processes as it is told, wherever: oversubscribe needs no word.
      ...(spec.launch?.options ?? []),
    ],
    forward: null,
    hostfile: { option: "-f", form: "colon", variables: ["OAR_NODEFILE"] },
  }
}
