/** A spec as options of flux submit, or of flux batch where there are several tasks: words of an argv. */
import { UsageError } from "../../errors.ts"
import { type JobSpec, type Resources, cpusOf, tasksOf, unlimitedWalltime } from "../../job/index.ts"
import type { Submission } from "../scheduler.ts"

/**
 * The whole command. flux submit would start a script once for each task, so several tasks are an instance of their own
 * (flux batch), whose first process is the script and in which `flux run` starts them.
 */
export function submitCommand(submission: Submission): string[] {
  const { directory, nativeName, script, spec } = submission
  assertExpressible(spec, directory)
  const { queue, account, exclusive } = spec.resources
  return [
    "flux",
    ...(tasksOf(spec.resources) > 1 ? ["batch", ...slots(spec.resources)] : ["submit", ...oneTask(spec.resources)]),
    `--job-name=${nativeName}`,
    `--cwd=${directory}`,
    // stderr goes there too.
    `--output=${directory}/scheduler.log`,
    ...(exclusive ? ["--exclusive"] : []),
    ...(queue === null ? [] : [`--queue=${queue}`]),
    ...(account === null ? [] : [`--setattr=system.bank=${JSON.stringify(account)}`]),
    ...walltime(spec.resources),
    ...constraint(submission),
    ...nativeOptions(spec.native),
    script,
  ]
}

/** `--exclusive` counts in nodes. */
function oneTask(resources: Resources): string[] {
  return [
    ...(resources.exclusive || resources.nodes !== null ? ["--nodes=1"] : []),
    "--ntasks=1",
    `--cores-per-task=${cpusOf(resources)}`,
    ...gpus(resources, "--gpus-per-task", 1),
  ]
}

/** A slot for each task. */
function slots(resources: Resources): string[] {
  const tasks = tasksOf(resources)
  const nodes = resources.nodes ?? (resources.tasksPerNode === null ? null : Math.ceil(tasks / resources.tasksPerNode))
  const nodesSaid = nodes ?? (resources.exclusive || resources.gpus !== null ? 1 : null)
  return [
    ...(nodesSaid === null ? [] : [`--nodes=${nodesSaid}`]),
    `--nslots=${tasks}`,
    `--cores-per-slot=${resources.cpusPerTask ?? 1}`,
    ...gpus(resources, "--gpus-per-slot", Math.ceil(tasks / (nodesSaid ?? 1))),
  ]
}

/** Ours count on each node. Rounded up: what was asked for is there. */
function gpus({ gpus: asked }: Resources, option: string, perNode: number): string[] {
  return asked === null || asked.count === 0 ? [] : [`${option}=${Math.ceil(asked.count / perNode)}`]
}

function assertExpressible({ signal, resources }: JobSpec, directory: string): void {
  const { qos, reservation, memory, memoryPerCpu, gpus: asked } = resources
  const what =
    qos !== null
      ? "qos"
      : reservation !== null
        ? "reservation"
        : memory !== null || memoryPerCpu !== null
          ? "memory"
          : asked !== null && asked.type !== null
            ? "type of GPU"
            : signal !== undefined
              ? "signal before the walltime is over"
              : null
  if (what !== null) {
    throw new UsageError("SPEC_INVALID", {
      summary: `Flux takes no ${what}.`,
      reason: "Its commands have no word for it, or only newer ones.",
      advice: "Take it out of the job, or say in constraint or native what your site has instead.",
    })
  }
  if (directory.includes("{{")) {
    throw new UsageError("SPEC_INVALID", {
      summary: "Flux takes no path with {{ in it.",
      reason: "It would put something else there.",
      advice: "Choose another root for this executor.",
    })
  }
}

/** With its unit, since a bare number was seconds once and is minutes now. */
function walltime({ walltime: seconds }: Resources): string[] {
  return seconds === null || seconds === unlimitedWalltime ? [] : [`--time-limit=${Math.max(1, Math.ceil(seconds))}s`]
}

/** Terms beside one another are joined by "and". (RFC 35) */
function constraint({ spec, excludeNodes = [] }: Submission): string[] {
  const said = spec.resources.constraint
  // eslint-disable-next-line no-control-regex
  if (said !== null && /[\0-\x1f]/.test(said)) {
    throw new UsageError("SPEC_INVALID", {
      summary: `"${said}" is no constraint for Flux.`,
      reason: "It stands in --requires, on one line.",
      advice: "Write a query such as gpu and not host:n7.",
    })
  }
  const away = excludeNodes.filter((node) => /^[\w.-]+$/.test(node))
  const terms = [...(said === null ? [] : [`(${said})`]), ...(away.length === 0 ? [] : [`-host:${away.join(",")}`])]
  return terms.length === 0 ? [] : [`--requires=${terms.join(" ")}`]
}

/** Options on which a job's identity and records rest, and those after which flux does something else. (PROTOCOL 2) */
const refused: ReadonlySet<string> = new Set(
  (
    "--job-name --cwd --output --error --input --env --env-remove --env-file --urgency --cc --bcc --watch --wait --wait-event " +
    "--quiet --progress --jps --log --log-stderr --dry-run --wrap --script --help --recursive --flags " +
    "--ntasks --nslots --nodes --tasks-per-node --tasks-per-core --cores --cores-per-task --cores-per-slot"
  ).split(" "),
)

/** Long options only: several short ones in a word would hide one another. */
function nativeOptions(native: readonly string[]): string[] {
  return native.map((text) => {
    const word = text.trim().replace(/^#\s*flux:\s*/i, "")
    const [, flag] = /^(--[a-z][a-z-]*)(?:=.*)?$/s.exec(word) ?? []
    // eslint-disable-next-line no-control-regex
    if (flag === undefined || /[\0-\x1f]/.test(word)) throw unusable(text, "A native option of Flux is --name=value.")
    // argparse takes the beginning of a name for the name.
    if ([...refused].some((one) => one.startsWith(flag)))
      throw unusable(text, `Hawser itself sees to ${flag}, or can't do without it.`)
    return word
  })
}

function unusable(text: string, reason: string): UsageError {
  return new UsageError("NATIVE_REFUSED", {
    summary: `The native option "${text.slice(0, 80)}" can't be passed to flux submit.`,
    reason,
    advice: "Take it out of native; the spec has its own words for name, files, environment and resources.",
  })
}
