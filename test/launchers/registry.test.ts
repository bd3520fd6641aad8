import { describe, expect, test } from "vitest"
import { UsageError } from "../../src/errors.ts"
import type { Resources } from "../../src/job/index.ts"
import { launcherFor, launchers } from "../../src/launchers/index.ts"
import { specOf, thrownBy } from "../schedulers/samples.ts"

test("each launcher is listed under its own name", () => {
  for (const [name, launcher] of Object.entries(launchers)) expect(launcher.name).toBe(name)
})

describe("auto", () => {
  test.each<[string, Partial<Resources>, string, string]>([
    ["nothing for one task", { tasks: 1, nodes: 1 }, "slurm", "none"],
    ["nothing where no tasks were asked for", { cpusPerTask: 4 }, "slurm", "none"],
    ["srun for tasks on Slurm", { tasks: 4 }, "slurm", "srun"],
    ["flux run for tasks on Flux", { tasks: 4 }, "flux", "flux-run"],
    ["srun for tasks on each of some nodes", { nodes: 2, tasksPerNode: 1 }, "slurm", "srun"],
    ["srun for one task on each of two nodes", { nodes: 2 }, "slurm", "srun"],
    ["mpirun where the manager has no launcher", { tasks: 4 }, "process", "mpirun"],
    ["mpirun in a parallel environment of Grid Engine", { tasks: 4 }, "sge", "mpirun"],
    ["mpirun for one task where jobs are MPI's: its slot may be on another host", {}, "mpi", "mpirun"],
    ["mpirun for a manager whose name is a word of the language", { tasks: 4 }, "constructor", "mpirun"],
  ])("is %s", (_, resources, scheduler, name) => {
    expect(launcherFor(specOf({}, resources), scheduler).name).toBe(name)
  })
})

test.each(["mpiexec.hydra", "constructor"])("%s is no launcher, and those that are get listed", (name) => {
  const error = thrownBy(() => launcherFor(specOf({ launcher: name }), "slurm"))
  expect(error).toBeInstanceOf(UsageError)
  expect((error as UsageError).message).toContain(
    "none, mpirun, openmpi, mpich, intelmpi, srun, flux-run, flux-start, jsrun, aprun",
  )
})
