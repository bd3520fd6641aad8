/** flux run inside an instance of Flux. Variables are handed on as they are, and stdin is the launcher's own. */
import { tasksOf } from "../job/index.ts"
import { type Launcher, plainLaunch } from "./launcher.ts"
import { unexpressible } from "./unexpressible.ts"

export const fluxRun: Launcher = {
  name: "flux-run",
  launch: (spec) => {
    const { nodes, tasksPerNode, cpusPerTask } = spec.resources
    const { bind, oversubscribe, options = [] } = spec.launch ?? {}
    if (oversubscribe === true) throw unexpressible("flux run", "oversubscribe")
    if (bind === "socket" || bind === "numa") throw unexpressible("flux run", `bind: ${bind}`)
    // Tasks in all and tasks on each node can't stand side by side (flux-run(1)).
    const spread =
      nodes !== null && tasksPerNode !== null && tasksOf(spec.resources) === nodes * tasksPerNode
        ? [`--nodes=${nodes}`, `--tasks-per-node=${tasksPerNode}`]
        : [`--ntasks=${tasksOf(spec.resources)}`, ...(nodes === null ? [] : [`--nodes=${nodes}`])]
    return plainLaunch([
      "flux",
      "run",
      ...spread,
      ...(cpusPerTask === null ? [] : [`--cores-per-task=${cpusPerTask}`]),
      ...(bind === undefined ? [] : [`--setopt=cpu-affinity=${bind === "core" ? "per-task" : "off"}`]),
      ...options,
      "--",
    ])
  },
}
