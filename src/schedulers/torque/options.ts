/** A spec as options of Torque's qsub: words of an argv. */
import { UsageError } from "../../errors.ts"
import type { Resources } from "../../job/index.ts"
import {
  commonOptions,
  layoutOf,
  mebibytes,
  nativeOptions,
  refuse,
  refuseSignal,
  walltimeOption,
} from "../qsub/index.ts"
import type { Submission } from "../scheduler.ts"

export function torqueOptions(submission: Submission): string[] {
  const { resources, native } = submission.spec
  refuseSignal("Torque", submission.spec)
  refuse("Torque", { reservation: resources.reservation }, "Say in native what your site's scheduler has instead.")
  const own = nativeOptions(native)
  const placed = placement(resources)
  if (placed.length > 0 && own.some((option) => /^(?:-l\s*)?nodes=/.test(option))) {
    throw new UsageError("NATIVE_REFUSED", {
      summary: "The native option -l nodes would replace the job's resources.",
      reason: "qsub takes one nodes only.",
      advice: "Say all of it in native, and leave nodes, tasks, CPUs, GPUs and constraint out.",
    })
  }
  return [
    ...commonOptions(submission),
    ...placed,
    ...limits(resources),
    ...walltimeOption(resources),
    ...(resources.qos === null ? [] : ["-l", `qos=${resources.qos}`]),
    ...own,
  ]
}

/** `nodes=2:ppn=8:gpus=1:property`; nothing where nothing was said. Tasks without nodes are all on one. */
function placement(resources: Resources): string[] {
  const { cpusPerTask, gpus, exclusive, constraint } = resources
  const layout = layoutOf(resources, false)
  const hasGpus = gpus !== null && gpus.count > 0
  const isSaid = layout !== null || cpusPerTask !== null || hasGpus || exclusive || constraint !== null
  if (!isSaid) return []
  const groups = (layout ?? [{ nodes: 1, tasks: 1 }]).map((group) =>
    [
      String(group.nodes),
      `ppn=${group.tasks * (cpusPerTask ?? 1)}`,
      ...(hasGpus ? [`gpus=${gpus.count}`, ...(gpus.type === null ? [] : [property(gpus.type)])] : []),
      ...(constraint === null ? [] : [property(constraint)]),
    ].join(":"),
  )
  return ["-l", `nodes=${groups.join("+")}`, ...(exclusive ? ["-l", "naccesspolicy=singlejob"] : [])]
}

/** `mem` is of the whole job, `pmem` of each process, by which schedulers reckon CPUs. */
function limits(resources: Resources): string[] {
  const { memory, memoryPerCpu, nodes } = resources
  if (memory !== null) {
    const count = layoutOf(resources, false)?.reduce((sum, group) => sum + group.nodes, 0) ?? nodes ?? 1
    return ["-l", `mem=${mebibytes(memory * count)}`]
  }
  return memoryPerCpu === null ? [] : ["-l", `pmem=${mebibytes(memoryPerCpu)}`]
}

/** Properties of nodes, and nothing that would begin another group. */
function property(text: string): string {
  if (/^[A-Za-z][\w.-]*(?::[A-Za-z][\w.-]*)*$/.test(text)) return text
  throw new UsageError("SPEC_INVALID", {
    summary: `"${text}" is no property of nodes for Torque.`,
    reason: "It stands in nodes=, behind a colon.",
    advice: "Write one or more of your site's properties, with colons between them.",
  })
}
