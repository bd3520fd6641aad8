/** mpirun of Intel MPI: Hydra with variables of its own for binding. */
import { type JobSpec, tasksOf } from "../job/index.ts"
import type { Launcher, Situation, Way } from "./launcher.ts"

const programs = ["mpirun", "mpiexec", "mpiexec.hydra"]

export const intelmpi: Launcher = {
  name: "intelmpi",
  launch: (spec, situation) => ({ programs, ways: [intelmpiWay(spec, situation)] }),
}

export function intelmpiWay(spec: JobSpec, { ownSlots }: Situation): Way {
  const { tasksPerNode: each } = spec.resources
  return {
    flavour: "intelmpi",
    words: [
      "-n",
      String(tasksOf(spec.resources)),
      ...(each === null ? [] : ["-ppn", String(each)]),
      "-genvall",
      ...pinning(spec, ownSlots),
      ...(spec.launch?.options ?? []),
    ],
    forward: null,
    hostfile: { option: "-f", form: "colon", variables: ["OAR_NODEFILE"] },
  }
}

/** It pins where nothing is said, so with jobs beside one another it is told not to. */
function pinning({ launch, resources: { cpusPerTask } }: JobSpec, ownSlots: boolean): string[] {
  const bind = launch?.bind ?? (ownSlots ? "none" : undefined)
  if (bind === undefined) return []
  if (bind === "none") return ["-genv", "I_MPI_PIN", "0"]
  const domain = bind === "core" && cpusPerTask !== null && cpusPerTask > 1 ? `${cpusPerTask}:compact` : bind
  return ["-genv", "I_MPI_PIN", "1", "-genv", "I_MPI_PIN_DOMAIN", domain]
}
