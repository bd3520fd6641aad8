/** flux lsattr -v: cheap, and answered by the broker itself. */
import type { Command } from "../../command.ts"
import { SchedulerError } from "../../errors.ts"
import type { ManagerFacts } from "../scheduler.ts"
import { failures } from "./failures.ts"

/** flux jobs --json came with it. */
const oldest = 49

const told: Readonly<Record<string, string>> = {
  "local-uri": "instance",
  hostname: "host",
  size: "brokers",
  "instance-level": "instances above it",
}

export function probe(): Command<ManagerFacts> {
  return {
    argv: ["flux", "lsattr", "-v"],
    timeoutMs: 60_000,
    parse: (result) => {
      failures.expectAnswer(result, "flux lsattr")
      const attributes = new Map(
        result.stdout.split("\n").flatMap((line) => {
          const [, key, value] = /^([a-z][\w.-]*)\s+(\S+)$/.exec(line) ?? []
          return key === undefined || value === undefined ? [] : [[key, value] as const]
        }),
      )
      const version = attributes.get("version")
      const [, major, minor] = /^(\d+)\.(\d+)\./.exec(version ?? "") ?? []
      if (version === undefined || minor === undefined) throw failures.error(result, "flux lsattr", "transient")
      if (Number(major) === 0 && Number(minor) < oldest) {
        throw new SchedulerError("FLUX_TOO_OLD", {
          summary: `This is Flux ${version}.`,
          reason: `Its flux jobs has no --json, which came with 0.${oldest}.`,
          advice: `Use an instance of Flux 0.${oldest} or newer.`,
          class: "gone",
        })
      }
      const facts = Object.entries(told).flatMap(([key, label]) => {
        const value = attributes.get(key)
        return value === undefined ? [] : [[label, value]]
      })
      return { version: `Flux ${version}`, facts: Object.fromEntries(facts) as Record<string, string> }
    },
  }
}
