/** `hawser status`: the controller and the health of each manager. Reads only. */
import type { Command } from "commander"
import type { Status } from "../hawser.ts"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"
import { table } from "./table.ts"

export function registerStatus(hawser: Command): void {
  hawser
    .command("status")
    .description("show the controller, and how each manager is")
    .action(async (_: object, self: Command) => {
      const context = contextOf(globalsOf(self))
      await using reader = await context.reader()
      const status = await reader.status()
      if (context.json) return context.print(JSON.stringify(status))
      const { controller } = status
      context.print(
        controller === null
          ? `no controller runs for ${status.stateDirectory}`
          : `controller ${controller.pid} (epoch ${controller.epoch}, since ${controller.startedAt}) for ${status.stateDirectory}`,
      )
      const rows = status.executors.map(({ name, scheduler, address, health, paused, jobs, reason }) => [
        name,
        scheduler,
        address,
        paused === null ? health : `${health}, paused`,
        Object.entries(jobs)
          .map(([state, count]) => `${count} ${state}`)
          .join(", ") || "-",
        reason ?? "",
      ])
      context.print(table(["EXECUTOR", "SCHEDULER", "WHERE", "HEALTH", "JOBS", "REASON"], rows))
      for (const { name, limits } of status.executors) {
        for (const limit of limits)
          context.print(`${name} takes ${limit.max} at a time ${kindOf(limit)}: ${limit.reason}`)
      }
      for (const line of instanceLines(status)) context.print(line)
      for (const line of tombstoneLines(status)) context.print(line)
      for (const finding of status.findings) context.say(finding)
    })
}

/** Of which jobs a limit is. */
function kindOf({ queue, account, qos }: { readonly [K in "queue" | "account" | "qos"]: string | null }): string {
  const named = Object.entries({ queue, account, qos }).flatMap(([what, name]) =>
    name === null ? [] : [`${what} ${name}`],
  )
  return named.length === 0 ? "of jobs that name no queue, account or QOS" : `of those with ${named.join(", ")}`
}

/** Where the Flux instances are that Hawser has started. */
function instanceLines({ executors }: Pick<Status, "executors">): string[] {
  return executors.flatMap(({ name, instance }) => {
    if (instance === null) return []
    const { pilot, state, on, host, since, generation } = instance
    const where = host === null ? on : `${on}, ${host}`
    const when = since === null ? "" : `, since ${since}`
    return [`${name}: its Flux instance is ${pilot} (${state} on ${where}${when}; number ${generation})`]
  })
}

/** What may be left of abandoned jobs, and who looks for it. */
export function tombstoneLines({ tombstones }: Pick<Status, "tombstones">): string[] {
  return tombstones.map(({ executor, open, since, configured }) => {
    const count = open === 1 ? "1 tombstone is" : `${open} tombstones are`
    const next = configured
      ? "what is left there is cancelled when it answers"
      : "they wait until an executor of that name is in the config"
    return `${executor}: ${count} open, since ${since}; ${next}`
  })
}
