/** Executor `slurm`, and any other whose manager counts resources itself: the engine with a remote manager's pace. */
import type { ExecutorParts } from "./openEngine.ts"
import { remotePace } from "./pace.ts"
import type { ExecutorSettings } from "./settings.ts"

export function batchExecutor(settings: ExecutorSettings): ExecutorParts {
  const sweepMsMin = settings.limits.minPollSeconds === null ? remotePace.sweepMsMin : settings.limits.minPollSeconds * 1000
  const pace = { ...remotePace, sweepMsMin, sweepMsMax: Math.max(remotePace.sweepMsMax, sweepMsMin) }
  return { ...settings, limits: { ...settings.limits, capacity: null }, pace }
}
