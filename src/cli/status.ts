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
      const rows = status.executors.map(({ name, scheduler, address, health, jobs, reason }) => [
        name,
        scheduler,
        address,
        health,
        Object.entries(jobs)
          .map(([state, count]) => `${count} ${state}`)
          .join(", ") || "-",
        reason ?? "",
      ])
      context.print(table(["EXECUTOR", "SCHEDULER", "WHERE", "HEALTH", "JOBS", "REASON"], rows))
      for (const line of tombstoneLines(status)) context.print(line)
      for (const finding of status.findings) context.say(finding)
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
