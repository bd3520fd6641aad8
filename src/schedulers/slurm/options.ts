/** A spec as options of sbatch: words of an argv, so that no value is ever parsed as a line of a script. */
import { UsageError } from "../../errors.ts"
import { type JobSpec, type Resources, unlimitedWalltime } from "../../job/index.ts"
import type { Submission } from "../scheduler.ts"
import { componentMark, nativeOptions } from "./native.ts"

/** Everything that matters, stated: neither the site's defaults nor the user's SBATCH_ variables bend it. */
export function sbatchOptions(submission: Submission): string[] {
  const { directory, nativeName, token, spec, excludeNodes = [] } = submission
  const log = `${escaped(directory)}/scheduler.log`
  return [
    `--job-name=${nativeName}`,
    `--comment=${token}`,
    `--chdir=${directory}`,
    `--output=${log}`,
    `--error=${log}`,
    "--open-mode=append",
    spec.retry.requeue === true ? "--requeue" : "--no-requeue",
    "--export=ALL",
    ...resourceOptions(spec.resources),
    ...option("exclude", excludeNodes.join(",")),
    ...signalOption(spec),
    ...native(spec),
  ]
}

function native(spec: JobSpec): string[] {
  const options = nativeOptions(spec.native)
  if (spec.retry.requeue === true && options.includes(componentMark)) {
    throw new UsageError("NATIVE_REFUSED", {
      summary: "A heterogeneous job can't be started again by Slurm.",
      reason: "Which of its components were started again, and how often, is not told in one place.",
      advice: "Leave out retry.requeue: with maxAttempts, Hawser itself makes further attempts.",
    })
  }
  if (spec.resources.gpus !== null && options.some((option) => /^--gr(?:e|es)?(?:=|$)/.test(option))) {
    throw new UsageError("NATIVE_REFUSED", {
      summary: "The native option --gres would replace the job's gpus.",
      reason: "sbatch takes the last --gres only.",
      advice: "Say both in native: --gres=gpu:1,other:1, and leave gpus out.",
    })
  }
  if (spec.signal !== undefined && options.some((option) => option.startsWith("--sig"))) {
    throw new UsageError("NATIVE_REFUSED", {
      summary: "The native option --signal would replace the job's signal.",
      reason: "sbatch takes the last --signal only.",
      advice: "Leave one of them out.",
    })
  }
  if (
    spec.retry.escalate?.excludeNodes === true &&
    options.some((option) => /^(?:-x|--exclude?(?:=|$))/.test(option))
  ) {
    throw new UsageError("NATIVE_REFUSED", {
      summary: "The native option --exclude would replace the nodes that retry.escalate excludes.",
      reason: "sbatch takes the last --exclude only.",
      advice: "Leave one of them out; constraint can keep a job away from nodes, too.",
    })
  }
  return options
}

/** sbatch(1), --signal: a 16-bit number of seconds. */
const signalSecondsMax = 65_535

/** `B:` is the batch shell, which is the wrapper: it hands the signal on to the payload's command alone. */
function signalOption({ signal }: JobSpec): string[] {
  if (signal === undefined) return []
  if (signal.beforeSeconds <= signalSecondsMax) return [`--signal=B:${signal.name}@${signal.beforeSeconds}`]
  throw new UsageError("SPEC_INVALID", {
    summary: `signal.before is ${signal.beforeSeconds} s, more than Slurm takes.`,
    reason: `sbatch --signal takes up to ${signalSecondsMax} s (18 h).`,
    advice: "Write a shorter time.",
  })
}

function resourceOptions(resources: Resources): string[] {
  const { gpus, mail } = resources
  const type = gpus === null || gpus.type === null ? "" : `${gpus.type}:`
  return [
    ...option("nodes", resources.nodes),
    ...option("ntasks", resources.tasks),
    ...option("ntasks-per-node", resources.tasksPerNode),
    ...option("cpus-per-task", resources.cpusPerTask),
    ...option("mem", mebibytes(resources.memory)),
    ...option("mem-per-cpu", mebibytes(resources.memoryPerCpu)),
    ...option("gres", gpus === null || gpus.count === 0 ? null : `gpu:${type}${gpus.count}`),
    ...option("time", resources.walltime === null ? null : timeLimit(resources.walltime)),
    ...option("partition", resources.queue),
    ...option("account", resources.account),
    ...option("qos", resources.qos),
    ...option("reservation", resources.reservation),
    ...option("constraint", resources.constraint),
    ...(resources.exclusive ? ["--exclusive"] : []),
    ...option("mail-user", mail?.user ?? null),
    ...option("mail-type", mail === null ? null : mail.on.map((event) => event.toUpperCase()).join(",")),
    ...option("begin", resources.begin === null ? null : beginTime(resources.begin)),
  ]
}

function option(name: string, value: string | number | null): string[] {
  return value === null || value === "" ? [] : [`--${name}=${value}`]
}

/** Rounded up: what was asked for fits. Never 0, which asks for all memory of a node. */
function mebibytes(bytes: number | null): string | null {
  return bytes === null ? null : `${Math.max(1, Math.ceil(bytes / 2 ** 20))}M`
}

/** `hours:minutes:seconds`. A bare number would be minutes, and 0 no limit at all. */
function timeLimit(seconds: number): string {
  if (seconds === unlimitedWalltime) return "UNLIMITED"
  const whole = Math.max(1, Math.ceil(seconds))
  const two = (number: number) => String(number).padStart(2, "0")
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`
}

/** `uts` and seconds since 1970 (parse_time.c): the only form that does not depend on the manager's time zone. */
function beginTime(iso: string): string {
  const at = Date.parse(iso)
  if (Number.isNaN(at)) {
    throw new UsageError("SPEC_INVALID", { summary: `begin is not a time: ${iso}`, advice: "Write it as ISO 8601." })
  }
  return `uts${Math.ceil(at / 1000)}`
}

/** In file names sbatch replaces %j and its kin; %% is a percent sign. */
function escaped(path: string): string {
  return path.replaceAll("%", "%%")
}
