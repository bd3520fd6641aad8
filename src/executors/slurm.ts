/** Executor `slurm`, and any other whose manager counts resources itself: the engine with a remote manager's pace. */
import type { ExecutorParts } from "./parts.ts"
import { pacedBy, remotePace } from "./pace.ts"
import type { ExecutorSettings } from "./settings.ts"

export function batchExecutor(settings: ExecutorSettings): ExecutorParts {
  const pace = pacedBy(remotePace, settings.limits.minPollSeconds)
  return { ...settings, limits: { ...settings.limits, capacity: null }, pace }
}
