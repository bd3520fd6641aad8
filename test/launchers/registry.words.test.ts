/** What each launcher is told, flavour by flavour. */
import { describe, expect, test } from "vitest"
import { UsageError } from "../../src/errors.ts"
import type { JobSpec, LaunchOptions, Resources } from "../../src/job/index.ts"
import { launchers } from "../../src/launchers/index.ts"
import { specOf, thrownBy } from "../schedulers/samples.ts"

type Asked = Partial<Resources> & { readonly launch?: LaunchOptions; readonly stdin?: string; readonly own?: boolean }

/** `FLAVOUR: words` of each way. */
function ways(name: string, { launch, stdin = null as never, own = false, ...resources }: Asked): string[] {
  const spec: JobSpec = specOf({ launcher: name, stdin, ...(launch === undefined ? {} : { launch }) }, resources)
  const said = launchers[name]?.launch(spec, { ownSlots: own }).ways ?? []
  return said.map(({ flavour, words }) => `${flavour ?? name}: ${words.join(" ")}`)
}

test("none starts the command as it is", () => {
  expect(ways("none", { tasks: 4 })).toEqual(["none: "])
})

describe("what is asked of srun, flux run, jsrun and aprun", () => {
  test.each<[string, Asked, string]>([
    ["srun", { tasks: 4 }, "srun --export=ALL --ntasks=4 --kill-on-bad-exit=1 --input=none --"],
    [
      "srun",
      { nodes: 2, tasksPerNode: 3, cpusPerTask: 2 },
      "srun --export=ALL --ntasks=6 --nodes=2 --ntasks-per-node=3 --cpus-per-task=2 --kill-on-bad-exit=1 --input=none --",
    ],
    ["srun", { tasks: 1, stdin: "in.dat" }, "srun --export=ALL --ntasks=1 --kill-on-bad-exit=1 --"],
    [
      "srun",
      { tasks: 8, launch: { bind: "numa", oversubscribe: true, options: ["--mpi=pmix"] } },
      "srun --export=ALL --ntasks=8 --cpu-bind=ldoms --overcommit --kill-on-bad-exit=1 --input=none --mpi=pmix --",
    ],
    ["flux-run", { tasks: 4, cpusPerTask: 2 }, "flux run --ntasks=4 --cores-per-task=2 --"],
    ["flux-run", { nodes: 2, tasksPerNode: 4 }, "flux run --nodes=2 --tasks-per-node=4 --"],
    // 7 on two nodes: tasks on each can't say it.
    ["flux-run", { tasks: 7, nodes: 2, tasksPerNode: 4 }, "flux run --ntasks=7 --nodes=2 --"],
    ["flux-run", { tasks: 2, launch: { bind: "core" } }, "flux run --ntasks=2 --setopt=cpu-affinity=per-task --"],
    ["flux-start", { tasks: 4 }, "flux start"],
    ["flux-start", { nodes: 1, launch: { options: ["-Slog-stderr-level=4"] } }, "flux start -Slog-stderr-level=4"],
    [
      "flux-start",
      { nodes: 2, tasks: 8 },
      "srun --mpi=pmi2 --export=ALL --nodes=2 --ntasks=2 --ntasks-per-node=1 --cpu-bind=none --kill-on-bad-exit=1 --input=none -- flux start",
    ],
    ["jsrun", { tasks: 4 }, "jsrun --nrs=4 --tasks_per_rs=1 --cpu_per_rs=1"],
    [
      "jsrun",
      { nodes: 2, tasksPerNode: 4, cpusPerTask: 7, launch: { bind: "core" } },
      "jsrun --nrs=8 --tasks_per_rs=1 --cpu_per_rs=7 --rs_per_host=4 --bind=packed:7",
    ],
    ["aprun", { tasks: 32, nodes: 2, cpusPerTask: 2 }, "aprun -n 32 -N 16 -d 2"],
    ["aprun", { nodes: 2, tasksPerNode: 3, launch: { bind: "numa" } }, "aprun -n 6 -N 3 -cc numa_node"],
  ])("%s, %o", (name, asked, words) => {
    expect(ways(name, asked)).toEqual([`${name}: ${words}`])
  })

  test.each<[string, LaunchOptions, string]>([
    ["flux-run", { oversubscribe: true }, "flux run takes no oversubscribe."],
    ["flux-run", { bind: "socket" }, "flux run takes no bind: socket."],
    ["flux-start", { oversubscribe: true }, "flux start takes no oversubscribe."],
    ["flux-start", { bind: "core" }, "flux start takes no bind."],
    ["flux-start", { outputPerRank: true }, "flux start takes no outputPerRank."],
    ["jsrun", { oversubscribe: true }, "jsrun takes no oversubscribe."],
    ["jsrun", { bind: "numa" }, "jsrun takes no bind: numa."],
    ["aprun", { oversubscribe: true }, "aprun takes no oversubscribe."],
    ["aprun", { bind: "socket" }, "aprun takes no bind: socket."],
  ])("%s refuses what it can't say: %o", (name, launch, summary) => {
    const error = thrownBy(() => ways(name, { tasks: 2, launch }))
    expect(error).toBeInstanceOf(UsageError)
    expect((error as UsageError).summary).toBe(summary)
  })
})

