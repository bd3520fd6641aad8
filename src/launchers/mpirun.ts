/** mpirun, whichever it is: looked at where the job runs, after its modules and its prologue. */
import { intelmpiWay } from "./intelmpi.ts"
import type { Launcher } from "./launcher.ts"
import { mpichWay } from "./mpich.ts"
import { openmpiWays } from "./openmpi.ts"

export const mpirun: Launcher = {
  name: "mpirun",
  launch: (spec, situation) => ({
    programs: ["mpirun", "mpiexec", "mpiexec.hydra"],
    ways: [...openmpiWays(spec, situation), mpichWay(spec, situation), intelmpiWay(spec, situation)],
  }),
}
