/** Natives on another cluster than the default one: `4711;name`, as sbatch --parsable prints them. */
import type { Native } from "../scheduler.ts"

/** The number of a native id, without its cluster. */
export function idOf(nativeId: string): string {
  return nativeId.split(";")[0] ?? nativeId
}

function clusterOf(nativeId: string | null): string | null {
  return nativeId?.split(";")[1] ?? null
}

/**
 * Where a native is or may be: where it was found, else where it was to be submitted. (The answer of sbatch may be lost, and
 * the job itself does not know it.) Empty: on the default cluster.
 */
function clustersOf({ nativeId, options = [] }: Pick<Native, "nativeId" | "options">): readonly string[] {
  // Of a federation any may run it, whichever took it.
  const cluster = nativeId !== null && isFederated(idOf(nativeId)) ? null : clusterOf(nativeId)
  return cluster === null
    ? (options
        .flatMap((option) => said.exec(option)?.[1] ?? [])
        .at(-1)
        ?.split(",") ?? [])
    : [cluster]
}

const said = /^\s*(?:#SBATCH\s+)?(?:--clusters?(?:=|\s+)|-M\s*=?\s*)(\S+)\s*$/

/** `--clusters=…` where some natives live elsewhere; `all` when others are on the default one, whose name we don't know. */
export function clusterOption(natives: readonly Native[]): string[] {
  const places = natives.map(clustersOf)
  if (places.every((clusters) => clusters.length === 0)) return []
  const isAnywhere = places.some((clusters) => clusters.length === 0 || clusters.includes("all"))
  return [`--clusters=${isAnywhere ? "all" : [...new Set(places.flat())].join(",")}`]
}

/** Gives an id that was printed the form in which we know it: with its cluster only where sbatch had named it, or should have. */
export function naming(natives: readonly Native[]): (id: string, cluster: string, token: string) => string {
  const away = new Set(natives.filter((native) => clustersOf(native).length > 0).map(({ token }) => token))
  if (away.size === 0) return (id) => id
  const ids = new Map(natives.map((native) => [native.token, native.nativeId]))
  return (id, cluster, token) =>
    cluster === "" || isFederated(id) || (ids.get(token) === id && !away.has(token)) ? id : `${id};${cluster}`
}

/** An id of 26 bits is a cluster's own; what stands above them is the number of the cluster that gave it, from 1 to 63. */
export function isFederated(id: string): boolean {
  return /^\d{8,10}$/.test(id) && Number(id) > 0x3ff_ffff && Number(id) <= 0xffff_ffff
}
