/** LSF's texts and what they mean, as data. (bsub(1), bjobs(1), bkill(1); what other projects have met) */
import { type ErrorText, type Failures, failuresOf } from "../failures.ts"

const errorTexts: readonly ErrorText[] = [
  {
    // The commands wait and try again by themselves: alone, it means that they were ended meanwhile.
    class: "transient",
    sent: true,
    texts: ["daemon not responding", "Communication time out", "Communication timed out", "Lost connection"],
  },
  {
    class: "transient",
    texts: [
      "LSF is down",
      "Cannot connect to LSF",
      "LIM is down",
      "Failed in LSF library call",
      "Failed in an LSF library call",
      "Bad host name",
      "Connection refused",
      "Unable to open file lsf.conf",
    ],
  },
  { class: "limit", sent: true, texts: ["threshold reached"] },
  { class: "busy", texts: ["LSF is processing your request", "is busy"] },
  { class: "auth", texts: ["User authentication failed", "not an LSF user"] },
  // bsub says so of everything that it has refused.
  {
    class: "rejected",
    texts: ["Job not submitted", "Illegal option", "Illegal job ID", "Usage: b", "permission denied"],
  },
  {
    class: "unknown-job",
    texts: ["already finished", "is not found", "No matching job found", "No unfinished job found", "No job found"],
  },
  { class: "gone", texts: ["command not found", ": not found"] },
]

export const failures: Failures = failuresOf("LSF", errorTexts)
