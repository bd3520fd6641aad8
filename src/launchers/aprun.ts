/** aprun of Cray's ALPS. It hands all variables on. */
import { tasksOf } from "../job/index.ts"
import { type Launcher, plainLaunch } from "./launcher.ts"
import { unexpressible } from "./unexpressible.ts"

export const aprun: Launcher = {
  name: "aprun",
  launch: (spec) => {
    const { nodes, tasks, tasksPerNode, cpusPerTask } = spec.resources
    const { bind, oversubscribe, options = [] } = spec.launch ?? {}
    if (oversubscribe === true) throw unexpressible("aprun", "oversubscribe")
    if (bind === "socket") throw unexpressible("aprun", "bind: socket")
    // It fills each node: over several nodes, the tasks on each have to be said.
    const each = tasksPerNode ?? (nodes !== null && tasks !== null ? Math.ceil(tasks / nodes) : null)
    return plainLaunch([
      "aprun",
      "-n",
      String(tasksOf(spec.resources)),
      ...(each === null ? [] : ["-N", String(each)]),
      ...(cpusPerTask === null ? [] : ["-d", String(cpusPerTask)]),
      ...(bind === undefined ? [] : ["-cc", { core: "cpu", numa: "numa_node", none: "none" }[bind]]),
      ...options,
    ])
  },
}
