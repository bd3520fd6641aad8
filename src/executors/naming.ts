/** Naming: which job a person means by an id, the beginning of one, or a key. */
import { UsageError } from "../errors.ts"
import { type Job, indexIn, keysIn } from "../job/index.ts"
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

/**
 * What a name stands for where there may be several: `relax[0-9]`, or `relax` where no job is called so, stand for the jobs of
 * an array, in their order; any other name is as in `findJob`, which says what is thrown.
 */
export function findJobs(store: JobStore, name: string): readonly Job[] {
  const keys = keysIn(name)
  if (keys.length > 1) return keys.map((key) => findJob(store, key))
  if (store.jobs.has(name) || store.newestByKey(name) !== undefined) return [findJob(store, name)]
  const array = [...store.jobs.values()].flatMap((job) => {
    const index = job.pruned === "both" || store.newestByKey(job.key) !== job.id ? null : indexIn(job.key, name)
    return index === null ? [] : [{ job, index }]
  })
  return array.length === 0 ? [findJob(store, name)] : array.sort((a, b) => a.index - b.index).map(({ job }) => job)
}

/** The newest job under this key, also when it was pruned. */
export function newestOfKey(store: JobStore, key: string): Job | undefined {
  const id = store.newestByKey(key)
  return id === undefined ? undefined : store.jobs.get(id)
}
