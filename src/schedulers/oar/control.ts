/** oardel, oarhold and oarresume: they take a condition in SQL, so that id and name are checked by the server itself. */
import type { Command } from "../../command.ts"
import type { CancelHow, Native } from "../scheduler.ts"
import { failures } from "./failures.ts"

/** oardel ends processes with KILL after a while by itself: there is nothing harder to ask for. */
export function cancel(natives: readonly Native[], _how: CancelHow): readonly Command<void>[] {
  return act(natives, "oardel")
}

export function hold(natives: readonly Native[]): readonly Command<void>[] {
  return act(natives, "oarhold")
}

export function release(natives: readonly Native[]): readonly Command<void>[] {
  return act(natives, "oarresume")
}

function act(natives: readonly Native[], program: string): Command<void>[] {
  return natives.map((native) => ({
    argv: [program, "--sql", condition(native)],
    timeoutMs: 60_000,
    parse: (result) => failures.expectEffect(result, program),
  }))
}

/** Of those that are not over: oardel complains of each that is. */
function condition({ nativeId, nativeName }: Native): string {
  const id = nativeId !== null && /^\d+$/.test(nativeId) ? [`job_id = ${nativeId}`] : []
  return [`job_name = '${nativeName}'`, ...id, "state NOT IN ('Terminated','Error')"].join(" AND ")
}
