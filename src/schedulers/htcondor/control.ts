/** condor_rm and its kin: they take a constraint, so that id and name are checked by the schedd itself. */
import type { Command } from "../../command.ts"
import type { CancelHow, Native } from "../scheduler.ts"
import { allOf } from "./expression.ts"
import { failures } from "./failures.ts"

/**
 * condor_rm sends TERM, and KILL after job_max_vacate_time. `force`: KILL to what is still being removed; never `-forcex`, which
 * forgets a job whose processes may go on.
 */
export function cancel(natives: readonly Native[], { force }: CancelHow): readonly Command<void>[] {
  return act(natives, force ? ["condor_vacate_job", "-fast"] : ["condor_rm"])
}

/** Only what is idle: condor_hold evicts what runs. */
export function hold(natives: readonly Native[]): readonly Command<void>[] {
  return act(natives, ["condor_hold"], 1)
}

export function release(natives: readonly Native[]): readonly Command<void>[] {
  return act(natives, ["condor_release"], 5)
}

export function suspend(natives: readonly Native[]): readonly Command<void>[] {
  return act(natives, ["condor_suspend"], 2)
}

export function resume(natives: readonly Native[]): readonly Command<void>[] {
  return act(natives, ["condor_continue"], 7)
}

/** `status`: only natives in that state. */
function act(natives: readonly Native[], words: readonly string[], status: number | null = null): Command<void>[] {
  return natives.map((native) => ({
    argv: [...words, "-constraint", constraint(native, status)],
    timeoutMs: 60_000,
    parse: (result) => failures.expectEffect(result, words[0] ?? ""),
  }))
}

function constraint({ nativeId, nativeName }: Native, status: number | null): string {
  const [, cluster, proc] = /^(\d+)\.(\d+)$/.exec(nativeId ?? "") ?? []
  return allOf([
    `JobBatchName == "${nativeName}"`,
    ...(cluster === undefined || proc === undefined ? [] : [`ClusterId == ${cluster}`, `ProcId == ${proc}`]),
    ...(status === null ? [] : [`JobStatus == ${status}`]),
  ])
}
