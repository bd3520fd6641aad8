/** PBS Pro 18 and newer and OpenPBS, through qsub, qselect, qstat, qdel, qsig, qhold and qrls. */
import { control, probe, qsubFailures, readQsub } from "../qsub/index.ts"
import type { Scheduler } from "../scheduler.ts"
import { pbsOptions } from "./options.ts"
import { history, look, queue } from "./query.ts"

const failures = qsubFailures("PBS")

export const pbs: Scheduler = {
  name: "pbs",
  features: {
    accounting: true,
    hold: true,
    suspend: false,
    arrays: true,
    requeue: false,
    countsResources: false,
    // `qsub -a` takes a time in the zone of its host.
    begin: false,
  },
  foreignVariables: [
    "PBS_*",
    "!PBS_CONF_FILE",
    "!PBS_DEFAULT",
    "!PBS_SERVER",
    "!PBS_PRIMARY",
    "!PBS_EXEC",
    "!PBS_HOME",
  ],
  jobVariables: { nativeId: "PBS_JOBID", restarts: null },
  // PBS_MAXJOBNAME is 230, and was 15 before PBS Pro 13, which had no JSON either.
  nativeNameMax: 60,
  directives: (submission) => {
    pbsOptions(submission)
    return []
  },
  // `-f`: no qsub stays behind in the background for the next one. `-C ""`: no line of the script is a directive.
  submit: (submission) => ({
    argv: ["qsub", "-f", "-C", "", ...pbsOptions(submission), submission.script],
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
