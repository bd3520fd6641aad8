/** A spec as options of PBS Pro's qsub: words of an argv. */
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

export function pbsOptions(submission: Submission): string[] {
  const { resources } = submission.spec
  refuseSignal("PBS", submission.spec)
  refuse("PBS", { qos: resources.qos }, "Say in native what your site has instead, or choose a queue.")
  refuse("PBS", { reservation: resources.reservation }, "A reservation of PBS is a queue: name it as queue.")
  const native = nativeOptions(submission.spec.native)
  const placed = placement(resources)
  if (placed.length > 0 && native.some((option) => /^(?:-l\s*)?(?:select|place)=/.test(option))) {
    throw new UsageError("NATIVE_REFUSED", {
      summary: "The native option -l select would replace the job's resources.",
      reason: "qsub takes one select only.",
      advice: "Say all of it in native, and leave nodes, tasks, CPUs, memory, GPUs and constraint out.",
    })
  }
  return [...commonOptions(submission), ...placed, ...walltimeOption(resources), ...native]
}

/** `select=2:ncpus=4:mpiprocs=4:mem=100mb`; nothing where nothing was said, so that the site's default holds. */
function placement(resources: Resources): string[] {
  const { nodes, cpusPerTask, memory, memoryPerCpu, gpus, exclusive, constraint } = resources
  const perNode = nodes !== null || memory !== null || (gpus !== null && gpus.count > 0)
  const layout = layoutOf(resources, !perNode)
  const isSaid =
    layout !== null || cpusPerTask !== null || memoryPerCpu !== null || perNode || exclusive || constraint !== null
  if (!isSaid) return []
  const chunks = (layout ?? [{ nodes: 1, tasks: 1 }]).map((group) => {
    const cpus = group.tasks * (cpusPerTask ?? 1)
    const bytes = memory ?? (memoryPerCpu === null ? null : memoryPerCpu * cpus)
    return [
      String(group.nodes),
      `ncpus=${cpus}`,
      `mpiprocs=${group.tasks}`,
      ...(cpusPerTask === null ? [] : [`ompthreads=${cpusPerTask}`]),
      ...(bytes === null ? [] : [`mem=${mebibytes(bytes)}`]),
      ...gpuWords(gpus),
      ...(constraint === null ? [] : [constrained(constraint)]),
    ].join(":")
  })
  const places = [...(nodes === null ? [] : ["scatter"]), ...(exclusive ? ["excl"] : [])]
  return ["-l", `select=${chunks.join("+")}`, ...(places.length === 0 ? [] : ["-l", `place=${places.join(":")}`])]
}

function gpuWords(gpus: Resources["gpus"]): string[] {
  if (gpus === null || gpus.count === 0) return []
  if (gpus.type !== null) {
    refuse(
      "PBS",
      { [`type of GPU (${gpus.type})`]: gpus.type },
      "Say their number only, and the type as your site's constraint, such as gpu_model=a100.",
    )
  }
  return [`ngpus=${gpus.count}`]
}

/** `model=haswell`, `bigmem=True:arch=linux`: resources of a node, and nothing that would begin another chunk. */
function constrained(constraint: string): string {
  if (/^[\w.-]+=[\w.,-]+(?::[\w.-]+=[\w.,-]+)*$/.test(constraint)) return constraint
  throw new UsageError("SPEC_INVALID", {
    summary: `"${constraint}" is no constraint for PBS.`,
    reason: "It stands in select as resources of a node, name=value.",
    advice: "Write it as your site's select has it, such as model=haswell.",
  })
}
