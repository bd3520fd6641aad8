/** A spec as options of bsub: words of an argv. */
import { UsageError } from "../../errors.ts"
import { type JobSpec, type Resources, unlimitedWalltime } from "../../job/index.ts"
import type { Submission } from "../scheduler.ts"

/** `-rn`: never run again by LSF, also in a queue where that is the rule. `-o` alone takes stderr too, and mails nothing. */
export function bsubOptions(submission: Submission): string[] {
  const { directory, nativeName, spec, excludeNodes = [] } = submission
  assertExpressible(spec)
  const { queue, account, reservation, mail, exclusive } = spec.resources
  return [
    "-J",
    nativeName,
    "-o",
    `${directory}/scheduler.log`,
    "-rn",
    ...option("-q", queue),
    ...option("-P", account),
    ...option("-U", reservation),
    ...sizeOptions(spec.resources),
    ...selection(spec.resources, excludeNodes),
    ...(exclusive ? ["-x"] : []),
    ...gpuOption(spec.resources),
    ...option("-W", minutes(spec.resources.walltime)),
    ...mailOptions(mail),
    ...nativeOptions(spec.native),
  ]
}

function assertExpressible({ signal, resources: { qos } }: JobSpec): void {
  const what = signal !== undefined ? "signal before the walltime is over" : qos !== null ? "qos" : null
  if (what === null) return
  throw new UsageError("SPEC_INVALID", {
    summary: `LSF takes no ${what}.`,
    reason: "Its own -wa and -sla are something else.",
    advice: "Take it out of the job, or say in native what your site has instead.",
  })
}

function option(letter: string, value: string | null): string[] {
  return value === null ? [] : [letter, value]
}

/** LSF counts slots, which are CPUs to us: as many as all tasks need. */
function sizeOptions(resources: Resources): string[] {
  const { nodes, tasks, tasksPerNode, cpusPerTask, memory, memoryPerCpu } = resources
  const cpus = cpusPerTask ?? 1
  const all = tasks ?? (tasksPerNode ?? 1) * (nodes ?? 1)
  const count = nodes ?? (tasksPerNode === null ? (tasks === null ? 1 : null) : Math.ceil(all / tasksPerNode))
  const perNode = count === null ? null : Math.ceil(all / count) * cpus
  const isSaid = nodes !== null || tasks !== null || tasksPerNode !== null || cpusPerTask !== null
  // Tasks without nodes may be anywhere: their memory is that of the CPUs of each.
  const bytes = memory ?? (memoryPerCpu === null ? null : memoryPerCpu * (perNode ?? cpus))
  const span = count === null || perNode === null ? null : count === 1 ? "span[hosts=1]" : `span[ptile=${perNode}]`
  return [
    ...(isSaid ? ["-n", String(all * cpus)] : []),
    ...(isSaid ? option("-R", span) : []),
    ...(bytes === null ? [] : ["-M", mebibytes(bytes), "-R", `rusage[mem=${mebibytes(bytes)}]`]),
  ]
}

/** Rounded up: what was asked for fits. With its unit, since a bare number is in LSF_UNIT_FOR_LIMITS. */
function mebibytes(bytes: number): string {
  return `${Math.max(1, Math.ceil(bytes / 2 ** 20))}MB`
}

/** `constraint` is a selection string, and what is excluded is one too. */
function selection({ constraint }: Resources, excludeNodes: readonly string[]): string[] {
  if (constraint !== null && /[[\]"'`$\\\n]/.test(constraint)) {
    throw new UsageError("SPEC_INVALID", {
      summary: `"${constraint}" is no constraint for LSF.`,
      reason: "It stands in select[…].",
      advice: "Write what stands between the brackets, such as model==XeonE5.",
    })
  }
  const parts = [
    ...(constraint === null ? [] : [constraint]),
    ...excludeNodes.filter((node) => /^[\w.-]+$/.test(node)).map((node) => `hname!='${node}'`),
  ]
  return parts.length === 0 ? [] : ["-R", `select[(${parts.join(")&&(")})]`]
}

/** Per host. */
function gpuOption({ gpus }: Resources): string[] {
  if (gpus === null || gpus.count === 0) return []
  return ["-gpu", `num=${gpus.count}${gpus.type === null ? "" : `:gmodel=${gpus.type}`}`]
}

/** `hours:minutes`, rounded up: bsub knows no seconds. */
function minutes(walltime: number | null): string | null {
  if (walltime === null || walltime === unlimitedWalltime) return null
  const whole = Math.max(1, Math.ceil(walltime / 60))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`
}

function mailOptions(mail: Resources["mail"]): string[] {
  if (mail === null) return []
  const on = new Set(mail.on)
  const end = on.has("end") || on.has("all") ? ["-N"] : on.has("fail") ? ["-Ne"] : []
  return [...option("-u", mail.user), ...(on.has("begin") || on.has("all") ? ["-B"] : []), ...end]
}

/** Options on which a job's identity and records rest, and those after which bsub does something else. (PROTOCOL 2) */
const refused: ReadonlySet<string> = new Set(
  "-J -Jd -o -oo -e -eo -i -is -r -rn -env -L -K -I -Ip -Is -IS -ISp -ISs -IX -Zs -pack -json -jsdl -jsdl_strict -yaml -tty -h -V -wa -wt".split(
    " ",
  ),
)

function nativeOptions(native: readonly string[]): string[] {
  return native.flatMap((text) => {
    const [, flag, value] = /^(-[A-Za-z_]+)(?:\s+(.*))?$/s.exec(text.trim().replace(/^#BSUB\s+/, "")) ?? []
    // eslint-disable-next-line no-control-regex
    if (flag === undefined || /[\0-\x1f]/.test(text)) throw unusable(text, "A native option of bsub is -name value.")
    if (refused.has(flag)) throw unusable(text, `Hawser itself sees to ${flag}, or can't do without it.`)
    return value === undefined ? [flag] : [flag, value]
  })
}

function unusable(text: string, reason: string): UsageError {
  return new UsageError("NATIVE_REFUSED", {
    summary: `The native option "${text.slice(0, 80)}" can't be passed to bsub.`,
    reason,
    advice: "Take it out of native; the spec has its own words for name, files, environment and resources.",
  })
}
