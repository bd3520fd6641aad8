/** LSF 10.1, through bsub, bjobs, bkill, bstop and bresume. */
import { quoteAll } from "../../quote.ts"
import type { CancelHow, Native, Scheduler } from "../scheduler.ts"
import { actOnSelected } from "../selected.ts"
import { failures } from "./failures.ts"
import { bsubOptions } from "./options.ts"
import { probe } from "./probe.ts"
import { look, queue } from "./query.ts"
import { readBsub } from "./submit.ts"

export const lsf: Scheduler = {
  name: "lsf",
  features: {
    // `bjobs -a` shows what has ended for CLEAN_PERIOD (an hour); it is part of the queue.
    accounting: false,
    hold: true,
    suspend: true,
    arrays: true,
    requeue: false,
    countsResources: false,
    // `bsub -b` takes a time in the zone of its host.
    begin: false,
  },
  // LSF_* says where LSF is. BSUB_QUIET hides the id, BSUB_BLOCK waits for the job's end.
  foreignVariables: ["BSUB_*", "LSB_*"],
  jobVariables: { nativeId: "LSB_JOBID", restarts: null },
  nativeNameMax: 120,
  directives: (submission) => {
    bsubOptions(submission)
    return []
  },
  // What bsub runs is a line for a shell.
  submit: (submission) => ({
    argv: ["bsub", ...bsubOptions(submission), quoteAll([submission.script])],
    timeoutMs: 150_000,
    parse: readBsub,
  }),
  queue,
  history: () => null,
  look,
  // bkill sends INT, TERM and KILL, JOB_TERMINATE_INTERVAL apart. One that is pending ends at once, also with `-s KILL`.
  cancel: (natives, { force }: CancelHow) => act(natives, force ? ["bkill", "-s", "KILL"] : ["bkill"]),
  // bstop does both: keeps a job that is pending from being started, and stops one that runs.
  hold: (natives) => act(natives, ["bstop"], ["-p"]),
  release: (natives) => act(natives, ["bresume"]),
  suspend: (natives) => act(natives, ["bstop"], ["-r"]),
  resume: (natives) => act(natives, ["bresume"]),
  probe,
  classify: (result) => failures.classify(result),
}

/**
 * With an id, bkill and its kin ignore `-J name`, and an id may have been given to a stranger: so bjobs is asked first.
 * `which`: only those that are pending (-p) or run (-r).
 */
function act(
  natives: readonly Native[],
  effect: readonly string[],
  which: readonly string[] = [],
): ReturnType<Scheduler["cancel"]> {
  return natives.map(({ nativeId, nativeName }) => ({
    argv: actOnSelected(nativeId, ["bjobs", ...which, "-noheader", "-o", "jobid", "-J", nativeName], [effect]),
    timeoutMs: 60_000,
    parse: (result) => failures.expectEffect(result, effect[0] ?? "bjobs"),
  }))
}
