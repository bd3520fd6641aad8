/** Slurm's error texts and what they mean, as data. (slurm_errno.c; the rest as seen on 22.05) */
import type { ErrorClass } from "../../errors.ts"

export interface ErrorText {
  readonly class: ErrorClass
  /** The request may have reached the manager: what it asked for may have happened. */
  readonly sent?: true
  readonly texts: readonly string[]
}

/** The first group with a text that occurs decides: what broke the way to the manager stands before what follows from it. */
export const errorTexts: readonly ErrorText[] = [
  {
    // The credential could not be made or the configuration not be read: nothing was sent.
    class: "transient",
    texts: [
      "Munge encode failed",
      "If munged is up",
      "Unable to process configuration file",
      "Could not establish a configuration source",
      "Unable to contact slurm controller (connect failure)",
      "Communication connection failure",
      "Connection timed out establishing",
      "Connection rejected by handler",
      "Slurm backup controller in standby mode",
      "Controller is in standby mode, try a different controller",
      "Required plugin type not loaded or initialized",
      "I/O error writing script/environment to file",
      "Unable to open file",
    ],
  },
  {
    // slurmdbd or its database.
    class: "transient",
    texts: [
      "failed to open persistent connection",
      "Unable to connect to database",
      "Problem talking to the database",
      "Sending PersistInit msg",
      "Database connection reference is invalid",
      "Database is busy or waiting for lock from other user",
    ],
  },
  {
    // A frozen slurmctld ran the request after the client had given up.
    class: "busy",
    sent: true,
    texts: ["Socket timed out on send/recv operation", "Connection timed out writing", "Connection timed out reading"],
  },
  {
    class: "transient",
    sent: true,
    texts: [
      "Zero Bytes were transmitted or received",
      "Unable to contact slurm controller (send failure)",
      "Unable to contact slurm controller (receive failure)",
      "Unable to contact slurm controller (shutdown failure)",
      "Message send failure",
      "Message receive failure",
      "Communication shutdown failure",
      "Connection forced closed by quiesce timeout",
      "Insane message length",
      "Unexpected message received",
      "Connection reset by peer",
      "Connection refused",
      "Connection timed out",
    ],
  },
  {
    class: "busy",
    texts: [
      "Rate limit exceeded, please retry momentarily",
      "Rate limit exceeded, please retry later",
      "Job can not be altered now, try again later",
    ],
  },
  {
    // sbatch retries for 120 s by itself before it says so: slurmctld holds MaxJobCount jobs.
    class: "limit",
    texts: [
      "Resource temporarily unavailable",
      "MaxJobCount limit reached",
      "Immediate execution impossible, insufficient priority",
      "Requested partition configuration not available now",
      "Requested nodes are busy",
      "Licenses currently unavailable",
      "Job violates accounting/QOS policy",
      "Requested reservation is in use",
      "Required ports are in use",
      "Required node not available (down, drained or reserved)",
      "Required partition not available (inactive or drain)",
      "Requested account has breached requested QOS usage threshold",
      "Step limit reached for this job",
      "Burst Buffer resource limit exceeded",
      "Partition in DOWN state",
    ],
  },
  {
    // Taken up again by sbatch itself; alone it means that sbatch was ended while it waited.
    class: "busy",
    sent: true,
    texts: [
      "Slurm temporarily unable to accept job, sleeping and retrying",
      "controller not responding, sleeping and retrying",
    ],
  },
  {
    class: "unknown-job",
    texts: [
      "Invalid job id specified",
      "Job/step already completing or completed",
      "Job has already finished",
      "No active jobs match ALL job filters",
      "Nothing found with query",
    ],
  },
  {
    class: "gone",
    texts: ["accounting storage is disabled", "command not found", ": not found"],
  },
  {
    class: "auth",
    texts: [
      "Protocol authentication error",
      "Invalid authentication credential",
      "Authentication credential expired",
      "Bad argument to plugin function",
      "Cannot unpack credential",
      "Token Generation failed.",
      "Unable to resolve group ID to group name",
      "Unable to resolve user ID to user name",
    ],
  },
  {
    // The manager's own answer about this request. It excludes that the request was carried out.
    class: "rejected",
    texts: [
      "Access/permission denied",
      "Access denied to requested reservation",
      "User's group not permitted to use this partition",
      "Burst Buffer permission denied",
      "Incompatible versions of client and server code",
      "No partition specified or system default partition",
      "Requested nodes not in this partition",
      "More processors requested than permitted",
      "Node count specification invalid",
      "Job size specification needs to be provided",
      "Job script not specified",
      "Duplicate job id",
      "Pathname of a file, directory or other parameter too long",
      "Requested node configuration is not available",
      "Core count for reservation node list is not consistent!",
      "Requested operation not supported on this system",
      "Requested operation is presently disabled",
      "Job dependency problem",
      "Only batch jobs are accepted or processed",
      "Memory required by task is not available",
      "Memory specification can not be satisfied",
      "Requested time limit is invalid (missing or exceeds some limit)",
      "Requested reservation is invalid",
      "Requested reservation not usable now",
      "Job is no longer pending execution",
      "Cluster deleted, commit/rollback immediately",
      "Query result exceeds size limit",
      "Time limit specification required, but not provided",
      "Duplicate generic resource (gres) specification",
      // What a site's job_submit plugin answers, after its own words.
      "Batch job submission failed: Unspecified error",
      // sbatch refuses its options or the script before it asks anybody.
      "Batch script is empty",
      "This does not look like a batch script",
      "DOS line breaks",
      "contain a NULL character",
      "unrecognized option",
      "unrecognized arguments",
      "invalid option",
      "is ambiguous",
      "requires an argument",
      "doesn't allow an argument",
      "No job identification provided",
      "Invalid job id ",
      "Argument list is too long",
      "Argument list too long",
    ],
  },
]

/** `Invalid … specification`, `Invalid … specified`, `Invalid … name`: sbatch or slurmctld on one option. */
export const invalidOption: RegExp = /\binvalid (?:[-\w/ ()]+ )?(?:spec|specification|specified|name|user id)\b/i
