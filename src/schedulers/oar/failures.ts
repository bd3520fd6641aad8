/** OAR's texts and what they mean, as data. (oarsub, oarstat, oardel, OAR/IO.pm) */
import { type ErrorText, type Failures, failuresOf } from "../failures.ts"

const errorTexts: readonly ErrorText[] = [
  { class: "transient", texts: ["DB connection error", "Cannot connect to database", "connect() failed"] },
  // The job was written down; only the server could not be told.
  { class: "transient", sent: true, texts: ["Connection refused", "cannot connect to", "Not connected to"] },
  {
    class: "unknown-job",
    texts: [
      "This job was already killed",
      "This job is not running",
      "is not a valid job",
      "is not in the right state",
    ],
  },
  { class: "gone", texts: ["command not found", ": not found", "No Perl JSON module"] },
  // Rules of sites, which begin as refusals do.
  { class: "limit", texts: ["too many jobs", "aximum number of jobs", "quota"] },
  {
    // What oarsub answers before a job is made. Its rules print harmless lines under the same head.
    class: "rejected",
    texts: [
      "There are not enough resources",
      "OAR_JOB_ID=-",
      "[ADMISSION RULE] Error",
      "are not allowed",
      "can submit jobs in",
      "Admission Rule ERROR",
      "Unknown option",
      "Bad resource request",
      "does not exist",
      "You are not the right user",
    ],
  },
]

export const failures: Failures = failuresOf("OAR", errorTexts)
