/** jsrun of IBM's Job Step Manager: a resource set for each task. It hands all variables on. */
import { tasksOf } from "../job/index.ts"
import { type Launcher, plainLaunch } from "./launcher.ts"
import { unexpressible } from "./unexpressible.ts"

export const jsrun: Launcher = {
  name: "jsrun",
  launch: (spec) => {
    const { tasksPerNode, cpusPerTask } = spec.resources
    const { bind, oversubscribe, options = [] } = spec.launch ?? {}
    if (oversubscribe === true) throw unexpressible("jsrun", "oversubscribe")
    if (bind === "socket" || bind === "numa") throw unexpressible("jsrun", `bind: ${bind}`)
    const cpus = cpusPerTask ?? 1
    return plainLaunch([
      "jsrun",
      `--nrs=${tasksOf(spec.resources)}`,
      "--tasks_per_rs=1",
      `--cpu_per_rs=${cpus}`,
      ...(tasksPerNode === null ? [] : [`--rs_per_host=${tasksPerNode}`]),
      ...(bind === undefined ? [] : [`--bind=${bind === "core" ? `packed:${cpus}` : "none"}`]),
      ...options,
    ])
  },
}
