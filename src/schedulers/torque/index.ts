/** Torque 4 and newer, through qsub, qselect, qstat, qdel, qsig, qhold and qrls. */
import { control, probe, qsubFailures, readQsub } from "../qsub/index.ts"
import type { Scheduler } from "../scheduler.ts"
import { torqueOptions } from "./options.ts"
import { history, look, queue } from "./query.ts"

const failures = qsubFailures("Torque")

export const torque: Scheduler = {
  name: "torque",
  features: {
    // For keep_completed (five minutes where nothing is said) after the end.
    accounting: true,
    hold: true,
    suspend: false,
    arrays: true,
    requeue: false,
    countsResources: false,
    // `qsub -a` takes a time in the zone of its host.
    begin: false,
  },
  foreignVariables: ["PBS_*", "!PBS_DEFAULT", "!PBS_SERVER", "!PBS_HOME"],
  jobVariables: { nativeId: "PBS_JOBID", restarts: null },
  // PBS_MAXJOBNAME is 256, and 58 have been seen in qstat.
  nativeNameMax: 60,
  directives: (submission) => {
    torqueOptions(submission)
    return []
  },
  // `-C ""`: no line of the script is a directive.
  submit: (submission) => ({
    argv: ["qsub", "-C", "", ...torqueOptions(submission), submission.script],
    timeoutMs: 150_000,
    parse: (result) => readQsub(result, failures),
  }),
  queue: (natives) => queue(natives, failures),
  history: (natives) => history(natives, failures),
  look: (natives) => look(natives, failures),
  ...control(failures),
  probe: () => probe(failures),
  classify: (result) => failures.classify(result),
}
