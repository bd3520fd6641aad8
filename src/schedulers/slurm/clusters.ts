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

/** Gives an id that was printed the form in which we know it: with its cluster only where sbatch had named it. */
export function naming(natives: readonly Native[]): (id: string, cluster: string, token: string) => string {
  if (natives.every((native) => clusterOf(native.nativeId) === null)) return (id) => id
  const ids = new Map(natives.map((native) => [native.token, native.nativeId]))
  return (id, cluster, token) => (cluster === "" || ids.get(token) === id ? id : `${id};${cluster}`)
}
