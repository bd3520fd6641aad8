/** OAR 2.5, through oarsub, oarstat, oardel, oarhold and oarresume. */
import { quoteAll } from "../../quote.ts"
import type { Scheduler } from "../scheduler.ts"
import { cancel, hold, release } from "./control.ts"
import { failures } from "./failures.ts"
import { oarsubOptions } from "./options.ts"
import { probe } from "./probe.ts"
import { history, look, queue } from "./query.ts"
import { readOarsub } from "./submit.ts"

export const oar: Scheduler = {
  name: "oar",
  features: {
    accounting: true,
    hold: true,
    suspend: false,
    arrays: true,
    requeue: false,
    countsResources: false,
    // `oarsub -r` is a reservation, and in the server's zone.
    begin: false,
  },
  foreignVariables: ["OAR_*", "OARDO_*"],
  jobVariables: { nativeId: "OAR_JOB_ID", restarts: null },
  nativeNameMax: 60,
  directives: (submission) => {
    oarsubOptions(submission)
    return []
  },
  // What oarsub runs is a line for a shell.
  submit: (submission) => ({
    argv: ["oarsub", ...oarsubOptions(submission), quoteAll([submission.script])],
    timeoutMs: 150_000,
    parse: readOarsub,
  }),
  queue,
  history,
  look,
  cancel,
  hold,
  release,
  // `oarhold -r` is for administrators.
  suspend: () => null,
  resume: () => null,
  probe,
  classify: (result) => failures.classify(result),
}
