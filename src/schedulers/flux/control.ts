/** flux cancel and flux job urgency: they take ids alone, so flux jobs is asked first which ids carry the name. */
import type { Command } from "../../command.ts"
import type { CancelHow, Native } from "../scheduler.ts"
import { actOnSelected } from "../selected.ts"
import { failures } from "./failures.ts"

/**
 * flux cancel sends TERM, and KILL after exec.kill-timeout (five seconds). `force`: KILL to what runs and has not been asked before;
 * what is being cleared away takes no signals of ours, and gets its KILL from Flux.
 */
export function cancel(
  natives: readonly Native[],
  { force }: CancelHow,
  note: string | null = null,
): readonly Command<void>[] {
  const kill = ["flux", "job", "kill", "-s", "KILL"]
  return act(natives, "pending,running", [
    ...(force ? [kill] : []),
    ["flux", "cancel", ...(note === null ? [] : [`--message=${note}`])],
  ])
}

/** Urgency 0 never starts. */
export function hold(natives: readonly Native[]): readonly Command<void>[] {
  return act(natives, "pending", [["hz_flux_urgency", "hold"]])
}

export function release(natives: readonly Native[]): readonly Command<void>[] {
  return act(natives, "pending", [["hz_flux_urgency", "default"]])
}

function act(
  natives: readonly Native[],
  states: string,
  effects: readonly (readonly string[])[],
): readonly Command<void>[] {
  const list = ["flux", "jobs", "-c", "0", "-n", "-o", "{id.dec}", "-f", states]
  return natives.map(({ nativeId, nativeName }) => ({
    argv: actOnSelected(nativeId, [...list, `--name=${nativeName}`], effects),
    timeoutMs: 60_000,
    parse: (result) => failures.expectEffect(result, (effects.at(-1) ?? []).join(" ")),
  }))
}
