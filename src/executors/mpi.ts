/** Executor `mpi`: MPI programs on one or several hosts without a batch system, whose slots are counted here. */
import { processExecutor } from "./local.ts"
import type { ExecutorParts } from "./parts.ts"
import type { ExecutorSettings } from "./settings.ts"

/** As processes of the host that we reach, but for the slots. */
export function mpiExecutor(settings: ExecutorSettings): ExecutorParts {
  const hosts = settings.capacity.hosts ?? []
  const parts = processExecutor(settings)
  const cores = hosts.reduce((sum, { slots }) => sum + slots, 0)
  return { ...parts, limits: { ...parts.limits, capacity: { cores, memory: null, gpus: 0, hosts } } }
}
