/** Pause: a person wants nothing to be submitted to an executor. What is there goes on, is watched, and is brought back. */
import { isoTime } from "../clock.ts"
import type { JobStore } from "../persist/store.ts"

/** Why its jobs wait; null: it is not paused. */
export function pauseText({ managers }: Pick<JobStore, "managers">, executor: string): string | null {
  const since = managers.get(executor)?.pausedSince ?? null
  return since === null
    ? null
    : `${executor} is paused since ${isoTime(since)}; "hawser play ${executor}" lets its jobs go on.`
}
