/** The facts of a job: what its explanation rests on, put together from the store and, if one drives it, its engine. */
import { type Dependency, type Health, type Job, type JobState, type JobView, isHeldBack } from "../job/index.ts"
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
  /** Of one that waits for a job to show what a fence does there: the test jobs, oldest first. */
  readonly tests: readonly Job[]
  /** Null: no engine has it. */
  readonly situation: Situation | null
}

export function factsOf(store: JobStore, parts: Omit<Facts, "manager" | "dependencies" | "tests">): Facts {
  const dependencies = parts.job.spec.after.flatMap((on) => {
    const other = dependedOn(store, on)
    return other !== undefined && dependencyMet(other, on.when) === "met" ? [] : [{ on, state: other?.state ?? null }]
  })
  const { executor } = parts.job
  const isTheirs = (job: Job): boolean => job.isTest === true && job.executor === executor
  const tests = isHeldBack(parts.job) ? [...store.jobs.values()].filter(isTheirs) : []
  return { ...parts, tests, manager: { ...healthOf(store, executor), isShown: isShown(store, executor) }, dependencies }
}
