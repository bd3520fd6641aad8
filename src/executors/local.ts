/** Executor `process`: jobs are processes of one host, and their cores, memory and GPUs are counted here. */
import { availableParallelism } from "node:os"
import type { ExecutorParts } from "./parts.ts"
import { localPace, pacedBy } from "./pace.ts"
import type { ExecutorSettings } from "./settings.ts"

/** Process tables answer at once and never forget a live process, so the judge needs little patience. */
const patience = { graceMs: 3_000, recordMs: 3_000, wordMs: 0, absenceMs: 2_000, absenceLooks: 3 }

export function processExecutor(settings: ExecutorSettings): ExecutorParts {
  const { capacity, ...rest } = settings
  const cores = capacity.cores ?? availableParallelism()
  const limits = { ...settings.limits, capacity: { cores, memory: capacity.memory, gpus: capacity.gpus?.count ?? 0 } }
  return { ...rest, limits, pace: pacedBy(localPace, settings.limits.minPollSeconds), judgeLimits: patience }
}
