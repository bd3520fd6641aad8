/** condor_q -totals: cheap, and answered by the schedd itself. */
import type { Command } from "../../command.ts"
import type { ManagerFacts } from "../scheduler.ts"
import { failures } from "./failures.ts"

export function probe(): Command<ManagerFacts> {
  return {
    argv: ["condor_q", "-totals"],
    timeoutMs: 60_000,
    parse: (result) => {
      failures.expectAnswer(result, "condor_q")
      const schedd = /^-- Schedd: (\S+)/m.exec(result.stdout)?.[1]
      if (schedd === undefined) throw failures.error(result, "condor_q", "transient")
      const jobs = /^Total for query: (\d+ jobs)/m.exec(result.stdout)?.[1]
      return { version: "HTCondor", facts: { schedd, ...(jobs === undefined ? {} : { "of this user": jobs }) } }
    },
  }
}
