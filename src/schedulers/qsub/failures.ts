/** The texts of PBS Pro, OpenPBS and Torque and what they mean, as data. (pbs_messages.c, pbs_error_db.h, qsub.c) */
import { type ErrorText, type Failures, failuresOf } from "../failures.ts"

/** Clients exit with the number of the error modulo 256, which says the same as the text and is less sure: not read. */
const errorTexts: readonly ErrorText[] = [
  {
    // Which host or user asks could not be shown: it concerns every request.
    class: "auth",
    texts: [
      "trqauthd unable to authenticate",
      "munge executable not found",
      "Access from host not allowed",
      "Invalid credential",
      "Expired credential",
      "client is not allowed/trusted",
    ],
  },
  {
    // No request had left.
    class: "busy",
    texts: [
      "(errno=15033)",
      "No free connections",
      "Server connection table full",
      "Pbs Server is currently too busy",
      "Login node is currently too busy",
    ],
  },
  {
    class: "transient",
    texts: [
      "cannot connect to server",
      "Cannot connect to default server",
      "Cannot connect to specified server",
      "Unable to communicate with",
      "Could not connect to batch server",
      "could not connect to trqauthd",
      "trqauthd unable to authorize user",
      "Could not resolve host name",
      "Can not establish connection",
      "Unable to get connection to socket",
      "No server specified",
      "Request not allowed: Server shutting down",
      "PBS license is invalid",
      "Could not contact Scheduler",
      "connection refused - no service listening",
      "Connection refused",
      "Unknown Host",
    ],
  },
  {
    // The connection broke, or the server did, with the request on its way.
    class: "transient",
    sent: true,
    texts: [
      "System error",
      "PBS server internal error",
      "Batch protocol error",
      "Bad DIS based Request Protocol",
      "Failed to save job/resv",
      "Connection timed out",
      "End of File",
    ],
  },
  { class: "busy", sent: true, texts: ["Time out"] },
  {
    class: "unknown-job",
    texts: [
      "Unknown Job Id",
      "Unknown Array ID",
      "unknown job id after clean init",
      "Job not found",
      "Job is being recycled",
      "Job has finished",
      "Job already in exit state",
      "Job moved to remote server",
      "Request invalid for state of job",
      "Request invalid for finished array subjob",
      "Delete already in progress",
    ],
  },
  {
    class: "limit",
    texts: [
      "Maximum number of jobs already in queue",
      "would exceed",
      "Queue is not enabled",
      "Queue is currently not available",
    ],
  },
  {
    class: "busy",
    texts: [
      "Dependent parent job currently in routing queue",
      "Execution server rejected request",
      "Resource temporarily unavailable",
      "Checkpoint busy, may retry",
    ],
  },
  { class: "gone", texts: ["command not found", ": not found", "PBS is not configured to maintain job history"] },
  {
    // The server's own answer about this request, or qsub's about its options. It excludes that a job was made.
    class: "rejected",
    texts: [
      "Undefined attribute",
      "Cannot set attribute, read only or insufficient permission",
      "Invalid request",
      "Unknown request",
      "Unauthorized Request",
      "Job with requested ID already exists",
      "Unknown/illegal signal name",
      "Illegal attribute or resource value",
      "Cannot modify attribute while job running",
      "Unknown queue",
      "Unknown node",
      "Access to queue is denied",
      "Bad UID for job execution",
      "Bad GID for job execution",
      "Job routing over too many hops",
      "No support for requested service",
      "Unknown resource",
      "Job violates queue and/or server resource limits",
      "Job exceeds queue resource limits",
      "No default queue specified",
      "job is not rerunnable",
      "Job rejected by all possible destinations",
      "Stage In of files failed",
      "Resource limit exceeds allowable",
      "Invalid Account",
      "Invalid Job Dependency",
      "Duplicate entry in list",
      "Unknown Reservation Id",
      "Array job exceeds server or queue size limit",
      "Bad Job Array Request",
      "Queue does not allow",
      "Resource invalid in",
      "cannot be used with",
      "Cannot be used with select or place",
      "Cannot have",
      "hook error",
      "attribute value is out of range",
      "name is too long",
      "jobscript size exceeded",
      "cannot access script file",
      "illegally formed job identifier",
      "script file",
      "illegal -",
      "invalid option",
      "usage: q",
    ],
  },
]

/** PBS Pro, OpenPBS and Torque share nearly all of their texts. */
export function qsubFailures(name: string): Failures {
  return failuresOf(name, errorTexts)
}
