/** MPI programs on hosts without a batch system: mpirun is a process of the host that we reach, and starts the others. */
import { process, processDirectives } from "./process.ts"
import type { Scheduler } from "./scheduler.ts"

/** The process table of that host, but for what a job may ask: several nodes. */
export const mpi: Scheduler = {
  ...process,
  name: "mpi",
  directives: (submission) => processDirectives(submission, { severalNodes: true }),
}
