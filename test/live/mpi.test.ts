/** Real Open MPI and MPICH: on hosts of our own, where nobody counts slots but us, and inside allocations of Slurm. */
import { readFile, readdir } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { JobView } from "../../src/job/index.ts"
import { type Study, study } from "../support/cli.ts"
import { clusterConfig, onCluster, until } from "../support/cluster.ts"
import { type Mpi, Programs, daemonsOf, noMpi, prepareHosts } from "../support/mpi.ts"
import { type Rig, rig } from "../support/rig.ts"

const target = rig as Rig
const mpis = ["openmpi", "mpich"] as const
// Two daemons of Open MPI that begin at once on one machine trip over their folder: one host is this one.
const hosts: Readonly<Record<Mpi, string>> = {
  openmpi: "[localhost:4, 127.0.0.2:4]",
  mpich: "[127.0.0.2:4, 127.0.0.3:4]",
}

function config(): string {
  const slurm = clusterConfig(target)
  const way = slurm.split("\n").filter((line) => /^ {4}(?:host|port|user|identityFile|knownHostsFile):/.test(line))
  const farm = (mpi: Mpi): string =>
    [`  ${mpi}:`, "    scheduler: mpi", `    hosts: ${hosts[mpi]}`, ...way, ""].join("\n")
  const box = ["  box:", "    scheduler: process", "    cores: 8", ...way, ""].join("\n")
  return `${slurm}${farm("openmpi")}${farm("mpich")}${box}`
}

interface Asked {
  readonly key: string
  readonly words: readonly string[]
  readonly resources: Readonly<Record<string, unknown>>
  readonly launcher?: unknown
  readonly more?: Readonly<Record<string, unknown>>
}

const sums = (size: number): string[] =>
  Array.from({ length: size }, (_, rank) => `rank ${rank} of ${size}, sum ${(size * (size - 1)) / 2}, greeting a : b`)

