/**
 * Jobs of a federation: one id on all of its clusters, each of which has a record of it (siblings), and one of which runs it.
 * (Slurm's federation guide; seen on two clusters of 22.05)
 */
import type { Evidence } from "../../job/index.ts"
import type { Native } from "../scheduler.ts"
import { clusterOption, idOf, isFederated } from "./clusters.ts"

/**
 * Where to look: at the clusters that were named, else at the whole federation where an id is one of its. squeue shows without
 * `--sibling` the record of the cluster that took it, which is REVOKED when it runs elsewhere; sacct shows none.
 */
export function scopeOption(natives: readonly Native[], whole: "--sibling" | "--federation"): string[] {
  const clusters = clusterOption(natives)
  const isOfOne = natives.some(({ nativeId }) => nativeId !== null && isFederated(idOf(nativeId)))
  return clusters.length === 0 && isOfOne ? [whole] : clusters
}

/** Of siblings the one that has come furthest: the others wait still, or are REVOKED. */
export function withoutSiblings(evidence: readonly Evidence[]): Evidence[] {
  // What a cluster keeps of a sibling that it has let go has no id of its own (NO_VAL), and says nothing.
  const known = evidence.filter(({ nativeId }) => nativeId !== "4294967294")
  const keyOf = ({ token, nativeId }: Evidence): string => `${token} ${nativeId}`
  const furthest = new Map<string, Evidence>()
  for (const seen of known.filter(({ nativeId }) => isFederated(nativeId ?? ""))) {
    const other = furthest.get(keyOf(seen))
    if (other === undefined || rankOf(seen) > rankOf(other)) furthest.set(keyOf(seen), seen)
  }
  return known.filter((seen) => (furthest.get(keyOf(seen)) ?? seen) === seen)
}

const ranks: Readonly<Record<string, number>> = { held: 1, queued: 2, suspended: 3, running: 4, ended: 5 }

function rankOf({ state }: Evidence): number {
  return state === null ? 0 : (ranks[state] ?? 0)
}
