import { describe, expect, test } from "vitest"
import { UsageError } from "../../src/errors.ts"
import type { JobSpec, Resources } from "../../src/job/index.ts"
import { launcherFor, launchers } from "../../src/launchers/index.ts"
import { specOf, thrownBy } from "../schedulers/samples.ts"

const command = ["./relax", "--steps", "3"]

function wrapped(
  resources: Partial<Resources>,
  launcher: string,
  scheduler = "slurm",
  change: Partial<JobSpec> = {},
): string {
  const spec = specOf({ launcher, ...change }, resources)
  return launcherFor(spec, scheduler).wrap(command, spec).join(" ")
}

test("each launcher is listed under its own name", () => {
  for (const [name, launcher] of Object.entries(launchers)) expect(launcher.name).toBe(name)
})

describe("auto", () => {
  test.each<[string, Partial<Resources>, string, string]>([
    ["nothing for one task", { tasks: 1, nodes: 1 }, "slurm", "none"],
    ["nothing where no tasks were asked for", { cpusPerTask: 4 }, "slurm", "none"],
    ["srun for tasks on Slurm", { tasks: 4 }, "slurm", "srun"],
    ["srun for tasks on each of some nodes", { nodes: 2, tasksPerNode: 1 }, "slurm", "srun"],
    ["srun for one task on each of two nodes", { nodes: 2 }, "slurm", "srun"],
    ["mpirun where the manager has no launcher", { tasks: 4 }, "process", "mpirun"],
    ["mpirun in a parallel environment of Grid Engine", { tasks: 4 }, "sge", "mpirun"],
    ["mpirun for a manager whose name is a word of the language", { tasks: 4 }, "constructor", "mpirun"],
  ])("is %s", (_, resources, scheduler, name) => {
    expect(launcherFor(specOf({}, resources), scheduler).name).toBe(name)
  })
})

test("none starts the command as it is", () => {
  expect(wrapped({ tasks: 4 }, "none")).toBe("./relax --steps 3")
})

test("mpirun gets the number of tasks, also one", () => {
  expect(wrapped({ tasks: 4 }, "mpirun")).toBe("mpirun -n 4 ./relax --steps 3")
  expect(wrapped({ nodes: 2, tasksPerNode: 3 }, "mpirun")).toBe("mpirun -n 6 ./relax --steps 3")
  expect(wrapped({}, "mpirun")).toBe("mpirun -n 1 ./relax --steps 3")
})

test("srun gets what it does not take from the allocation, and the command after --", () => {
  expect(wrapped({ tasks: 4 }, "srun")).toBe("srun --export=ALL --ntasks=4 --input=none -- ./relax --steps 3")
  expect(wrapped({ nodes: 2, tasksPerNode: 3, cpusPerTask: 2 }, "srun")).toBe(
    "srun --export=ALL --ntasks=6 --nodes=2 --ntasks-per-node=3 --cpus-per-task=2 --input=none -- ./relax --steps 3",
  )
  expect(wrapped({ tasks: 1 }, "srun", "slurm", { stdin: "in.dat" })).not.toContain("--input")
})

test.each(["mpiexec.hydra", "constructor"])("%s is no launcher, and those that are get listed", (name) => {
  const error = thrownBy(() => launcherFor(specOf({ launcher: name }), "slurm"))
  expect(error).toBeInstanceOf(UsageError)
  expect((error as UsageError).message).toContain("none, mpirun, srun")
})
