/** qdel, qhold and qrls, on natives that carry our name. */
import type { Command } from "../../command.ts"
import type { CancelHow, Native } from "../scheduler.ts"
import { expectEffect } from "./errors.ts"

const timeoutMs = 60_000

/**
 * qdel takes an id or a name, and our name may have come to a second native: so the id, in a script that first looks
 * whose it is. It sends KILL, to jobs with -notify USR2 before that; there is nothing stronger that a user may do
 * (`qdel -f` is for managers, and forgets a job whose processes may go on).
 */
export function cancel(natives: readonly Native[], _how: CancelHow): readonly Command<void>[] {
  return natives.map(({ nativeId, nativeName }) => ({
    argv: nativeId === null ? ["qdel", nativeName] : ["hz_sge_cancel", nativeId, nativeName],
    timeoutMs,
    parse: (result) => expectEffect(result, "qdel"),
  }))
}

/** By name: an id may have been given to a stranger, a name with our token is ours. A hold on what runs is one on its next start. */
export function hold(natives: readonly Native[]): readonly Command<void>[] {
  return natives.map(({ nativeName }) => effect("qhold", nativeName))
}

/** Also from an error state: whoever releases a job has mended what kept it from starting, and it is tried again. */
export function release(natives: readonly Native[]): readonly Command<void>[] {
  return natives.flatMap(({ nativeName }) => [effect("qrls", nativeName), clearError(nativeName)])
}

/** STOP and CONT, to all processes of the job. */
export function suspend(natives: readonly Native[]): readonly Command<void>[] {
  return natives.map(({ nativeName }) => effect("qmod", "-sj", nativeName))
}

export function resume(natives: readonly Native[]): readonly Command<void>[] {
  return natives.map(({ nativeName }) => effect("qmod", "-usj", nativeName))
}

function effect(program: string, ...args: readonly string[]): Command<void> {
  return { argv: [program, ...args], timeoutMs, parse: (result) => expectEffect(result, program) }
}

/** qmod ends with 1 when it has cleared it, and with 0 when there was nothing to clear. (8.1.9) */
function clearError(nativeName: string): Command<void> {
  const command = effect("qmod", "-cj", nativeName)
  return {
    ...command,
    parse: (result) => {
      const isCleared = /cleared error state of job/.test(result.stdout) && !result.timedOut
      if (!isCleared) command.parse(result)
    },
  }
}
