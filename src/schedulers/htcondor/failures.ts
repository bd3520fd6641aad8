/** HTCondor's texts and what they mean, as data. (submit.cpp, condor_q, rm.cpp; what other projects have met) */
import { type ErrorText, type Failures, failuresOf } from "../failures.ts"

const errorTexts: readonly ErrorText[] = [
  {
    // The schedd was there, and the conversation with it broke.
    class: "busy",
    sent: true,
    texts: ["Failed to fetch ads", "Failed to end classad message"],
  },
  {
    class: "transient",
    texts: [
      "Can't find address of",
      "Failed to connect to local queue manager",
      "Failed to connect to queue manager",
      "Failed to connect to schedd",
      "Unable to locate local daemon",
      "Couldn't contact the condor_collector",
      "Can't open a connection",
      "CEDAR:6001",
      "Connection refused",
    ],
  },
  { class: "transient", sent: true, texts: ["Failed to commit job submission", "communication error", "timed out"] },
  { class: "auth", texts: ["AUTHENTICATE:", "DENIED", "Authorization failed", "AUTHORIZATION"] },
  {
    class: "limit",
    texts: [
      "MAX_JOBS_PER_OWNER",
      "MAX_JOBS_SUBMITTED",
      "MAX_JOBS_PER_SUBMISSION",
      "exceeds the maximum",
      "would exceed",
    ],
  },
  {
    class: "unknown-job",
    texts: [
      "Couldn't find/remove",
      "Couldn't find/hold",
      "Couldn't find/release",
      "Couldn't find/vacate",
      "Couldn't find/suspend",
      "Couldn't find/continue",
    ],
  },
  { class: "gone", texts: ["command not found", ": not found"] },
  {
    // condor_submit refuses a description before it asks anybody, or the schedd refuses the job.
    class: "rejected",
    texts: ["ERROR: "],
  },
]

export const failures: Failures = failuresOf("HTCondor", errorTexts)
