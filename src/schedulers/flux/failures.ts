/** Flux's texts and what they mean, as data. Its exit code is 1 for everything. (0.88 as it was seen; its own tests) */
import { type ErrorText, type Failures, failuresOf } from "../failures.ts"

const errorTexts: readonly ErrorText[] = [
  // One of our own is being started, or is none of ours: remote/instance.sh asked nobody, whatever words it quotes.
  { class: "transient", texts: ["hawser: the Flux instance"] },
  {
    class: "auth",
    texts: [
      "Unable to connect to Flux: Operation not permitted",
      "Unable to connect to Flux: Permission denied",
      "flux_open: Operation not permitted",
      "flux_open: Permission denied",
      "Request requires owner credentials",
    ],
  },
  // A FLUX_URI that means nothing.
  { class: "gone", texts: ["Unable to find connector name"] },
  {
    // The instance is not there, or no longer: the socket is looked for before anything is sent.
    class: "transient",
    texts: ["Unable to connect to Flux", "broker socket", "flux_open:", "error connecting to Flux"],
  },
  {
    // It was there, and the conversation broke.
    class: "transient",
    sent: true,
    texts: [
      "flux_reactor_run:",
      "lost connection",
      "Connection reset by peer",
      "Broken pipe",
      "Function not implemented",
      "No route to host",
      "Connection timed out",
    ],
  },
  // flux-accounting's, and those of a queue that is closed for a while.
  { class: "limit", texts: ["has max active jobs", "job submission is disabled"] },
  {
    class: "rejected",
    texts: [
      "unsatisfiable request",
      "exceeds policy limit",
      "dependency:",
      "dependency scheme",
      "is not a valid queue",
      "Invalid queue",
      "urgency range is",
      "invalid Flux standard duration",
      "job command and arguments are missing",
      "usage: flux",
      "Usage: flux",
      "invalid job id",
      "error parsing jobid",
      "is not a flux command",
    ],
  },
  { class: "auth", texts: ["Operation not permitted", "on their own jobs", "to their own jobs", "is not your job"] },
  {
    class: "unknown-job",
    texts: [
      "unknown job",
      "job is inactive",
      "job is not running",
      "No such job",
      // `JobID 123456789 unknown`, of what was purged or never was.
      "JobID ",
    ],
  },
  { class: "gone", texts: ["command not found", ": not found"] },
]

export const failures: Failures = failuresOf("Flux", errorTexts)
