/** scontrol show config: cheap, and answered by slurmctld itself. */
import type { Command } from "../../command.ts"
import { SchedulerError } from "../../errors.ts"
import type { ManagerFacts } from "../scheduler.ts"
import { expectAnswer } from "./errors.ts"

const told: Readonly<Record<string, string>> = {
  ClusterName: "cluster",
  "SlurmctldHost[0]": "controller",
  BOOT_TIME: "controller started",
  AccountingStorageType: "accounting",
  AccountingStorageEnforce: "enforced limits",
  MaxJobCount: "jobs at most",
  MaxArraySize: "array size at most",
  MinJobAge: "ended jobs stay in the queue",
  KillWait: "from TERM to KILL",
  MessageTimeout: "patience of its commands",
  PreemptMode: "preemption",
}

export function probe(): Command<ManagerFacts> {
  return {
    argv: ["scontrol", "show", "config"],
    timeoutMs: 60_000,
    parse: (result) => {
      expectAnswer(result, "scontrol")
      const config = new Map(
        result.stdout.split("\n").flatMap((line) => {
          const [, key, value] = /^([\w[\]]+)\s*= (.*?)\s*$/.exec(line) ?? []
          return key === undefined || value === undefined ? [] : [[key, value] as const]
        }),
      )
      const version = config.get("SLURM_VERSION")
      if (version === undefined) {
        const summary = "scontrol did not print Slurm's configuration."
        throw new SchedulerError("SLURM_SCONTROL_FAILED", { summary, class: "transient" })
      }
      const facts = Object.entries(told).flatMap(([key, label]) => {
        const value = config.get(key)
        return value === undefined || value === "(null)" ? [] : [[label, value]]
      })
      const seconds = /^(\d+) sec/.exec(config.get("KillWait") ?? "")?.[1]
      return {
        version,
        facts: Object.fromEntries(facts) as Record<string, string>,
        ...(seconds === undefined ? {} : { killWaitMs: Number(seconds) * 1000 }),
      }
    },
  }
}
