/** How many processes a launcher starts. */
import type { Resources } from "../job/index.ts"

/** As asked for; else what the nodes and the tasks on each make together, at least one. */
export function tasksOf(resources: Resources): number {
  return Math.max(1, resources.tasks ?? (resources.tasksPerNode ?? 1) * (resources.nodes ?? 1))
}
