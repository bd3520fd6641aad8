/** scancel and scontrol: cancelling, holding, releasing and requeueing natives that carry our name. */
import type { Command, CommandResult } from "../../command.ts"
import type { CancelHow, Native } from "../scheduler.ts"
import { clusterOption, idOf } from "./clusters.ts"
import { failureOf, schedulerError } from "./errors.ts"

const timeoutMs = 60_000

/**
 * One command for each: scancel takes one --name only, and with it cancels those of the ids that have the name.
 * Plain, slurmctld sends TERM and after KillWait KILL; `force` sends KILL at once, to pending ones as well.
 */
export function cancel(natives: readonly Native[], how: CancelHow): readonly Command<void>[] {
  return natives.map((native) => ({
    argv: ["scancel", ...clusterOption([native]), ...(how.force ? ["--signal=KILL"] : []), ...target(native)],
    timeoutMs,
    parse: (result) => readEffect(result, "scancel"),
  }))
}

/**
 * An element of an array goes by its id alone: with --name, `4711_1` cancels all elements that are still pending,
 * because they are one record, and that has the name. (22.05, seen twice)
 */
function target(native: Native): string[] {
  if (native.nativeId === null) return [`--name=${native.nativeName}`]
  const id = idOf(native.nativeId)
  return id.includes("_") ? [id] : [`--name=${native.nativeName}`, id]
}

/** By name: an id may have been given to a stranger, a name with our token is ours. */
export function hold(natives: readonly Native[]): readonly Command<void>[] {
  return natives.map((native) => scontrol("hold", native))
}

export function release(natives: readonly Native[]): readonly Command<void>[] {
  return natives.map((native) => scontrol("release", native))
}

/** By id, which is looked at first: see slurm.sh. */
export function requeue(native: Native, restarts: number): readonly Command<void>[] {
  if (native.nativeId === null) return []
  const words = [native.nativeName, idOf(native.nativeId), String(restarts), ...clusterOption([native])]
  return [{ argv: ["hz_slurm_requeue", ...words], timeoutMs, parse: (result) => readEffect(result, "scontrol") }]
}

function scontrol(verb: string, native: Native): Command<void> {
  const argv = ["scontrol", ...clusterOption([native]), verb, `jobname=${native.nativeName}`]
  return { argv, timeoutMs, parse: (result) => readEffect(result, "scontrol") }
}

/** A native that is over or not known leaves nothing to do. A refusal may come with exit code 0. */
function readEffect(result: CommandResult, program: string): void {
  const failure = failureOf(result.stderr)
  if (result.timedOut) throw schedulerError(result, program, "in-doubt")
  if (failure?.class === "unknown-job" || (result.exitCode === 0 && failure === null)) return
  if (failure?.sent === true) throw schedulerError(result, program, "in-doubt")
  throw schedulerError(result, program, failure?.class ?? (result.exitCode === 127 ? "gone" : "in-doubt"))
}
