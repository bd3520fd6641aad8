/** flux start: the command is the first process of a Flux instance of its own, in which `flux run` starts others. */
import { type Launcher, plainLaunch } from "./launcher.ts"
import { unexpressible } from "./unexpressible.ts"

/** One broker on each node; the command is started once. Its options are those of flux start. */
export const fluxStart: Launcher = {
  name: "flux-start",
  launch: (spec) => {
    const { nodes } = spec.resources
    const { bind, oversubscribe, outputPerRank, options = [] } = spec.launch ?? {}
    if (bind !== undefined) throw unexpressible("flux start", "bind")
    if (oversubscribe === true) throw unexpressible("flux start", "oversubscribe")
    if (outputPerRank === true) throw unexpressible("flux start", "outputPerRank")
    const flux = ["flux", "start", ...options]
    if (nodes === null || nodes === 1) return plainLaunch(flux)
    // Without PMI each node would have an instance, and each of these would start the command.
    return plainLaunch([
      "srun",
      "--mpi=pmi2",
      "--export=ALL",
      `--nodes=${nodes}`,
      `--ntasks=${nodes}`,
      "--ntasks-per-node=1",
      "--cpu-bind=none",
      "--kill-on-bad-exit=1",
      "--input=none",
      "--",
      ...flux,
    ])
  },
}
