/** How a native ended, from the fields of its accounting record. (sge_status(5), accounting(5); seen on 8.1.9) */
import type { Outcome } from "../../job/index.ts"
import { signalName } from "../signals.ts"

/** Fields of `qacct -j` by their names, as printed. */
export type AccountingRecord = ReadonlyMap<string, string>

export interface Ended extends Outcome {
  /** The manager's own words; null where there is nothing to say. */
  readonly reason: string | null
}

/**
 * Null for a record that is no end: `failed` then says why a start came to nothing (the native goes back into the queue,
 * or into an error state), or that it was started again.
 *
 * `exit_status` is 128 + n for a signal only where `failed` says that one came: after 0 it is the exit code, 200 too.
 */
export function outcomeOf(record: AccountingRecord): Ended | null {
  const failed = Number(/^\d+/.exec(record.get("failed") ?? "")?.[0] ?? NaN)
  const status = Number(/^\d+/.exec(record.get("exit_status") ?? "")?.[0] ?? NaN)
  if (Number.isNaN(failed) || Number.isNaN(status)) return null
  const nothing = { exitCode: null, signal: null, reason: null }
  const deletedBy = record.get("deleted_by") ?? "NONE"
  // Univa's; others do not tell a deletion from a signal.
  if (deletedBy !== "NONE" && deletedBy !== "" && failed !== 0)
    return { ...nothing, state: "cancelled", cause: null, signal: signalOf(status), reason: `deleted by ${deletedBy}` }
  if (failed === 0) {
    if (status === 0 && isForced(record)) return null
    return status === 0
      ? { ...nothing, state: "completed", cause: null, exitCode: 0 }
      : { ...nothing, state: "failed", cause: "exit", exitCode: status }
  }
  const reason = record.get("failed")?.replace(/^\d+\s*:?\s*/, "") ?? ""
  const told = { ...nothing, state: "failed", signal: signalOf(status), reason: reason === "" ? null : reason } as const
  if (failed === limit) return { ...told, cause: isMemory(record) ? "out-of-memory" : "timeout" }
  if (!afterStart.has(failed)) return null
  if (told.signal === null) return { ...told, cause: "exit", exitCode: status === 0 ? null : status }
  return { ...told, cause: "signal", reason: null }
}

/**
 * `qdel -f`, an administrator's way with jobs of a lost node: the manager forgets a job, whose processes may go on, and
 * writes down what a success looks like. Its usage is none at all; whatever has run had page faults. (8.1.9)
 */
function isForced(record: AccountingRecord): boolean {
  return (
    record.get("ru_minflt") === "0" &&
    ["ru_wallclock", "cpu"].every((name) => Number.parseFloat(record.get(name) ?? "") === 0)
  )
}

/** `qmaster enforced h_rt, h_cpu, or h_vmem limit`. */
const limit = 37

/** A signal came (17, and `assumedly after job`), or it ran and what came behind it failed. */
const afterStart: ReadonlySet<number> = new Set([12, 13, 14, 15, 16, 17, 100])

function signalOf(status: number): string | null {
  return status > 128 && status < 193 ? signalName(status - 128) : null
}

/** One word stands for three limits. It was not the time where that was asked for and is not over, and memory was asked for. */
function isMemory(record: AccountingRecord): boolean {
  const asked = record.get("category") ?? ""
  if (!/\b[hs]_(?:vmem|rss|data)=/.test(asked)) return false
  const seconds = Number(/\bh_rt=(\d+)\b/.exec(asked)?.[1] ?? Infinity)
  const ran = Number(/^[\d.]+/.exec(record.get("ru_wallclock") ?? "")?.[0] ?? 0)
  return ran < seconds
}
