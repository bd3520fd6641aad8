/** `hawser fsck`: looks into the state directory, says what it found, and repairs what is safe. Connects to nobody. */
import type { Command } from "commander"
import { isoTime } from "../clock.ts"
import type { Inspection, Remark, Severity } from "../persist/index.ts"
import { contextOf } from "./context.ts"
import { Exit, exitCodes } from "./exit.ts"
import { globalsOf } from "./globals.ts"
import { table } from "./table.ts"

const marks: Readonly<Record<Severity, string>> = {
  fine: "ok",
  heals: "heals",
  repairable: "REPAIR",
  "beyond-repair": "LOST",
}

export function registerFsck(hawser: Command): void {
  hawser
    .command("fsck")
    .description("check the state directory itself: journals, snapshots, lease, modes")
    .option("--repair", "put right what is safe to put right; copies of all files first, in <state>/fsck.<time>")
    .action(async ({ repair: wanted = false }: { repair?: boolean }, self: Command) => {
      const globals = globalsOf(self)
      const context = contextOf(globals)
      const { config, json, clock } = context
      const { inspect, needsPerson, repair } = await import("../persist/index.ts")
      const before = await inspect(config.stateDirectory)
      if (!json) context.print(textOf(before))
      const done = wanted ? await repair(config.stateDirectory, { clock, takeOver: globals.takeOver ?? false }) : null
      const now = done?.after ?? before
      if (json) {
        const repaired = done === null ? null : { copies: done.copies, actions: done.actions }
        context.print(JSON.stringify({ ...now, repaired }))
      } else if (done !== null) {
        context.print(
          ["", ...repairLines(done), "", ...(done.copies === null ? [] : [textOf(now)])].join("\n").trimEnd(),
        )
      }
      const left = now.remarks.filter(needsPerson)
      if (!json) context.print(verdict(left))
      if (left.length > 0) throw new Exit(exitCodes.failed)
    })
}

/** What is there, then what is to be said of it. */
function textOf({ directory, format, owners, segments, snapshots, jobs, seq, remarks }: Inspection): string {
  const journal = segments.map((one) => [
    one.file,
    `${one.records} records`,
    one.firstSeq === null ? "no events" : `events ${one.firstSeq} to ${one.lastSeq}`,
    bytesOf(one.counted, one.bytes),
  ])
  const pictures = snapshots.map(({ file, state, jobs: count, seq: last, position }) => [
    file,
    state,
    last === null ? "" : `events up to ${last}`,
    position === null ? "" : `${count} jobs, at epoch ${position.epoch}, segment ${position.segment}`,
  ])
  return [
    `${directory}: format ${format ?? "unknown"}, ${jobs} jobs, ${seq} events`,
    ...owners.map(
      ({ epoch, pid, host, since }) => `epoch ${epoch}: process ${pid} on ${host}, since ${isoTime(since)}`,
    ),
    table(["FILE", "WHAT", "EVENTS", "HOW MUCH COUNTS"], [...journal, ...pictures]),
    ...remarks.map(remarkText),
  ].join("\n")
}

function bytesOf(counted: number, bytes: number): string {
  if (counted === 0) return "nothing"
  return counted < bytes ? `${counted} of ${bytes} bytes` : "all"
}

function remarkText({ severity, file, line, detail, advice }: Remark): string {
  const place = file === null ? "" : `${file}${line === null ? "" : `:${line}`}: `
  const said = `${marks[severity].padEnd(8)}${place}${detail}`
  return advice === null ? said : `${said}\n${" ".repeat(8)}${advice}`
}

function repairLines({
  copies,
  actions,
}: {
  readonly copies: string | null
  readonly actions: readonly string[]
}): string[] {
  if (copies === null) return ["Nothing had to be repaired."]
  return [`Everything was copied to ${copies} first.`, ...actions.map((action) => `repair: ${action}`)]
}

function verdict(left: readonly Remark[]): string {
  if (left.length === 0) return "Nothing needs to be done."
  const repairable = left.filter(({ severity }) => severity === "repairable").length
  const lost = left.length - repairable
  return [
    ...(repairable > 0 ? [`${repairable} can be put right with "hawser fsck --repair".`] : []),
    ...(lost > 0 ? [`${lost} can't be repaired: see the advice above.`] : []),
  ].join(" ")
}
