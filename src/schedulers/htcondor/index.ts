/** HTCondor 8.6 and newer (vanilla universe, shared file system), through condor_submit, condor_q, condor_history, condor_rm and kin. */
import type { Scheduler } from "../scheduler.ts"
import { cancel, hold, release, resume, suspend } from "./control.ts"
import { failures } from "./failures.ts"
import { idVariable, submitCommands } from "./options.ts"
import { probe } from "./probe.ts"
import { history, look, queue } from "./query.ts"
import { readSubmit } from "./submit.ts"

export const htcondor: Scheduler = {
  name: "htcondor",
  features: {
    accounting: true,
    hold: true,
    suspend: true,
    arrays: true,
    requeue: false,
    countsResources: false,
    // deferral_time holds a slot until then.
    begin: false,
  },
  // What a job of its own leaves. Settings for the commands (_CONDOR_SCHEDD_HOST) may be what finds the manager.
  foreignVariables: ["_CONDOR_JOB_*", "_CONDOR_SCRATCH_DIR"],
  jobVariables: { nativeId: idVariable, restarts: null },
  nativeNameMax: 120,
  directives: (submission) => {
    submitCommands(submission)
    return []
  },
  // With -queue there is no submit description file, and nothing is read from stdin.
  submit: (submission) => ({
    argv: ["condor_submit", "-terse", ...submitCommands(submission), "-queue", "1"],
    timeoutMs: 150_000,
    parse: readSubmit,
  }),
  queue,
  history,
  look,
  cancel,
  hold,
  release,
  suspend,
  resume,
  probe,
  classify: (result) => failures.classify(result),
}
