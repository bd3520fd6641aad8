/** bparams -a: cheap, and answered by mbatchd itself. */
import type { Command } from "../../command.ts"
import type { ManagerFacts } from "../scheduler.ts"
import { failures } from "./failures.ts"

const told: Readonly<Record<string, string>> = {
  DEFAULT_QUEUE: "default queue",
  CLEAN_PERIOD: "seconds that ended jobs stay",
  JOB_TERMINATE_INTERVAL: "seconds between the signals of bkill",
  MAX_JOB_NUM: "ended jobs in a log file",
  MAX_PEND_JOBS: "pending jobs at most",
}

export function probe(): Command<ManagerFacts> {
  return {
    argv: ["bparams", "-a"],
    timeoutMs: 60_000,
    parse: (result) => {
      failures.expectAnswer(result, "bparams")
      const values = new Map(
        result.stdout.split("\n").flatMap((line) => {
          const [, key, value] = /^\s*([A-Z_]+) = (\S+)/.exec(line) ?? []
          return key === undefined || value === undefined ? [] : [[key, value] as const]
        }),
      )
      if (values.size === 0) throw failures.error(result, "bparams", "transient")
      const facts = Object.entries(told).flatMap(([key, label]) => {
        const value = values.get(key)
        return value === undefined ? [] : [[label, value]]
      })
      // After the last signal, KILL.
      const interval = Number(values.get("JOB_TERMINATE_INTERVAL") ?? "")
      return {
        version: "LSF",
        facts: Object.fromEntries(facts) as Record<string, string>,
        ...(interval > 0 ? { killWaitMs: 2 * interval * 1000 } : {}),
      }
    },
  }
}
