/** qstat -B -f: cheap, and answered by the server itself. */
import type { Command } from "../../command.ts"
import type { Failures } from "../failures.ts"
import type { ManagerFacts } from "../scheduler.ts"

const told: Readonly<Record<string, string>> = {
  Server: "server",
  server_state: "server is",
  default_queue: "default queue",
  keep_completed: "seconds that ended jobs stay",
  job_history_enable: "keeps a history",
  job_history_duration: "keeps it for",
  "resources_default.walltime": "walltime where none is said",
}

export function probe(failures: Failures): Command<ManagerFacts> {
  return {
    argv: ["qstat", "-B", "-f"],
    timeoutMs: 60_000,
    parse: (result) => {
      failures.expectAnswer(result, "qstat")
      const facts = new Map(
        result.stdout.split("\n").flatMap((line) => {
          const [, key, value] = /^(?: {4})?([\w.]+)(?: = |: )(.*?)\s*$/.exec(line) ?? []
          return key === undefined || value === undefined ? [] : [[key, value] as const]
        }),
      )
      const version = facts.get("pbs_version")
      if (version === undefined) throw failures.error(result, "qstat", "transient")
      return {
        version,
        facts: Object.fromEntries(
          Object.entries(told).flatMap(([key, label]) => {
            const value = facts.get(key)
            return value === undefined ? [] : [[label, value]]
          }),
        ),
      }
    },
  }
}
