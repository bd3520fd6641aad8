/** The names that a config may use, until the registries of those rooms say them. */
import type { KnownNames } from "./config.ts"

export const designNames: KnownNames = {
  schedulers: ["process", "slurm", "flux", "sge", "pbs", "lsf"],
  transports: ["local", "ssh2", "openssh"],
  launchers: ["none", "mpirun", "srun", "flux-run"],
}
