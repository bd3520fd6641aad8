/** Grid Engine's error texts and what they mean, as data. (as seen on 8.1.9; the rest from public reports) */
import type { ErrorText } from "../failures.ts"

/** The first group with a text that occurs decides: what broke the way to the manager stands before what follows from it. */
export const errorTexts: readonly ErrorText[] = [
  {
    // There was no connection, so nothing was asked. qsub says "Unable to run job:" in front of that, too.
    class: "transient",
    texts: [
      "got select error (Connection refused)",
      "got select error (No route to host)",
      "got select error (Connection timed out)",
      "got select error (Network is unreachable)",
      "got connect error",
      "unable to contact qmaster using port",
      "can't resolve hostname",
    ],
  },
  {
    class: "auth",
    texts: [
      "access denied (client IP resolved to host name",
      "is no submit host",
      "is no admin host",
      "is neither submit nor admin host",
      "you do not have the necessary privileges",
    ],
  },
  {
    class: "busy",
    sent: true,
    texts: ["got syncron message receive timeout error", "got synchron message receive timeout error"],
  },
  {
    class: "transient",
    sent: true,
    texts: [
      "failed receiving gdi request",
      "got send error",
      "got read error",
      "got write error",
      "got send timeout",
      "got receive timeout",
      "can't find connection",
      "connection closed by",
      "endpoint is not unique",
    ],
  },
  {
    class: "limit",
    texts: [
      "jobs are allowed per user (current job count",
      "jobs are allowed per cluster",
      "jobs per user in system (current job count",
    ],
  },
  {
    class: "gone",
    texts: [
      'cell directory "',
      'SGE_ROOT directory "',
      "environment variable SGE_ROOT",
      "command not found",
      ": not found\n",
    ],
  },
  {
    // The manager's own answer about this request, or qsub's before it asks. It excludes that the request was carried out.
    class: "rejected",
    texts: [
      "job rejected:",
      "Job was rejected because",
      "JSV rejected job",
      "Unable to run job: denied:",
      "Unable to run job: unknown ",
      "Unable to run job: error: no suitable queues",
      'Unable to run job: resource "',
      'Unable to run job: attribute "',
      'Unable to run job: "job" rejected',
      "Unable to run job: the advance reservation id",
      "is out of range",
      "is not a valid object name",
      "not allowed in objectname",
      "Unable to read script file because of error",
      "Unable to read file",
      "qsub: invalid ",
      "qsub: Wrong ",
      "Unknown option",
      "ERROR! ",
    ],
  },
  {
    class: "unknown-job",
    texts: [
      "Following jobs do not exist",
      "<unknown_jobs",
      'denied: job "',
      " of user(s) ",
      "is already in deletion",
      "is not in error state",
      'invalid queue or job "',
      "There are no jobs registered",
      "error: job id ",
      "error: job name ",
    ],
  },
]
