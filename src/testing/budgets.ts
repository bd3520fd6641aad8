/** Budgets: how often a manager may be bothered, and with how much, whatever goes wrong. */
import { currentAttempt, isFinal } from "../job/index.ts"
import type { JobStore } from "../persist/index.ts"
import { tokenOf } from "../schedulers/scheduler.ts"
import type { Cluster } from "./cluster.ts"
import type { Trouble } from "./trouble.ts"
import type { Witness } from "./witness.ts"

const windowMs = 60_000
/** The breaker doubles its delay from one second on; a manager that answers in between starts it anew. */
const connectionsMax = 40
/** One look into the event folder each second, and what a hint leads to. */
const queriesMax = 62

/** For the whole run; `starts`: controllers that there were, each of which begins anew. */
export function checkBudgets(witness: Witness, { network, slurm }: Cluster, trouble: Trouble, starts: number): void {
  const connections = most(network.tried)
  if (connections > connectionsMax + starts)
    witness.object("connections within budget", `${connections} connections in a minute`)
  const queries = most(slurm.listedAt)
  if (queries > queriesMax * starts)
    witness.object("queries within budget", `${queries} lists of the queue in a minute`)
  const submissions = most([...network.submitted.values()])
  const { maxSubmitPerMinute } = trouble
  if (maxSubmitPerMinute !== null && submissions > maxSubmitPerMinute * ownersAtOnce(trouble))
    witness.object("submissions within budget", `${submissions} in a minute, and ${maxSubmitPerMinute} may be`)
}

/**
 * With each native that is accepted. What the newest controller has proven to be over, or fenced, does not count: the
 * manager may still have it for a moment.
 */
export function checkQueued(witness: Witness, { slurm }: Cluster, trouble: Trouble, store: JobStore): void {
  const { maxQueued } = trouble
  if (maxQueued === null) return
  const current = new Set(
    [...store.jobs.values()].flatMap((job) => {
      const attempt = currentAttempt(job)
      return attempt === null || isFinal(job.state) || attempt.outcome !== null || attempt.fence === "won"
        ? []
        : [attempt.token]
    }),
  )
  const queued = [...slurm.natives.values()].filter(
    (native) => slurm.isLive(native) && current.has(tokenOf(native.name) ?? ""),
  )
  // The place of one that nobody could see was given to the next one, and it has turned up again.
  // Where a fence was found to stop nothing, all of those gave their places, and may turn up.
  if (witness.struck.has("a test job shows that a fence would stop nothing")) return
  if (queued.length > maxQueued + (witness.hasHeldBack ? 1 : 0))
    witness.object("natives within budget", `${queued.length} are in the manager, and ${maxQueued} may be`)
}

/**
 * An owner that stands still or does not know yet that it was superseded, and its successor; a clock that was set forward
 * makes what was just submitted look old to the next controller.
 */
function ownersAtOnce({ takeOvers, copies, wallJumps, kills }: Trouble): number {
  return 1 + takeOvers.length + copies.length + (wallJumps.length > 0 ? kills.length : 0)
}

/** The most of these times that lie within one window. */
function most(times: readonly number[]): number {
  let first = 0
  let count = 0
  for (const [index, time] of times.entries()) {
    while ((times[first] ?? time) <= time - windowMs) first += 1
    count = Math.max(count, index - first + 1)
  }
  return count
}
