/** What a job needs, normalised: counts, bytes, seconds. */

export interface Resources {
  readonly nodes: number | null
  /** Processes in all (MPI ranks). */
  readonly tasks: number | null
  readonly tasksPerNode: number | null
  readonly cpusPerTask: number | null
  /** Bytes per node. */
  readonly memory: number | null
  /** Bytes per CPU. */
  readonly memoryPerCpu: number | null
  /** GPUs per node, of a type where one is named. */
  readonly gpus: { readonly count: number; readonly type: string | null } | null
  /** Seconds; null: the manager's default. `Infinity` is not JSON, so "unlimited" is -1. */
  readonly walltime: number | null
  readonly queue: string | null
  readonly account: string | null
  readonly qos: string | null
  readonly reservation: string | null
  readonly constraint: string | null
  readonly exclusive: boolean
  readonly mail: { readonly user: string | null; readonly on: readonly MailEvent[] } | null
  /** Not before this time, ISO 8601 UTC. */
  readonly begin: string | null
}

export type MailEvent = "begin" | "end" | "fail" | "all"

export const unlimitedWalltime = -1

export const noResources: Resources = {
  nodes: null,
  tasks: null,
  tasksPerNode: null,
  cpusPerTask: null,
  memory: null,
  memoryPerCpu: null,
  gpus: null,
  walltime: null,
  queue: null,
  account: null,
  qos: null,
  reservation: null,
  constraint: null,
  exclusive: false,
  mail: null,
  begin: null,
}

/** A host, and how many processes there may be on it. */
export interface HostSlots {
  readonly host: string
  readonly slots: number
}

/** Processes that a launcher starts: as asked for; else what the nodes and the tasks on each make together, at least one. */
export function tasksOf(resources: Resources): number {
  return Math.max(1, resources.tasks ?? (resources.tasksPerNode ?? 1) * (resources.nodes ?? 1))
}

/** CPUs that a job takes on one host where no scheduler counts them. */
export function cpusOf(resources: Resources): number {
  const tasks = resources.tasks ?? (resources.tasksPerNode ?? 1) * (resources.nodes ?? 1)
  return tasks * (resources.cpusPerTask ?? 1)
}

/** Bytes that a job takes on one host where no scheduler counts them. */
export function memoryOf(resources: Resources): number {
  return resources.memory ?? (resources.memoryPerCpu ?? 0) * cpusOf(resources)
}
