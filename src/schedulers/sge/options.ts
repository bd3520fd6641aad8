/** A spec as options of qsub: words of an argv, so that no value is ever parsed as a line of a script. */
import { UsageError } from "../../errors.ts"
import { type JobSpec, type Resources, cpusOf, unlimitedWalltime } from "../../job/index.ts"
import type { Site, Submission } from "../scheduler.ts"
import { nativeOptions } from "./native.ts"

/** Everything that matters, stated: sge_request files of site and user come before it. */
export function qsubOptions(submission: Submission, site: Site): string[] {
  const { directory, nativeName, token, spec, excludeNodes = [] } = submission
  assertPlain(directory)
  const log = `${directory}/scheduler.log`
  const native = nativeOptions(spec.native)
  const own: string[][] = [
    ["-N", nativeName],
    ["-ac", `hawser=${token}`],
    ["-wd", directory],
    ["-o", log, "-e", log, "-j", "y"],
    ["-S", "/bin/sh", "-b", "n"],
    // Lines of the script that begin so would be directives: there are none.
    ["-C", "#hawser$"],
    ["-sync", "n", "-now", "n"],
    ["-r", spec.retry.requeue === true ? "y" : "n"],
    ["-V"],
  ]
  return [
    ...own.flat(),
    ...resourceOptions(spec, excludeNodes),
    ...slotOptions(spec.resources, site, native),
    ...native,
  ]
}

function resourceOptions({ resources, signal }: JobSpec, excludeNodes: readonly string[]): string[] {
  assertPossible(resources)
  const { walltime, queue, account, reservation, mail } = resources
  return [
    ...option("-l", walltime === null ? null : `h_rt=${walltime === unlimitedWalltime ? "INFINITY" : whole(walltime)}`),
    ...option("-l", softLimit(walltime, signal)),
    ...option("-l", memoryLimit(resources)),
    ...option("-l", excludeNodes.length === 0 ? null : `hostname=!(${excludeNodes.join("|")})`),
    ...option("-q", queue),
    ...option("-A", account),
    ...option("-ar", reservation),
    ...option("-M", mail?.user ?? null),
    ...option("-m", mail === null ? null : mailWords(mail.on)),
  ]
}

/** The warning signal is Grid Engine's own for the soft limit: USR1, to every process of the job. */
function softLimit(walltime: number | null, signal: JobSpec["signal"]): string | null {
  if (signal === undefined) return null
  if (signal.name !== "USR1") {
    throw impossible(
      `signal ${signal.name}`,
      "At its soft limit of time (s_rt) a job gets USR1.",
      "Write {name: USR1, …}.",
    )
  }
  if (walltime === null || walltime === unlimitedWalltime) {
    throw impossible("a signal without a walltime", "It comes before the end of that.", "Say a walltime.")
  }
  return `s_rt=${Math.max(1, whole(walltime) - Math.ceil(signal.beforeSeconds))}`
}

/** h_vmem counts for each slot. Rounded up: what was asked for fits. */
function memoryLimit(resources: Resources): string | null {
  const perSlot = resources.memoryPerCpu ?? (resources.memory === null ? null : resources.memory / slotsOf(resources))
  return perSlot === null ? null : `h_vmem=${Math.max(1, Math.ceil(perSlot / 2 ** 20))}M`
}

/** A slot is a CPU. More than one need a parallel environment, and each site has names of its own for these. */
function slotOptions(resources: Resources, { parallelEnvironment }: Site, native: readonly string[]): string[] {
  const { nodes, tasksPerNode } = resources
  const slots = slotsOf(resources)
  if (native.includes("-pe")) return []
  if ((nodes ?? 1) > 1) {
    const reason = "How the slots are spread over nodes is what a parallel environment decides."
    const advice = `Say tasks alone${tasksPerNode === null ? "" : ", without nodes and tasksPerNode"}, or a native option such as "-pe mpi ${slots}".`
    throw impossible(`${nodes} nodes`, reason, advice)
  }
  if (slots === 1) return []
  if (parallelEnvironment !== null) return ["-pe", parallelEnvironment, String(slots)]
  throw impossible(
    `${slots} slots`,
    "Jobs of more than one slot need a parallel environment, and the configuration names none.",
    "Write parallelEnvironment: NAME into the executor (`qconf -spl` lists them), or give the job a native -pe.",
  )
}

function slotsOf(resources: Resources): number {
  return Math.max(1, cpusOf(resources))
}

/** What has no option, with the way round it. */
function assertPossible({ gpus, qos, constraint, exclusive }: Resources): void {
  const advice =
    "Take it out, and say it as a native option: which resource stands for it differs from site to site (`qconf -sc`)."
  if (gpus !== null && gpus.count > 0)
    throw impossible("gpus", "GPUs are a resource of the site's own, such as -l gpu=1.", advice)
  if (qos !== null) throw impossible("qos", "There is no such thing; projects (-P) come nearest.", advice)
  if (constraint !== null)
    throw impossible("constraint", "Features of nodes are resources, such as -l arch=lx-amd64.", advice)
  if (exclusive) throw impossible("exclusive", "It is a resource of the site's own, such as -l exclusive=true.", advice)
}

/** In these paths a colon separates a host, a comma the next path, and a dollar sign stands before variables. */
function assertPlain(directory: string): void {
  if (!/[:,$\n]/.test(directory)) return
  throw impossible(
    `the directory ${directory}`,
    "In its paths : , and $ have meanings of their own.",
    "Choose another root for the executor.",
  )
}

function impossible(what: string, reason: string, advice: string): UsageError {
  return new UsageError("SPEC_INVALID", { summary: `Grid Engine takes no job with ${what}.`, reason, advice })
}

function option(name: string, value: string | number | null): string[] {
  return value === null || value === "" ? [] : [name, String(value)]
}

function whole(seconds: number): number {
  return Math.max(1, Math.ceil(seconds))
}

const mailLetters = { begin: "b", end: "e", fail: "a", all: "bea" } as const

function mailWords(on: readonly (keyof typeof mailLetters)[]): string {
  const asked = on.map((event) => mailLetters[event]).join("")
  return ["b", "e", "a"].filter((letter) => asked.includes(letter)).join("") || "n"
}
