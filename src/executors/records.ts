/** What our own records say of an attempt: whether its payload may have run, and how it ended. Pure. */
import { wrapperExit } from "../remote/answer.ts"
import type { ExitRecord, Records } from "../remote/layout.ts"

export function isRevokedBy({ guards }: Records): boolean {
  return guards.some(({ start, owner }) => start === 0 && owner.startsWith("revoked:"))
}

/** Codes with which the wrapper ends without having run the payload. A payload may end with them too; then there are records. */
export function isWrappersOwn(exitCode: number | null): boolean {
  return exitCode !== null && Object.values<number>(wrapperExit).includes(exitCode)
}

/**
 * Did the payload run in the last start, number `start` as far as is known? Before that comes the guard, and after it the
 * started record, without which it is not run. A native that found the guard taken (111) says nothing of the one that has it.
 */
export function mayHaveRun(records: Records, exitCode: number | null, start: number): boolean {
  return exitCode === wrapperExit.guarded ? hasRecords(records) : records.started.some((one) => one.start >= start)
}

/** The native of a guard's text; null for a revoked one, and for `-`, of a native that does not know its id. */
export function holderIn(owner: string): string | null {
  const [kind, nativeId = "-"] = owner.split(":")
  return kind === "native" && nativeId !== "-" ? nativeId : null
}

export function hasRecords(records: Records | null): boolean {
  if (records === null) return false
  return records.started.length > 0 || records.guards.some((guard) => guard.owner.startsWith("native:"))
}

export function lastExit(records: Records | null): ExitRecord | null {
  if (records === null) return null
  return records.exits.reduce<ExitRecord | null>(
    (last, exit) => (last === null || exit.start > last.start ? exit : last),
    null,
  )
}
