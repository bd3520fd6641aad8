/** A spec as submit commands (`name=value`): words of the argv of condor_submit, and no submit description file. */
import { UsageError } from "../../errors.ts"
import { type JobSpec, type Resources, cpusOf, unlimitedWalltime } from "../../job/index.ts"
import type { Submission } from "../scheduler.ts"
import { allOf, anyOf } from "./expression.ts"

/** Tells the job its id: HTCondor itself leaves it in a file only. */
export const idVariable = "HAWSER_CONDOR_ID"

/** From TERM to KILL. The machines' default is ten minutes. */
const vacateSeconds = 30

export function submitCommands(submission: Submission): string[] {
  const { directory, nativeName, script, spec } = submission
  const { resources } = spec
  assertExpressible(spec, [directory, script])
  const own = (name: string): string => `\u0024(${name})`
  return [
    "universe=vanilla",
    `executable=${script}`,
    `batch_name=${nativeName}`,
    `initialdir=${directory}`,
    `output=${directory}/scheduler.log`,
    `error=${directory}/scheduler.log`,
    // The job directory is on a file system that the machines share.
    "should_transfer_files=NO",
    "getenv=True",
    `environment="${idVariable}=${own("ClusterId")}.${own("ProcId")}"`,
    `job_max_vacate_time=${vacateSeconds}`,
    `requirements=${requirements(submission)}`,
    `periodic_remove=${removal(resources)}`,
    `request_cpus=${cpusOf(resources)}`,
    ...memory(resources),
    ...(resources.gpus === null || resources.gpus.count === 0 ? [] : [`request_gpus=${resources.gpus.count}`]),
    ...(resources.account === null ? [] : [`accounting_group=${resources.account}`]),
    ...mail(resources),
    ...nativeCommands(spec.native),
  ]
}

function assertExpressible({ signal, resources }: JobSpec, paths: readonly string[]): void {
  const { nodes, queue, qos, reservation, exclusive, gpus } = resources
  const what =
    (nodes ?? 1) > 1
      ? `job on ${nodes} nodes`
      : queue !== null
        ? "queue"
        : qos !== null
          ? "qos"
          : reservation !== null
            ? "reservation"
            : exclusive
              ? "whole machine (exclusive)"
              : gpus !== null && gpus.type !== null
                ? "type of GPU"
                : signal !== undefined
                  ? "signal before the walltime is over"
                  : null
  if (what !== null) {
    throw new UsageError("SPEC_INVALID", {
      summary: `HTCondor takes no ${what}.`,
      reason: "Its vanilla universe runs a job on one machine, which its requirements choose.",
      advice: "Take it out of the job, or write the requirements of your pool as its constraint.",
    })
  }
  if (paths.some((path) => path.includes("$"))) {
    throw new UsageError("SPEC_INVALID", {
      summary: "HTCondor takes no path with a $ in it.",
      reason: "It would expand what follows.",
      advice: "Choose another root for this executor.",
    })
  }
}

/** Started once only: HTCondor starts a job that was evicted anew, and that would find its own guard. */
function requirements({ spec, excludeNodes = [] }: Submission): string {
  const { constraint } = spec.resources
  if (constraint !== null && /[\0\n$]/.test(constraint)) {
    throw new UsageError("SPEC_INVALID", {
      summary: `"${constraint}" is no constraint for HTCondor.`,
      reason: "It stands in requirements, on one line.",
      advice: "Write an expression over the attributes of machines.",
    })
  }
  const away = excludeNodes.filter((node) => /^[\w.-]+$/.test(node)).map((node) => `TARGET.Machine =!= "${node}"`)
  const once = "(MY.NumJobStarts =?= undefined)||(MY.NumJobStarts == 0)"
  return allOf([once, ...(constraint === null ? [] : [constraint]), ...away])
}

/** Evicted, it leaves the queue; LastJobStatus tells that from a walltime that is over. */
function removal({ walltime }: Resources): string {
  const evicted = allOf(["JobStatus == 1", "NumJobStarts > 0"])
  if (walltime === null || walltime === unlimitedWalltime) return evicted
  const late = `(time() - JobCurrentStartDate) > ${Math.max(1, Math.ceil(walltime))}`
  return anyOf([evicted, allOf(["JobStatus == 2", late])])
}

/** Rounded up: what was asked for fits. */
function memory(resources: Resources): string[] {
  const bytes =
    resources.memory ?? (resources.memoryPerCpu === null ? null : resources.memoryPerCpu * cpusOf(resources))
  return bytes === null ? [] : [`request_memory=${Math.max(1, Math.ceil(bytes / 2 ** 20))}M`]
}

function mail({ mail: said }: Resources): string[] {
  if (said === null) return ["notification=Never"]
  const on = new Set(said.on)
  const when = on.has("all") ? "Always" : on.has("end") ? "Complete" : on.has("fail") ? "Error" : "Never"
  return [`notification=${when}`, ...(said.user === null ? [] : [`notify_user=${said.user}`])]
}

/** Submit commands on which a job's identity and records rest. (PROTOCOL 2) */
const refused: ReadonlySet<string> = new Set(
  (
    "universe executable arguments batch_name jobbatchname initialdir output error input log getenv environment env " +
    "should_transfer_files when_to_transfer_output transfer_executable requirements periodic_remove on_exit_remove on_exit_hold " +
    "leave_in_queue max_retries success_exit_code retry_until kill_sig remove_kill_sig queue hold job_max_vacate_time noop_job"
  ).split(" "),
)

function nativeCommands(native: readonly string[]): string[] {
  return native.map((text) => {
    const [, name, value] = /^\s*([+\w.]+)\s*=\s*(.*)$/s.exec(text) ?? []
    // eslint-disable-next-line no-control-regex
    if (name === undefined || value === undefined || /[\0-\x1f]/.test(text))
      throw unusable(text, "A native option of HTCondor is a submit command, name = value.")
    if (refused.has(name.toLowerCase())) throw unusable(text, `Hawser itself sets ${name}.`)
    return `${name.replace(/^\+/, "My.")}=${value}`
  })
}

function unusable(text: string, reason: string): UsageError {
  return new UsageError("NATIVE_REFUSED", {
    summary: `The native option "${text.slice(0, 80)}" can't be passed to condor_submit.`,
    reason,
    advice: "Take it out of native; the spec has its own words for name, files, environment and resources.",
  })
}
