/** oardel, oarhold and oarresume: they take a condition in SQL, so that id and name are checked by the server itself. */
import type { Command } from "../../command.ts"
import type { CancelHow, Native } from "../scheduler.ts"
import { failures } from "./failures.ts"

/** oardel ends processes with KILL after a while by itself: there is nothing harder to ask for. */
export function cancel(natives: readonly Native[], _how: CancelHow): readonly Command<void>[] {
  return act(natives, "oardel", "NOT IN ('Terminated','Error')")
}

export function hold(natives: readonly Native[]): readonly Command<void>[] {
  return act(natives, "oarhold", "= 'Waiting'")
}

export function release(natives: readonly Native[]): readonly Command<void>[] {
  return act(natives, "oarresume", "= 'Hold'")
}

function act(natives: readonly Native[], program: string, state: string): Command<void>[] {
  return natives.map((native) => ({
    argv: [program, "--sql", condition(native, state)],
    timeoutMs: 60_000,
    parse: (result) => failures.expectEffect(result, program),
  }))
}

/** Of those in such a state: each command complains of others. */
function condition({ nativeId, nativeName }: Native, state: string): string {
  const id = nativeId !== null && /^\d+$/.test(nativeId) ? [`job_id = ${nativeId}`] : []
  return [`job_name = '${nativeName}'`, ...id, `state ${state}`].join(" AND ")
}
