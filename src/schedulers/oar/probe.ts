/** oarstat of this user's jobs: answered by the database that the server works with. */
import type { Command } from "../../command.ts"
import type { ManagerFacts } from "../scheduler.ts"
import { failures } from "./failures.ts"
import { queue } from "./query.ts"

export function probe(): Command<ManagerFacts> {
  const jobs = queue()
  return {
    argv: jobs.argv,
    timeoutMs: 60_000,
    parse: (result) => {
      const { coverage, evidence } = jobs.parse(result)
      if (coverage !== "complete") throw failures.error(result, "oarstat", "transient")
      return { version: "OAR", facts: { "jobs of Hawser's": String(evidence.length) } }
    },
  }
}
