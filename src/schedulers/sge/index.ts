/** Grid Engine (8.1 and its kin), through qsub, qstat, qacct, qdel, qhold, qrls and qconf. */
import type { Scheduler, Site } from "../scheduler.ts"
import { cancel, hold, release, resume, suspend } from "./control.ts"
import { classify } from "./errors.ts"
import { history, look } from "./look.ts"
import { probe } from "./probe.ts"
import { queue } from "./queue.ts"
import { submit } from "./submit.ts"
import { qsubOptions } from "./options.ts"

export const sge: Scheduler = sgeOf({ parallelEnvironment: null, instance: null })

function sgeOf(site: Site): Scheduler {
  return {
    name: "sge",
    features: {
      accounting: true,
      hold: true,
      suspend: true,
      arrays: false,
      requeue: true,
      countsResources: false,
      begin: false,
    },
    // SGE_LONG_QNAMES, SGE_SINGLE_LINE and their kin change what is printed; the rest says where the manager is.
    foreignVariables: [
      "SGE_*",
      "!SGE_ROOT",
      "!SGE_CELL",
      "!SGE_ARCH",
      "!SGE_CLUSTER_NAME",
      "!SGE_QMASTER_PORT",
      "!SGE_EXECD_PORT",
      "JSV_*",
    ],
    // RESTARTED says that it was, not how often: 0 or 1.
    jobVariables: { nativeId: "JOB_ID", restarts: "RESTARTED" },
    // Names go into accounting whole; people read them.
    nativeNameMax: 120,
    configured: sgeOf,
    // None: all options stand on the command line, where they outrank those of sge_request files.
    directives: (submission) => {
      qsubOptions(submission, site)
      return []
    },
    submit: (submission) => submit(submission, site),
    queue,
    history,
    look,
    cancel,
    hold,
    release,
    suspend,
    resume,
    probe,
    classify,
  }
}
