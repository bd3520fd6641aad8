/** qconf -sconf: cheap, and answered by qmaster itself. */
import type { Command } from "../../command.ts"
import type { ManagerFacts } from "../scheduler.ts"
import { expectAnswer, schedulerError } from "./errors.ts"

const told: Readonly<Record<string, string>> = {
  max_u_jobs: "jobs of one user at most",
  max_jobs: "jobs at most",
  reschedule_unknown: "jobs of a lost node start again after",
  max_unheard: "a node counts as lost after",
  enforce_project: "a project is required",
  reporting_params: "accounting",
  jsv_url: "what checks submissions",
}

/** What stands for no limit and no setting. */
const nothing: ReadonlySet<string> = new Set(["none", "NONE", "0", "00:00:00", "false"])

export function probe(): Command<ManagerFacts> {
  return {
    argv: ["hz_sge_probe"],
    timeoutMs: 60_000,
    parse: (result) => {
      expectAnswer(result, "qconf")
      const lines = result.stdout.replaceAll(/\\\n\s*/g, "").split("\n")
      const values = new Map(
        lines.flatMap((line) => {
          const [, key, value] = /^(\w+) +(.*?)\s*$/.exec(line) ?? []
          return key === undefined || value === undefined ? [] : [[key, value] as const]
        }),
      )
      const version = values.get("hz_version")
      if (version === undefined || !values.has("execd_spool_dir")) throw schedulerError(result, "qconf", "transient")
      const facts = Object.entries(told).flatMap(([key, label]) => {
        const value = values.get(key)
        return value === undefined || nothing.has(value) ? [] : [[label, value]]
      })
      return {
        version: version === "" ? "unknown" : version,
        facts: Object.fromEntries(facts) as Record<string, string>,
      }
    },
  }
}
