/** One record of squeue or sacct as evidence. */
import type { Evidence, EvidenceSource, Outcome } from "../../job/index.ts"
import { signalName } from "../signals.ts"
import { meaningOf } from "./states.ts"

export interface Told {
  readonly source: EvidenceSource
  readonly token: string | null
  readonly nativeId: string
  readonly word: string
  readonly reason: string | null
  readonly exit: { readonly code: number; readonly signal: number } | null
  readonly submitTime: string | null
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly host: string | null
  readonly restarts: number | null
}

export function evidenceOf(told: Told): Evidence {
  const { exit, startedAt, endedAt, ...rest } = told
  const meaning = meaningOf(told.word, told.reason)
  const ended = meaning !== null && typeof meaning === "object"
  const begun = ended ? told.host !== null : meaning === "running" || meaning === "suspended"
  return {
    ...rest,
    seenAt: 0,
    state: ended ? "ended" : meaning,
    outcome: ended ? outcomeOf(meaning, exit) : null,
    // Of a pending job it is the scheduler's guess, of one that was cancelled while pending its end; it had no host.
    startedAt: begun ? startedAt : null,
    endedAt: ended ? endedAt : null,
  }
}

/** Slurm's own signal number for a job whose working directory or output file could not be used. */
const launchSignal = 53

/**
 * What FAILED was: an exit code, a signal, or a job that never began. The other words speak for themselves, and the
 * exit code beside them (0:0 of a TIMEOUT) does not.
 */
function outcomeOf(meaning: Pick<Outcome, "state" | "cause">, exit: Told["exit"]): Outcome {
  const outcome = { ...meaning, exitCode: null, signal: null }
  if (meaning.state === "completed") return { ...outcome, exitCode: 0 }
  if (meaning.cause !== "exit" || exit === null) return outcome
  if (exit.code !== 0) return { ...outcome, exitCode: exit.code }
  if (exit.signal === launchSignal) return { ...outcome, cause: "launch" }
  if (exit.signal !== 0) return { ...outcome, cause: "signal", signal: signalName(exit.signal) }
  return outcome
}

/** Seconds since 1970 (SLURM_TIME_FORMAT=%s) as milliseconds; null for `Unknown`, `None`, `N/A` and local times. */
export function millis(text: string): number | null {
  return /^\d{9,11}$/.test(text) ? Number(text) * 1000 : null
}

/** What stands where there is nothing to say. */
const blanks: ReadonlySet<string> = new Set(["", "None", "none", "N/A", "n/a", "(null)", "Unknown", "None assigned"])

export function known(text: string): string | null {
  return blanks.has(text) ? null : text
}
