/** mpirun of Open MPI. Version 5 is another program (PRRTE) and has other words for some things. */
import { type JobSpec, tasksOf } from "../job/index.ts"
import type { Launcher, Situation, Way } from "./launcher.ts"

const programs = ["mpirun", "mpiexec", "mpirun.openmpi", "prterun"]

export const openmpi: Launcher = {
  name: "openmpi",
  launch: (spec, situation) => ({ programs, ways: openmpiWays(spec, situation) }),
}

export function openmpiWays(spec: JobSpec, situation: Situation): Way[] {
  return (["openmpi4", "openmpi5"] as const).map((flavour) => ({
    flavour,
    words: [...words(spec, situation, flavour), ...(spec.launch?.options ?? [])],
    // Of its own accord it hands on nothing but its own variables.
    forward: "-x",
    // Support for these is left out of many builds, which would then start everything on the first host.
    hostfile: {
      option: "--hostfile",
      form: "slots",
      variables: ["PBS_NODEFILE", "OAR_NODEFILE", "LSB_DJOB_HOSTFILE"],
    },
  }))
}

function words(spec: JobSpec, { ownSlots }: Situation, flavour: "openmpi4" | "openmpi5"): string[] {
  const { tasksPerNode: each, cpusPerTask } = spec.resources
  const { oversubscribe = false } = spec.launch ?? {}
  // Where jobs share a host, its default would bind each of them to the same first cores.
  const bind = spec.launch?.bind ?? (ownSlots ? "none" : undefined)
  // Tasks over nodes are spread as the slots are: a manager need not give as many on each.
  // Several cores for each process are bound ones, and nothing else.
  const cores = cpusPerTask !== null && cpusPerTask > 1 && bind !== "none" ? [`PE=${cpusPerTask}`] : []
  const map = [each === null ? "slot" : `ppr:${each}:node`, ...cores, ...(oversubscribe ? ["OVERSUBSCRIBE"] : [])]
  return [
    "-n",
    String(tasksOf(spec.resources)),
    ...(map.length === 1 && each === null ? [] : ["--map-by", mapping(map, flavour)]),
    ...(bind === undefined ? [] : ["--bind-to", bind === "socket" && flavour === "openmpi5" ? "package" : bind]),
  ]
}

/** Version 4 separates modifiers by commas, version 5 by colons. */
function mapping([what = "slot", ...modifiers]: readonly string[], flavour: "openmpi4" | "openmpi5"): string {
  return [what, ...(modifiers.length === 0 ? [] : [modifiers.join(flavour === "openmpi5" ? ":" : ",")])].join(":")
}
