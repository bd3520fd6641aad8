/** oardel, oarhold and oarresume: they take a condition in SQL, so that id and name are checked by the server itself. */
import type { Command } from "../../command.ts"
import type { CancelHow, Native } from "../scheduler.ts"
import { failures } from "./failures.ts"

/** oardel is a KILL. `hz_oar_cancel` (remote/oar.sh) sends TERM to what runs. */
export function cancel(natives: readonly Native[], { force }: CancelHow): readonly Command<void>[] {
  const isLive = "state NOT IN ('Terminated','Error')"
  return natives.map((native) =>
    force ? act("oardel", ["oardel", "--sql", named(native, isLive)]) : act("oardel", ["hz_oar_cancel", named(native)]),
  )
}

export function hold(natives: readonly Native[]): readonly Command<void>[] {
  return natives.map((native) => act("oarhold", ["oarhold", "--sql", named(native, "state = 'Waiting'")]))
}

export function release(natives: readonly Native[]): readonly Command<void>[] {
  return natives.map((native) => act("oarresume", ["oarresume", "--sql", named(native, "state = 'Hold'")]))
}

function act(program: string, argv: Command<void>["argv"]): Command<void> {
  return { argv, timeoutMs: 60_000, parse: (result) => failures.expectEffect(result, program) }
}

/** In such a state: each command complains of others. */
function named({ nativeId, nativeName }: Native, ...more: readonly string[]): string {
  const id = nativeId !== null && /^\d+$/.test(nativeId) ? [`job_id = ${nativeId}`] : []
  return [`job_name = '${nativeName}'`, ...id, ...more].join(" AND ")
}
