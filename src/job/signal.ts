/** The early warning: a signal to the payload some time before its walltime is over. */
import { z } from "zod"
import { type Problem, bad, describe, good } from "./problem.ts"
import { walltime } from "./readResources.ts"
import { unlimitedWalltime } from "./resources.ts"
import { read } from "./schema.ts"
import type { JobSpec, WarningSignal } from "./spec.ts"
import { formatWalltime } from "./walltime.ts"

/** Those that end nobody who was told to expect them; the wrapper hands them on. */
const warningSignals = ["USR1", "USR2", "XCPU"] as const

const want = "Write {name: USR1, before: 5m}."

export const signalSchema: z.ZodType<WarningSignal> = z
  .strictObject({ name: read(readName), before: walltime }, { error: want })
  .transform(({ name, before }) => ({ name, beforeSeconds: before }))

export const signalFields: readonly string[] = ["name", "before"]

/** What can't be true of both together; to be asked when the executor's defaults are in. */
export function signalProblems({ signal, resources }: JobSpec): readonly Problem[] {
  const limit = resources.walltime
  if (signal === undefined || limit === null) return []
  const path = ["signal", "before"]
  if (limit === unlimitedWalltime || signal.beforeSeconds === unlimitedWalltime)
    return bad("has no end of a walltime before which it could come", "Say a walltime, and a shorter time here.", path)
      .problems
  if (signal.beforeSeconds < limit) return []
  const why = `is ${formatWalltime(signal.beforeSeconds)}, and the walltime is ${formatWalltime(limit)}`
  return bad(why, "Write less than the walltime.", path).problems
}

/** `USR1` or `SIGUSR1`. TERM, INT and HUP are how a manager ends a job: the wrapper could not tell them apart. */
function readName(value: unknown) {
  const known = warningSignals.find((name) => name === value || `SIG${name}` === value)
  if (known !== undefined) return good(known)
  return bad(
    describe(value),
    `Write ${warningSignals.join(", ")}. (TERM, INT and HUP end a job; at the end of its walltime it gets TERM anyway.)`,
  )
}
