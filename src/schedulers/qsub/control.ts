/** qdel, qsig, qhold and qrls: on natives that carry our name, which qselect finds. */
import type { Command } from "../../command.ts"
import type { Failures } from "../failures.ts"
import type { CancelHow, Native } from "../scheduler.ts"
import { actOnSelected } from "../selected.ts"

const timeoutMs = 60_000

/**
 * All of them take ids alone, and an id may have been given to a stranger: the same script first asks which ids have the
 * name. qdel sends TERM, and KILL after the queue's kill_delay. `force`: KILL at once; never `qdel -W force` or `-p`, which
 * forget a job whose processes may go on.
 */
export function control(failures: Failures): {
  cancel(natives: readonly Native[], how: CancelHow): readonly Command<void>[]
  hold(natives: readonly Native[]): readonly Command<void>[]
  release(natives: readonly Native[]): readonly Command<void>[]
  suspend(): null
  resume(): null
} {
  const act = (natives: readonly Native[], ...effects: readonly (readonly string[])[]): Command<void>[] =>
    natives.map(({ nativeId, nativeName }) => ({
      argv: actOnSelected(nativeId, ["qselect", "-N", nativeName], effects),
      timeoutMs,
      parse: (result) => failures.expectEffect(result, effects.at(-1)?.[0] ?? "qselect"),
    }))
  return {
    cancel: (natives, { force }) => act(natives, ...(force ? [["qsig", "-s", "KILL"]] : []), ["qdel"]),
    hold: (natives) => act(natives, ["qhold", "-h", "u"]),
    release: (natives) => act(natives, ["qrls", "-h", "u"]),
    // `qsig -s suspend` is for managers and operators. (qsig(1B))
    suspend: () => null,
    resume: () => null,
  }
}
