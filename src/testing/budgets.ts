/** Budgets: how often a manager may be bothered, whatever goes wrong. */
import type { Cluster } from "./cluster.ts"
import type { Witness } from "./witness.ts"

const windowMs = 60_000
/** The breaker doubles its delay from one second on; a manager that answers in between starts it anew. */
const connectionsMax = 40
/** One look into the event folder each second, and what a hint leads to. */
const queriesMax = 62

/** For the whole run; `starts`: controllers that there were, each of which begins anew. */
export function checkBudgets(witness: Witness, { network, slurm }: Cluster, starts: number): void {
  const connections = most(network.tried)
  if (connections > connectionsMax + starts)
    witness.object("connections within budget", `${connections} connections in a minute`)
  const queries = most(slurm.listedAt)
  if (queries > queriesMax * starts)
    witness.object("queries within budget", `${queries} lists of the queue in a minute`)
}

/** The most of these times that lie within one window. */
function most(times: readonly number[]): number {
  let first = 0
  let count = 0
  for (const [index, time] of times.entries()) {
    while ((times[first] ?? time) < time - windowMs) first += 1
    count = Math.max(count, index - first + 1)
  }
  return count
}
