/** The facts of a job: what its explanation rests on, put together from the store and, if one drives it, its engine. */
import type { Dependency, Health, Job, JobState, JobView } from "../job/index.ts"
import type { JobStore } from "../persist/store.ts"
import { dependedOn, dependencyMet } from "./admit.ts"
import type { Explanation } from "./explanation.ts"
import { healthOf } from "./link.ts"
import type { Situation } from "./situation.ts"
import { isShown } from "./visibility.ts"

export interface Facts {
  readonly job: Job
  readonly view: JobView
  readonly now: number
  readonly driver: Explanation["driver"]
  /** `isShown`: that a guard stops a native there (PROTOCOL 8). */
  readonly manager: { readonly health: Health; readonly reason: string | null; readonly isShown: boolean }
  /** Those that stand in its way. */
  readonly dependencies: readonly { readonly on: Dependency; readonly state: JobState | null }[]
  /** Null: no engine has it. */
  readonly situation: Situation | null
}

export function factsOf(store: JobStore, parts: Omit<Facts, "manager" | "dependencies">): Facts {
  const dependencies = parts.job.spec.after.flatMap((on) => {
    const other = dependedOn(store, on)
    return other !== undefined && dependencyMet(other, on.when) === "met" ? [] : [{ on, state: other?.state ?? null }]
  })
  const { executor } = parts.job
  return { ...parts, manager: { ...healthOf(store, executor), isShown: isShown(store, executor) }, dependencies }
}
