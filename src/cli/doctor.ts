/** `hawser doctor`: checks one executor from the connection to a test job. */
import type { Command } from "commander"
import type { DoctorLine } from "../hawser.ts"
import { contextOf } from "./context.ts"
import { Exit, exitCodes } from "./exit.ts"
import { globalsOf } from "./globals.ts"
import { detachable } from "./patience.ts"

const marks: Readonly<Record<DoctorLine["status"], string>> = { ok: "ok", warning: "!!", failed: "FAILED", skipped: "-" }

export function registerDoctor(hawser: Command): void {
  hawser
    .command("doctor")
    .description("check an executor: connection, shell, clock, directory, scheduler, a test job")
    .argument("[executor]", "default: the config's")
    .action(async (executor: string | undefined, _: object, self: Command) => {
      const context = contextOf(globalsOf(self))
      await using api = await context.api()
      const show = (line: DoctorLine): void => {
        if (!context.json) context.print(textOf(line))
      }
      const name = executor ?? context.config.default
      const lines = await detachable(context, api, [], null, async (signal) => await api.doctor(name, show, signal))
      if (context.json) context.print(JSON.stringify(lines))
      if (lines.some((line) => line.unreachable === true)) throw new Exit(exitCodes.unreachable)
      if (lines.some((line) => line.status === "failed")) throw new Exit(exitCodes.failed)
    })
}

function textOf({ check, status, detail, advice }: DoctorLine): string {
  const line = `${marks[status].padEnd(7)}${check.padEnd(12)}${detail}`
  return advice === null || status === "ok" ? line : `${line}\n${" ".repeat(19)}${advice}`
}
