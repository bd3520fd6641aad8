/** The machine on which controllers run, as their lease sees it. */
import type { Host } from "../persist/index.ts"

/** The machine of the controllers: which of them live. */
export function hostOf(pid: number, living: () => ReadonlySet<string>): Host {
  return {
    self: () =>
      Promise.resolve({
        pid,
        startTime: String(pid),
        host: "here",
        machineId: "machine",
        bootId: "boot",
        pidNamespace: "pid:[4026531836]",
      }),
    startTimeOf: (other) => Promise.resolve(living().has(String(other)) ? String(other) : null),
  }
}