describe.skipIf(noMpi !== null)("with real MPIs", () => {
  let programs: Programs
  let work: Study
  beforeAll(async () => {
    programs = new Programs()
    work = await study(config())
    await prepareHosts(target)
  })
  afterAll(async () => {
    await work?.[Symbol.asyncDispose]()
    programs?.[Symbol.dispose]()
    for (const pid of noMpi === null ? daemonsOf(target.user) : []) process.kill(pid, "SIGKILL")
  })

  const line = (mpi: Mpi, { key, words, resources, launcher = mpi, more = {} }: Asked): string => {
    const command = [programs.path(mpi), ...words]
    return `${JSON.stringify({ key, command, launcher, resources, env: { GREETING: "a : b" }, ...more })}\n`
  }
  async function batch(executor: string, lines: readonly string[]): Promise<void> {
    const { code, stderr } = await work.hawser(["batch", "-e", executor, "-"], { stdin: lines.join("") })
    expect([code, stderr]).toEqual([0, expect.anything()])
  }
  const jobOf = async (key: string): Promise<JobView> => (await work.jobs()).find((job) => job.key === key)!
  const ends = async (...keys: readonly string[]): Promise<readonly string[]> => {
    await work.hawser(["wait", ...keys, "--timeout", "60s"])
    const jobs = await work.jobs()
    return keys.map((key) => {
      const job = jobs.find((one) => one.key === key)
      return `${key}: ${job?.state} ${job?.cause ?? "-"} ${job?.signal ?? job?.exitCode ?? "-"}`
    })
  }
  const textOf = async (key: string, name: string): Promise<string> =>
    readFile(join((await jobOf(key)).directory, name), "utf8")
  const linesOf = async (key: string): Promise<string[]> =>
    (await textOf(key, "stdout"))
      .split("\n")
      .filter((one) => one.startsWith("rank "))
      .sort()
  const nothingIsLeft = (): Promise<void> =>
    until(
      "no process is left",
      async () => programs.running().length === 0 && daemonsOf(target.user).length === 0,
      15_000,
    )
  const allRun = (key: string, count: number): Promise<void> =>
    until("all ranks run", async () => {
      const { remoteDirectory } = await jobOf(key)
      if (remoteDirectory === null || programs.running().length < count) return false
      const out = await onCluster(target, `cat '${remoteDirectory}/stdout'`).catch(() => "")
      return out.split("\n").filter((one) => one.startsWith("rank ")).length === count
    })

  test("on two hosts: eight ranks, outputs apart, and each way to fail with its cause, nothing left behind", async () => {
    const four = { tasks: 4, nodes: 2 }
    for (const mpi of mpis) {
      await batch(mpi, [
        line(mpi, { key: `${mpi}/eight`, words: ["sum"], resources: { tasks: 8 } }),
        line(mpi, {
          key: `${mpi}/apart`,
          words: ["sum"],
          resources: { tasks: 2, nodes: 2 },
          launcher: { name: mpi, outputPerRank: true },
        }),
        line(mpi, { key: `${mpi}/exit`, words: ["exit", "1", "7"], resources: four }),
        line(mpi, { key: `${mpi}/killed`, words: ["kill", "3", "9"], resources: four }),
        line(mpi, { key: `${mpi}/abort`, words: ["abort", "2", "5"], resources: four }),
      ])
    }
    for (const mpi of mpis) {
      expect(await ends(...["eight", "apart", "exit", "killed", "abort"].map((key) => `${mpi}/${key}`))).toEqual([
        `${mpi}/eight: completed - 0`,
        `${mpi}/apart: completed - 0`,
        `${mpi}/exit: failed exit 7`,
        `${mpi}/killed: failed signal KILL`,
        `${mpi}/abort: failed exit 5`,
      ])
      expect(await linesOf(`${mpi}/eight`)).toEqual(sums(8))
      const { directory } = await jobOf(`${mpi}/apart`)
      expect((await readdir(join(directory, "ranks"))).sort()).toEqual(["0.err", "0.out", "1.err", "1.out"])
      expect(await textOf(`${mpi}/apart`, "ranks/1.out")).toBe(`${sums(2)[1]}\n`)
      expect(await textOf(`${mpi}/killed`, "stderr")).toMatch(
        /the first process to fail was rank 3 on \S+, with signal KILL/,
      )
    }
    await nothingIsLeft()
  })

  test("more ranks than slots are refused, unless the job may oversubscribe", async () => {
    const resources = { tasks: 9 }
    const refused = line("mpich", { key: "refused", words: ["sum"], resources })
    const { code, stderr } = await work.hawser(["batch", "-e", "mpich", "-"], { stdin: refused })
    expect([code, stderr]).toEqual([1, expect.stringContaining("It asks for 9 slots")])
    for (const mpi of mpis) {
      const launcher = { name: mpi, oversubscribe: true }
      await batch(mpi, [line(mpi, { key: `${mpi}/crowd`, words: ["sum"], resources, launcher })])
    }
    expect(await ends("openmpi/crowd", "mpich/crowd")).toEqual([
      "openmpi/crowd: completed - 0",
      "mpich/crowd: completed - 0",
    ])
    expect(await linesOf("openmpi/crowd")).toEqual(sums(9))
  })

  test("a cancel, and a walltime that is over, end ranks on all hosts, those too that do not heed TERM", async () => {
    const resources = { tasks: 4, nodes: 2 }
    for (const mpi of mpis) {
      await batch(mpi, [
        line(mpi, { key: `${mpi}/cancelled`, words: ["nap"], resources }),
        line(mpi, { key: `${mpi}/long`, words: ["stubborn"], resources: { ...resources, walltime: "4s" } }),
      ])
    }
    await until("the naps have begun", async () => programs.running().length > 0)
    expect((await work.hawser(["cancel", ...mpis.map((mpi) => `${mpi}/cancelled`)])).code).toBe(0)
    for (const mpi of mpis) {
      expect(await ends(`${mpi}/cancelled`, `${mpi}/long`)).toEqual([
        expect.stringMatching(`${mpi}/cancelled: cancelled `),
        expect.stringMatching(`${mpi}/long: failed timeout `),
      ])
    }
    await nothingIsLeft()
  })

  test("the first host's part of a job is killed while its daemons stand still, and no rank survives elsewhere", async () => {
    for (const mpi of mpis) {
      await batch(mpi, [line(mpi, { key: `${mpi}/orphans`, words: ["nap"], resources: { tasks: 4, nodes: 2 } })])
    }
    for (const mpi of mpis) await allRun(`${mpi}/orphans`, 4)
    // They would end their ranks as soon as they notice.
    for (const pid of daemonsOf(target.user)) process.kill(pid, "SIGSTOP")
    const leaders = await Promise.all(mpis.map(async (mpi) => (await jobOf(`${mpi}/orphans`)).nativeId?.split(".")[1]))
    await onCluster(target, `pkill -KILL -s ${leaders.join(",")}`)
    expect(await ends("openmpi/orphans", "mpich/orphans")).toEqual([
      "openmpi/orphans: failed signal KILL",
      "mpich/orphans: failed signal KILL",
    ])
    await nothingIsLeft()
  })

  test("where jobs are processes, whatever is called mpirun starts more than one task, in as many cores as Hawser counts", async () => {
    const found = await onCluster(target, "mpirun --version")
    const mpi = found.includes("HYDRA") ? "mpich" : "openmpi"
    await batch("box", [line(mpi, { key: "box/six", words: ["sum"], resources: { tasks: 6 }, launcher: "auto" })])
    expect(await ends("box/six")).toEqual(["box/six: completed - 0"])
    expect(await linesOf("box/six")).toEqual(sums(6))
    const { remoteDirectory } = await jobOf("box/six")
    expect(await onCluster(target, `cat '${remoteDirectory}/launcher'`)).toMatch(
      /^(?:openmpi[45]|mpich) \d\S+ \/\S*mpirun\n$/,
    )
  })

  test("inside Slurm's allocations: both mpiruns on one node and on two, and srun, each with its causes", async () => {
    const small = { memory: "100M", walltime: "5m" }
    const [one, two] = [
      { ...small, tasks: 4, nodes: 1 },
      { ...small, tasks: 4, nodes: 2 },
    ]
    const srun = { name: "srun", options: ["--mpi=pmi2"] }
    await batch("hpc", [
      line("openmpi", { key: "slurm/openmpi", words: ["sum"], resources: one }),
      line("mpich", { key: "slurm/mpich", words: ["sum"], resources: two }),
      line("mpich", { key: "slurm/srun", words: ["sum"], resources: two, launcher: srun }),
      line("openmpi", { key: "slurm/exit", words: ["exit", "1", "7"], resources: one }),
      line("mpich", { key: "slurm/segv", words: ["kill", "3", "11"], resources: two }),
      line("mpich", { key: "slurm/srun-killed", words: ["kill", "1", "9"], resources: two, launcher: srun }),
    ])
    const keys = ["openmpi", "mpich", "srun", "exit", "segv", "srun-killed"].map((key) => `slurm/${key}`)
    expect(await ends(...keys)).toEqual([
      "slurm/openmpi: completed - 0",
      "slurm/mpich: completed - 0",
      "slurm/srun: completed - 0",
      "slurm/exit: failed exit 7",
      "slurm/segv: failed signal SEGV",
      "slurm/srun-killed: failed signal KILL",
    ])
    for (const key of keys.slice(0, 3)) expect(await linesOf(key)).toEqual(sums(4))
    await nothingIsLeft()
  })
})
