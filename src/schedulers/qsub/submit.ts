/** qsub: one submission, and what its answer means. */
import type { CommandResult } from "../../command.ts"
import { UsageError } from "../../errors.ts"
import { type JobSpec, type Resources, unlimitedWalltime } from "../../job/index.ts"
import type { Failures } from "../failures.ts"
import type { Accepted, Submission } from "../scheduler.ts"

/** `4711.server` alone on a line; two of them are in doubt. */
export function readQsub(result: CommandResult, failures: Failures): Accepted {
  const ids = new Set(result.stdout.split("\n").flatMap((line) => /^\s*(\d+(?:\.[\w.-]+)?)\s*$/.exec(line)?.[1] ?? []))
  const [nativeId] = ids
  if (result.exitCode === 0 && !result.timedOut && nativeId !== undefined && ids.size === 1) {
    return { nativeId, submitTime: null }
  }
  if (ids.size > 0) throw failures.error(result, "qsub", "in-doubt")
  throw failures.notSubmitted(result, "qsub")
}

/** What stands on every command line: neither the site's defaults nor the script bend it. */
export function commonOptions({ directory, nativeName, spec }: Submission): string[] {
  const log = `${directory}/scheduler.log`
  if (log.includes(":")) {
    throw new UsageError("SPEC_INVALID", {
      summary: `qsub takes no path with a colon in it: ${log}`,
      reason: "What stands before a colon is a host to it.",
      advice: "Choose another root for this executor.",
    })
  }
  const { queue, account, mail } = spec.resources
  return [
    "-N",
    nativeName,
    "-S",
    "/bin/sh",
    "-j",
    "oe",
    "-o",
    log,
    // Started a second time by the server, it would find its own guard.
    "-r",
    "n",
    "-V",
    ...(queue === null ? [] : ["-q", queue]),
    ...(account === null ? [] : ["-A", account]),
    "-m",
    mail === null ? "n" : mailOn(mail.on),
    ...(mail === null || mail.user === null ? [] : ["-M", mail.user]),
  ]
}

const mailLetters: Readonly<Record<string, readonly string[]>> = {
  begin: ["b"],
  end: ["e"],
  fail: ["a"],
  all: ["a", "b", "e"],
}

function mailOn(events: readonly string[]): string {
  const letters = new Set(events.flatMap((event) => mailLetters[event] ?? []))
  return letters.size === 0 ? "n" : [...letters].toSorted().join("")
}

/** `hours:minutes:seconds`; none for a limit that is not said, or that is none. */
export function walltimeOption({ walltime }: Resources): string[] {
  if (walltime === null || walltime === unlimitedWalltime) return []
  const whole = Math.max(1, Math.ceil(walltime))
  const two = (number: number): string => String(number).padStart(2, "0")
  return ["-l", `walltime=${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`]
}

/** Rounded up: what was asked for fits. */
export function mebibytes(bytes: number): string {
  return `${Math.max(1, Math.ceil(bytes / 2 ** 20))}mb`
}

/** How many nodes, and how many tasks on each: groups of equal nodes. Null: nothing of the kind was said. */
export function layoutOf(resources: Resources, isSpread: boolean): { nodes: number; tasks: number }[] | null {
  const { nodes, tasks, tasksPerNode } = resources
  if (nodes === null && tasks === null && tasksPerNode === null) return null
  if (nodes === null && tasksPerNode === null) {
    return isSpread ? [{ nodes: tasks ?? 1, tasks: 1 }] : [{ nodes: 1, tasks: tasks ?? 1 }]
  }
  const all = tasks ?? (tasksPerNode ?? 1) * (nodes ?? 1)
  const count = nodes ?? Math.ceil(all / (tasksPerNode ?? all))
  const least = Math.floor(all / count)
  const more = all % count
  return [
    { nodes: more, tasks: least + 1 },
    { nodes: count - more, tasks: least },
  ].filter((group) => group.nodes > 0 && group.tasks > 0)
}

/** Refuses what the manager has no words for. `what`: field and its value where it was said. */
export function refuse(manager: string, what: Readonly<Record<string, unknown>>, advice: string): void {
  for (const [field, value] of Object.entries(what)) {
    if (value === null || value === undefined || value === false) continue
    throw new UsageError("SPEC_INVALID", { summary: `${manager} takes no ${field}.`, advice })
  }
}

/** A warning before the walltime is over is something that qsub has no option for. */
export function refuseSignal(manager: string, { signal }: JobSpec): void {
  refuse(manager, { "signal before the walltime is over": signal }, "Take signal out of the job.")
}
