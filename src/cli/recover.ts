/** `hawser recover`: one fresh look at the managers now, whatever the back-off says. */
import type { Command } from "commander"
import type { Status } from "../hawser.ts"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"
import { tombstoneLines } from "./status.ts"
import { jobTable } from "./table.ts"

export function registerRecover(hawser: Command): void {
  hawser
    .command("recover")
    .description("ask the managers now where every job stands, and for what is left of abandoned ones")
    .argument("[executor]", "only this one")
    .action(async (executor: string | undefined, _: object, self: Command) => {
      const context = contextOf(globalsOf(self))
      await using api = await context.api()
      const before = await api.status()
      const jobs = await api.recover(executor)
      if (context.json) return context.print(JSON.stringify(jobs))
      context.print(jobTable(jobs, context.clock.now()))
      for (const line of closedLines(before, await api.status())) context.say(line)
    })
}

/** What became of the tombstones that were open before. */
export function closedLines(before: Pick<Status, "tombstones">, after: Pick<Status, "tombstones">): string[] {
  const left = new Map(after.tombstones.map(({ executor, open }) => [executor, open]))
  const closed = before.tombstones.flatMap(({ executor, open }) => {
    const count = open - (left.get(executor) ?? 0)
    if (count <= 0) return []
    return [
      `${executor}: ${count === 1 ? "1 tombstone was" : `${count} tombstones were`} closed: nothing of them is left`,
    ]
  })
  return [...closed, ...tombstoneLines(after)]
}
