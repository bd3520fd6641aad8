/** Wishes: what a person wants of a job that goes on all the same, and where there is nothing left to do for it. */
import type { JobState } from "./state.ts"

export const wishes = ["hold", "release", "suspend", "resume", "requeue"] as const
export type Wish = (typeof wishes)[number]

/** In these states it has come true; of a requeue the restart count tells. A job that is `new` is held and released here, and no manager is asked. */
const comeTrueIn: Readonly<Record<Wish, readonly JobState[]>> = {
  hold: ["held"],
  release: ["new", "staging", "queued", "running", "suspended"],
  suspend: ["suspended"],
  resume: ["new", "staging", "queued", "held", "running"],
  requeue: [],
}

export function hasComeTrue(wish: Wish, state: JobState): boolean {
  return comeTrueIn[wish].includes(state)
}

/** What is left of a wish in this state: null where it has come true. */
export function openWish(wish: Wish | null, state: JobState): Wish | null {
  return wish === null || hasComeTrue(wish, state) ? null : wish
}
