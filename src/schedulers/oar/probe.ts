/** `hz_oar_probe` (remote/oar.sh): oarstat, which is answered by the database that the server works with. */
import type { Command } from "../../command.ts"
import type { ManagerFacts } from "../scheduler.ts"
import { failures } from "./failures.ts"
import { living, readJobs } from "./query.ts"

export function probe(): Command<ManagerFacts> {
  return {
    argv: ["hz_oar_probe", living],
    timeoutMs: 60_000,
    parse: (result) => {
      const [, version] = /^version (.+)$/m.exec(result.stdout) ?? []
      const { coverage, evidence } = readJobs({ ...result, stdout: result.stdout.replace(/^version .*\n/m, "") })
      if (coverage !== "complete" || version === undefined) throw failures.error(result, "oarstat", "transient")
      return { version: `OAR ${version}`, facts: { "jobs of Hawser's": String(evidence.length) } }
    },
  }
}