describe("what is asked of an mpirun has words in each flavour", () => {
  test.each<[string, Asked, string, string, string, string]>([
    ["tasks", { tasks: 4 }, "-n 4", "-n 4", "-n 4 -genvall", "-n 4 -genvall"],
    ["one task where nothing is said", {}, "-n 1", "-n 1", "-n 1 -genvall", "-n 1 -genvall"],
    [
      "tasks on each node",
      { nodes: 2, tasksPerNode: 3 },
      "-n 6 --map-by ppr:3:node",
      "-n 6 --map-by ppr:3:node",
      "-n 6 -ppn 3 -genvall",
      "-n 6 -ppn 3 -genvall",
    ],
    [
      "tasks over nodes: its slots say how many on each",
      { nodes: 2, tasks: 5 },
      "-n 5",
      "-n 5",
      "-n 5 -genvall",
      "-n 5 -genvall",
    ],
    [
      "several cores for each",
      { tasks: 2, cpusPerTask: 4, launch: { bind: "core" } },
      "-n 2 --map-by slot:PE=4 --bind-to core",
      "-n 2 --map-by slot:PE=4 --bind-to core",
      "-n 2 -genvall -bind-to core:4",
      "-n 2 -genvall -genv I_MPI_PIN 1 -genv I_MPI_PIN_DOMAIN 4:compact",
    ],
    [
      "a socket for each",
      { tasks: 2, launch: { bind: "socket" } },
      "-n 2 --bind-to socket",
      "-n 2 --bind-to package",
      "-n 2 -genvall -bind-to socket",
      "-n 2 -genvall -genv I_MPI_PIN 1 -genv I_MPI_PIN_DOMAIN socket",
    ],
    [
      "more tasks than slots",
      { tasks: 8, tasksPerNode: 4, cpusPerTask: 2, launch: { oversubscribe: true } },
      "-n 8 --map-by ppr:4:node:PE=2,OVERSUBSCRIBE",
      "-n 8 --map-by ppr:4:node:PE=2:OVERSUBSCRIBE",
      "-n 8 -ppn 4 -genvall",
      "-n 8 -ppn 4 -genvall",
    ],
    [
      "no binding where jobs share a host, and so no cores that would have to be bound",
      { tasks: 2, cpusPerTask: 2, own: true },
      "-n 2 --bind-to none",
      "-n 2 --bind-to none",
      "-n 2 -genvall -bind-to none",
      "-n 2 -genvall -genv I_MPI_PIN 0",
    ],
    [
      "its own options, at the end",
      { tasks: 2, launch: { options: ["--verbose"] } },
      "-n 2 --verbose",
      "-n 2 --verbose",
      "-n 2 -genvall --verbose",
      "-n 2 -genvall --verbose",
    ],
  ])("%s", (_, asked, openmpi4, openmpi5, mpich, intelmpi) => {
    const all = [`openmpi4: ${openmpi4}`, `openmpi5: ${openmpi5}`, `mpich: ${mpich}`, `intelmpi: ${intelmpi}`]
    expect(ways("mpirun", asked)).toEqual(all)
    expect([...ways("openmpi", asked), ...ways("mpich", asked), ...ways("intelmpi", asked)]).toEqual(all)
  })

  test("variables are handed on by name where that is not done anyway", () => {
    const { ways: said } = launchers["mpirun"]!.launch(specOf(), { ownSlots: true })
    expect(said.map(({ flavour, forward, hostfile }) => [flavour, forward, hostfile?.option, hostfile?.form])).toEqual([
      ["openmpi4", "-x", "--hostfile", "slots"],
      ["openmpi5", "-x", "--hostfile", "slots"],
      ["mpich", null, "-f", "colon"],
      ["intelmpi", null, "-f", "colon"],
    ])
  })
})
