/** Names that a config may use, as far as these tests are concerned: more than the registries have so far. */
import type { KnownNames } from "../../src/config/config.ts"

export const designNames: KnownNames = {
  schedulers: ["process", "slurm", "mpi", "flux", "sge", "pbs", "lsf"],
  transports: ["local", "ssh2", "openssh"],
  launchers: ["none", "mpirun", "srun", "flux-run"],
}
