/** Natives on another cluster than the default one: `4711;name`, as sbatch --parsable prints them. */
import type { Native } from "../scheduler.ts"

/** The number of a native id, without its cluster. */
export function idOf(nativeId: string): string {
  return nativeId.split(";")[0] ?? nativeId
}

export function clusterOf(nativeId: string | null): string | null {
  return nativeId?.split(";")[1] ?? null
}

/** `--clusters=…` where some natives live elsewhere; `all` when others are on the default one, whose name we don't know. */
export function clusterOption(natives: readonly Native[]): string[] {
  const clusters = new Set(natives.map((native) => clusterOf(native.nativeId)))
  if (clusters.size === 0 || (clusters.size === 1 && clusters.has(null))) return []
  return [`--clusters=${clusters.has(null) ? "all" : [...clusters].join(",")}`]
}

/** With --clusters squeue prints `CLUSTER: name` before the records of each, also without a header. */
export function clusterLines(text: string): { readonly cluster: string | null; readonly text: string }[] {
  const parts = text.split(/^cluster:[ ]*(\S+)[ ]*(?:\n|$)/im)
  const heads = parts.slice(1).filter((_, index) => index % 2 === 0)
  const bodies = parts.slice(1).filter((_, index) => index % 2 === 1)
  return [
    { cluster: null, text: parts[0] ?? "" },
    ...bodies.map((body, index) => ({ cluster: heads[index] ?? null, text: body })),
  ]
}

/** The id as we know it: with its cluster, unless that native is one of the default cluster. */
export function withCluster(id: string, cluster: string | null, token: string, natives: readonly Native[]): string {
  if (cluster === null) return id
  const native = natives.find((one) => one.token === token)
  return native !== undefined && native.nativeId === id ? id : `${id};${cluster}`
}
