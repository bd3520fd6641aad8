/** Processes of this host by the environment that they were started with. */
import { readFileSync, readdirSync } from "node:fs"

/** What carries all of these, each a whole `NAME=value`. */
export function processesWith(words: readonly string[]): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .filter((pid) => {
      const environment = environmentOf(pid)
      return words.every((word) => environment.includes(word))
    })
}

/** SIGKILL to each. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL")
    } catch {
      // It has ended.
    }
  }
}

/** Of what has ended: nothing. */
function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0")
  } catch {
    return []
  }
}
