/** Flux instances of our own: where each of them runs, and the executors that come of that. */
import { type Problem, bad, describe, suggestion } from "../job/index.ts"
import type { ExecutorConfig, InstanceConfig } from "./config.ts"
import type { SaidExecutor } from "./executorSchema.ts"
import type { SaidInstance } from "./instanceSchema.ts"

const idleMsDefault = 600_000
/** One that ends with the last job has this as well, where no controller is there to end it. */
const idleMsOfWorkflow = 60_000
/** Below that it would have drained before it had begun. */
const walltimeMin = 120

type Executors = Readonly<Record<string, ExecutorConfig>>

interface Wanted {
  readonly name: string
  readonly said: SaidInstance
  readonly executors: Executors
  /** Says what is wrong with a field. */
  readonly fail: (field: keyof SaidInstance | "", why: string, want: string) => void
}

/**
 * The executors with what `instance` makes of them: one of its own for pilots on the executor's host, and where each job
 * has an instance, another scheduler under the same name.
 */
export function withInstances(
  executors: Executors,
  said: Readonly<Record<string, SaidExecutor | null | undefined>>,
  problems: Problem[],
): Executors {
  const more = Object.entries(said).flatMap(([name, executor]) => {
    const instance = executor?.instance ?? null
    if (instance === null) return []
    const fail: Wanted["fail"] = (field, why, want) => {
      const path = ["executors", name, "instance", ...(field === "" ? [] : [field])]
      problems.push(...bad(why, want, path).problems)
    }
    return resolved({ name, said: instance, executors, fail }, isPlaced(executor ?? {}))
  })
  return { ...executors, ...Object.fromEntries(more.map((executor) => [executor.name, executor])) }
}

/** It says itself how its manager is reached. */
function isPlaced({ transport, host }: SaidExecutor): boolean {
  return (transport ?? null) !== null || (host ?? null) !== null
}

function resolved(wanted: Wanted, placed: boolean): readonly ExecutorConfig[] {
  const { name, said, executors, fail } = wanted
  const own = executors[name]
  if (own === undefined) return []
  if (own.scheduler !== "flux") {
    fail("", `is Flux's, and the scheduler is ${own.scheduler}`, "Leave it out, or choose scheduler flux.")
    return []
  }
  const under = underOf(wanted)
  if (under === null) return []
  checkShape(wanted, under)
  if (said.scope === "job") return [perJob(own, under, placed)]
  const here = under === "local" ? pilotsOf(own) : under
  const moved = under === "local" || placed ? {} : { transport: here.transport, root: here.root }
  const served = { ...own, ...moved, instance: instanceOf(said, here.name) }
  return under === "local" ? [served, here] : [served]
}

/** The executor whose job an instance is; `local`: a process of the host on which this one's shells are. */
function underOf({ name, said, executors, fail }: Wanted): ExecutorConfig | "local" | null {
  const on = said.on ?? "local"
  if (on === "local") return "local"
  const speakers = Object.values(executors).filter(({ scheduler }) => scheduler === on)
  const found = Object.hasOwn(executors, on) ? executors[on] : speakers.length === 1 ? speakers[0] : undefined
  if (found === undefined) {
    const names = Object.keys(executors).filter((other) => other !== name)
    const why = speakers.length > 1 ? `and ${speakers.length} executors have that scheduler` : "and there is none"
    fail("on", `is ${JSON.stringify(on)}, ${why}`, suggestion(on, ["local", ...names.filter((one) => one !== "local")]))
    return null
  }
  if (found.name === name || found.scheduler === "flux" || found.scheduler === "mpi") {
    fail("on", describe(on), "Name an executor that can start a script: of a batch system, or of processes.")
    return null
  }
  return found
}

function checkShape({ said, fail }: Wanted, under: ExecutorConfig | "local"): void {
  const scheduler = under === "local" ? "process" : under.scheduler
  const nodes = said.nodes ?? 1
  if (nodes > 1 && scheduler !== "slurm") {
    fail("nodes", `is ${nodes}, and ${scheduler} starts one broker only`, "Leave it out, or name one with Slurm in on.")
  }
  if (said.walltime !== null && said.walltime !== undefined && said.walltime >= 0 && said.walltime < walltimeMin) {
    fail("walltime", "is too short for an instance", "Write two minutes at least, such as 4h.")
  }
  if (said.scope !== "job") return
  for (const field of ["nodes", "cores", "walltime", "stateDirectory", "idle"] as const) {
    if (said[field] === null || said[field] === undefined) continue
    fail(field, "is that of each job here", "Leave it out: with scope job, what a job asks for is its instance.")
  }
}

/** Processes of the same host, under a name of their own. */
function pilotsOf(own: ExecutorConfig): ExecutorConfig {
  return {
    ...own,
    name: `${own.name}.instance`,
    scheduler: "process",
    launcher: "none",
    defaults: {},
    limits: { ...own.limits, maxQueued: null, maxSubmitPerMinute: null },
    packing: null,
    capacity: { cores: 1, memory: null, gpus: null, hosts: null },
    serves: own.name,
  }
}

/** Each job has an instance, so it is the job of another manager, and Flux is what it is started with. */
function perJob(own: ExecutorConfig, under: ExecutorConfig | "local", placed: boolean): ExecutorConfig {
  const launcher = { name: "flux-start", options: {} }
  const base = under === "local" ? { ...own, scheduler: "process" } : under
  const moved = placed ? { transport: own.transport, root: own.root } : { transport: base.transport, root: base.root }
  return {
    ...base,
    ...moved,
    name: own.name,
    launcher: launcher.name,
    defaults: {
      ...base.defaults,
      ...own.defaults,
      resources: { ...base.defaults.resources, ...own.defaults.resources },
      launcher,
    },
    instance: null,
  }
}

function instanceOf(said: SaidInstance, on: string): InstanceConfig {
  const scope = said.scope === "workflow" ? "workflow" : "executor"
  return {
    scope,
    on,
    nodes: said.nodes ?? 1,
    cores: said.cores ?? null,
    walltime: said.walltime === undefined || said.walltime === null || said.walltime <= 0 ? null : said.walltime,
    stateDirectory: said.stateDirectory ?? null,
    idleMs: said.idle ?? (scope === "workflow" ? idleMsOfWorkflow : idleMsDefault),
  }
}
