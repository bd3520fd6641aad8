/** A spec as options of oarsub: words of an argv. */
import { UsageError } from "../../errors.ts"
import { type Resources, type WarningSignal, unlimitedWalltime } from "../../job/index.ts"
import type { Submission } from "../scheduler.ts"

export function oarsubOptions(submission: Submission): string[] {
  const { directory, nativeName, spec, excludeNodes = [] } = submission
  const { resources } = spec
  assertExpressible(resources)
  const log = `${directory}/scheduler.log`
  return [
    "--name",
    nativeName,
    "--directory",
    directory,
    "--stdout",
    log,
    "--stderr",
    log,
    ...option("--queue", resources.queue),
    ...option("--project", resources.account),
    ...option("--resource", request(resources)),
    ...option("--property", property(resources, excludeNodes)),
    ...option("--notify", notification(resources)),
    ...warning(spec.signal),
    ...nativeOptions(spec.native),
  ]
}

function option(name: string, value: string | null): string[] {
  return value === null ? [] : [name, value]
}

function assertExpressible({ memory, memoryPerCpu, gpus, qos, reservation }: Resources): void {
  const hasGpus = gpus !== null && gpus.count > 0
  const what =
    memory !== null || memoryPerCpu !== null
      ? "memory"
      : hasGpus
        ? "gpus"
        : qos !== null
          ? "qos"
          : reservation !== null
            ? "reservation"
            : null
  if (what === null) return
  throw new UsageError("SPEC_INVALID", {
    summary: `OAR takes no ${what}.`,
    reason: "Each site names such things itself.",
    advice:
      "Say it in native (-l, -t), or as constraint: a condition on your site's properties, such as memnode >= 64000.",
  })
}

/** `/nodes=2/core=4,walltime=1:00:00`. Nothing where nothing was said, so that the site's default holds. */
function request(resources: Resources): string | null {
  const { nodes, tasks, tasksPerNode, cpusPerTask, exclusive, walltime } = resources
  const cpus = cpusPerTask ?? 1
  const all = tasks ?? (tasksPerNode ?? 1) * (nodes ?? 1)
  const count = nodes ?? (tasksPerNode === null ? null : Math.ceil(all / tasksPerNode))
  const limit = walltime === null || walltime === unlimitedWalltime ? [] : [`walltime=${duration(walltime)}`]
  const isSaid = count !== null || tasks !== null || cpusPerTask !== null || exclusive
  if (!isSaid && limit.length === 0) return null
  const core = exclusive ? "" : `/core=${Math.ceil(all / (count ?? 1)) * cpus}`
  const place = count === null && !exclusive ? core : `/nodes=${count ?? 1}${core}`
  return [place, ...limit].join(",")
}

/** `hours:minutes:seconds` */
function duration(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds))
  const two = (number: number): string => String(number).padStart(2, "0")
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`
}

/** Conditions in SQL on the properties of resources. */
function property({ constraint }: Resources, excludeNodes: readonly string[]): string | null {
  const away = excludeNodes.filter((node) => /^[\w.-]+$/.test(node)).map((node) => `'${node}'`)
  const parts = [
    ...(constraint === null ? [] : [`(${constraint})`]),
    ...(away.length === 0 ? [] : [`network_address NOT IN (${away.join(",")})`]),
  ]
  return parts.length === 0 ? null : parts.join(" AND ")
}

const tags: Readonly<Record<string, readonly string[]>> = {
  begin: ["RUNNING"],
  end: ["END"],
  fail: ["ERROR"],
  all: ["RUNNING", "END", "ERROR"],
}

function notification({ mail }: Resources): string | null {
  if (mail === null) return null
  if (mail.user !== null)
    return `[${[...new Set(mail.on.flatMap((event) => tags[event] ?? []))].join(",")}]mail:${mail.user}`
  throw new UsageError("SPEC_INVALID", { summary: "OAR sends mail to an address only.", advice: "Say mail.user." })
}

const numbers: Readonly<Record<WarningSignal["name"], number>> = { USR1: 10, USR2: 12, XCPU: 24 }

/** Sent to the first process of the job, which is the wrapper: it hands the signal on to the command alone. */
function warning(signal: WarningSignal | undefined): string[] {
  return signal === undefined ? [] : [`--checkpoint=${signal.beforeSeconds}`, `--signal=${numbers[signal.name]}`]
}

/** Options on which a job's identity and records rest, and those after which oarsub does something else. (PROTOCOL 2) */
const refused: ReadonlySet<string> = new Set(
  (
    "-n --name -d --directory -O --stdout -E --stderr -I --interactive -C --connect -S --scanscript -r --reservation " +
    "--array --array-param-file --resubmit --checkpoint --signal -X -Y -J -D --xml --yaml --json --dumper -h --help -V --version"
  ).split(" "),
)

function nativeOptions(native: readonly string[]): string[] {
  return native.flatMap((text) => {
    const [, flag, value] =
      /^(-[A-Za-z]|--[a-z][\w-]*)(?:[\s=]+(.*))?$/s.exec(text.trim().replace(/^#OAR\s+/, "")) ?? []
    // eslint-disable-next-line no-control-regex
    if (flag === undefined || /[\0-\x1f]/.test(text))
      throw unusable(text, "A native option of oarsub is -l value or --name value.")
    if (refused.has(flag)) throw unusable(text, `Hawser itself sees to ${flag}, or can't do without it.`)
    if (/^(?:-t|--type)$/.test(flag) && /idempotent|noop/.test(value ?? ""))
      throw unusable(text, "OAR would start it again, or not at all.")
    return value === undefined ? [flag] : [flag, value]
  })
}

function unusable(text: string, reason: string): UsageError {
  return new UsageError("NATIVE_REFUSED", {
    summary: `The native option "${text.slice(0, 80)}" can't be passed to oarsub.`,
    reason,
    advice: "Take it out of native; the spec has its own words for name, files, environment and resources.",
  })
}
