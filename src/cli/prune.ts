/** `hawser prune`: removes job directories of finished jobs, never one that is still needed. */
import type { Command } from "commander"
import { UsageError } from "../errors.ts"
import { contextOf } from "./context.ts"
import { Exit, exitCodes } from "./exit.ts"
import { globalsOf } from "./globals.ts"
import { statesOf } from "./list.ts"
import { limitOf } from "./patience.ts"

interface PruneOptions {
  readonly olderThan?: string
  readonly state?: string
  readonly local?: boolean
  readonly dryRun?: boolean
}

export function registerPrune(hawser: Command): void {
  hawser
    .command("prune")
    .description("remove job directories of finished jobs on the other side")
    .argument("[job...]", "only these (also arrays: relax[0-9]); without names: all that are old enough")
    .option("--older-than <span>", "ended at least this long ago (7d, 12h)")
    .option("--state <states>", "only these states: completed,failed,cancelled")
    .option("--local", "forget the jobs too, and remove <state>/jobs/<id>; a folder named with `into` is never touched")
    .option("--dry-run", "say what would be removed")
    .action(async (names: string[], options: PruneOptions, self: Command) => {
      const context = contextOf(globalsOf(self))
      if (names.length === 0 && options.olderThan === undefined) {
        throw new UsageError("OPTION_MISSING", {
          summary: "prune wants to know what may go.",
          advice: "Name jobs, or give --older-than 7d (0s for all that are over).",
        })
      }
      await using api = await context.api()
      const result = await api.prune({
        olderThanMs: limitOf(options.olderThan) ?? 0,
        local: options.local ?? false,
        dryRun: options.dryRun ?? false,
        ...(options.state === undefined ? {} : { states: statesOf(options.state) }),
        ...(names.length === 0 ? {} : { names }),
      })
      if (context.json) context.print(JSON.stringify(result))
      else for (const { id, why } of result.kept) context.say(`${id} is kept: ${why}`)
      if (!context.json)
        context.say(`${result.pruned.length} ${options.dryRun === true ? "would be pruned" : "pruned"}`)
      if (result.kept.length > 0) throw new Exit(exitCodes.failed)
    })
}
