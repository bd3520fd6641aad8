/** What an executor's config says for all of its jobs, laid under a spec. */
import { laidLauncher, launcherOf } from "./launch.ts"
import { noRetry } from "./parseSpec.ts"
import type { SaidResources } from "./readResources.ts"
import type { Resources } from "./resources.ts"
import type { JobSpec, RetryPolicy } from "./spec.ts"
import type { SaidSettings } from "./settingsSchema.ts"

/** Normalised, as far as something was said: null or absent is nothing. */
export interface SpecDefaults extends SaidSettings {
  readonly resources?: SaidResources | null | undefined
}

/** Fields that say the same thing in two ways: one in the spec keeps the defaults of all of them out. */
const together: readonly (readonly string[])[] = [
  ["memory", "memoryPerCpu"],
  ["tasks", "tasksPerNode"],
]

/**
 * The spec, with `defaults` where it says nothing. Nothing said is null, an empty list, `launcher: auto`, `exclusive:
 * false` and a single attempt. `env` is merged by name, the spec's first.
 */
export function applyDefaults(spec: JobSpec, defaults: SpecDefaults): JobSpec {
  return {
    ...spec,
    env: { ...defaults.env, ...spec.env },
    prologue: spec.prologue ?? defaults.prologue ?? null,
    epilogue: spec.epilogue ?? defaults.epilogue ?? null,
    modules: spec.modules.length > 0 ? spec.modules : (defaults.modules ?? []),
    container: spec.container ?? defaults.container ?? null,
    ...launcherOf(laidLauncher({ name: spec.launcher, options: spec.launch ?? {} }, defaults.launcher ?? null)),
    native: spec.native.length > 0 ? spec.native : (defaults.native ?? []),
    resources: laidUnder(spec.resources, defaults.resources ?? {}),
    retry: retryOf(spec.retry, defaults.retry ?? noRetry),
    ...(spec.signal === undefined && defaults.signal ? { signal: defaults.signal } : {}),
    giveUpAfterMs: spec.giveUpAfterMs ?? defaults.giveUpAfter ?? null,
  }
}

/** A job's own attempts are taken whole. That a manager must not requeue is what holds where nothing is said. */
function retryOf(said: RetryPolicy, under: RetryPolicy): RetryPolicy {
  const { requeue, ...policy } = said.maxAttempts === 1 ? { ...under, ...only(said.requeue) } : said
  return { ...policy, ...only(requeue === true ? requeue : undefined) }
}

function only(requeue: boolean | undefined): Pick<RetryPolicy, "requeue"> {
  return requeue === undefined ? {} : { requeue }
}

function laidUnder(said: Resources, defaults: SaidResources): Resources {
  const isSaid = (field: string): boolean =>
    Object.entries(said).some(([name, value]) => name === field && value !== null && value !== false)
  const isOpen = (field: string): boolean =>
    !isSaid(field) && !together.some((group) => group.includes(field) && group.some(isSaid))
  return {
    ...said,
    ...Object.fromEntries(
      Object.entries(defaults).filter(([field, value]) => isOpen(field) && value !== null && value !== undefined),
    ),
  }
}
