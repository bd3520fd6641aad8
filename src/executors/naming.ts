/** Naming: which job a person means by an id, the beginning of one, or a key. */
import { UsageError } from "../errors.ts"
import type { Job } from "../job/index.ts"
import type { JobStore } from "../persist/store.ts"

/** An id, a key (its newest generation), or a prefix that only one id has. Throws `JOB_UNKNOWN` or `JOB_AMBIGUOUS`. */
export function findJob(store: JobStore, name: string): Job {
  const exact = store.jobs.get(name) ?? newestOfKey(store, name)
  if (exact !== undefined && exact.pruned !== "both") return exact
  const known = [...store.jobs.values()].filter((job) => job.pruned !== "both")
  const matching = name === "" ? [] : known.filter((job) => job.id.startsWith(name))
  const [only] = matching
  if (only !== undefined && matching.length === 1) return only
  if (only === undefined) {
    throw new UsageError("JOB_UNKNOWN", {
      summary: `There is no job "${name}".`,
      reason: `The state directory has ${known.length} jobs; none has this key, id or beginning of an id.`,
      advice: "`hawser list` shows them all.",
    })
  }
  throw new UsageError("JOB_AMBIGUOUS", {
    summary: `"${name}" could be any of ${matching.length} jobs.`,
    reason: matching
      .slice(0, 5)
      .map((job) => `${job.id} (${job.key})`)
      .join(", "),
    advice: "Give more of the id, or the key.",
  })
}

/** The newest job under this key, also when it was pruned. */
export function newestOfKey(store: JobStore, key: string): Job | undefined {
  const id = store.newestByKey(key)
  return id === undefined ? undefined : store.jobs.get(id)
}
