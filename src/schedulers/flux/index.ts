/** Flux 0.49 and newer, through flux submit, flux batch, flux jobs, flux cancel and flux job urgency, in an instance that is there or one of our own. */
import { withoutPrefix } from "../../quote.ts"
import type { Scheduler } from "../scheduler.ts"
import { cancel, hold, release } from "./control.ts"
import { failures } from "./failures.ts"
import { inOwnInstance } from "./instance.ts"
import { submitCommand } from "./options.ts"
import { probe } from "./probe.ts"
import { history, look, queue } from "./query.ts"
import { readSubmit } from "./submit.ts"

const idVariable = "hz_flux_id"

export const flux: Scheduler = {
  name: "flux",
  features: {
    // An instance knows its jobs until they are purged.
    accounting: true,
    hold: true,
    suspend: false,
    arrays: false,
    requeue: false,
    countsResources: false,
    // --begin-time takes a time in the zone of its host.
    begin: false,
  },
  // What a job of its own leaves, and what bends the commands. The others say where Flux and its instance are.
  foreignVariables: [
    "FLUX_*",
    "!FLUX_URI",
    "!FLUX_URI_RESOLVE_LOCAL",
    "!FLUX_SSH",
    "!FLUX_SSH_RCMD",
    "!FLUX_CONF_DIR",
    "!FLUX_EXEC_PATH",
    "!FLUX_CONNECTOR_PATH",
    "!FLUX_MODULE_PATH",
    "!FLUX_PMI_LIBRARY_PATH",
  ],
  jobVariables: { nativeId: idVariable, restarts: null },
  nativeNameMax: 120,
  configured: ({ instance }) => (instance === null ? flux : inOwnInstance(flux, instance)),
  // FLUX_JOB_ID is in base 58; the name of a job's own part of the KVS is `job-` and the id in decimal. The first process of
  // an instance has none, and from Flux 0.71 on the id of its instance in base 58, of which the wrapper makes a decimal.
  directives: (submission) => {
    submitCommand(submission)
    const said = { from: "FLUX_KVS_NAMESPACE", otherwise: "FLUX_ENCLOSING_ID", prefix: "job-" }
    return [withoutPrefix({ name: idVariable, ...said })]
  },
  submit: (submission) => ({ argv: submitCommand(submission), timeoutMs: 150_000, parse: readSubmit }),
  queue,
  history,
  look,
  cancel,
  hold,
  release,
  // STOP would reach the tasks, and flux jobs has no word for what is stopped.
  suspend: () => null,
  resume: () => null,
  probe,
  classify: (result) => failures.classify(result),
}
