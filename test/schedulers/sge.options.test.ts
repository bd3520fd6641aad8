import { expect, test } from "vitest"
import { UsageError } from "../../src/errors.ts"
import { type JobSpec, type Resources, unlimitedWalltime } from "../../src/job/index.ts"
import { sge } from "../../src/schedulers/sge/index.ts"
import { specOf, submissionOf, thrownBy, token } from "./samples.ts"

const dialect = sge.configured?.({ parallelEnvironment: "smp", instance: null }) ?? sge

const argvOf = (resources: Partial<Resources> = {}, change: Partial<JobSpec> = {}): readonly string[] =>
  dialect.submit(submissionOf(specOf(change, resources))).argv

const home = `/home/me/.hawser/s1/jobs/${token}`
const common = [
  ["qsub", "-terse"],
  ["-N", `${token}-relax`, "-ac", `hawser=${token}`, "-wd", home],
  ["-o", `${home}/scheduler.log`, "-e", `${home}/scheduler.log`, "-j", "y"],
  ["-S", "/bin/sh", "-b", "n", "-C", "#hawser$", "-sync", "n", "-now", "n", "-r", "n", "-V"],
].flat()

test("what identity and records rest on is stated for the plainest job, and the script comes last", () => {
  expect(argvOf()).toEqual([...common, `${home}/job.sh`])
  expect(dialect.directives(submissionOf())).toEqual([])
})

test.each<[string, Partial<Resources>, string[]]>([
  ["slots for tasks and their CPUs", { tasks: 4, cpusPerTask: 2 }, ["-pe", "smp", "8"]],
  ["slots for tasks on one node", { nodes: 1, tasksPerNode: 4 }, ["-pe", "smp", "4"]],
  ["one slot, which needs no environment", { nodes: 1, tasks: 1, cpusPerTask: 1 }, []],
  [
    "memory of the job, for each of its slots, rounded up",
    { tasks: 4, memory: 2 ** 32 + 1 },
    ["-l", "h_vmem=1025M", "-pe", "smp", "4"],
  ],
  ["memory per CPU", { memoryPerCpu: 2 ** 20 + 1 }, ["-l", "h_vmem=2M"]],
  ["little memory, never 0, which means no limit", { memory: 1 }, ["-l", "h_vmem=1M"]],
  ["a walltime in seconds", { walltime: 90.5 }, ["-l", "h_rt=91"]],
  ["no walltime", { walltime: unlimitedWalltime }, ["-l", "h_rt=INFINITY"]],
  ["places", { queue: "main.q", account: "acc", reservation: "7" }, ["-q", "main.q", "-A", "acc", "-ar", "7"]],
  ["mail", { mail: { user: "me@x.org", on: ["fail", "begin"] } }, ["-M", "me@x.org", "-m", "ba"]],
  ["all mail", { mail: { user: null, on: ["all"] } }, ["-m", "bea"]],
])("%s", (_, resources, options) => {
  expect(argvOf(resources)).toEqual([...common, ...options, `${home}/job.sh`])
})

test("it starts again only where the job asks for it", () => {
  const asked = argvOf({}, { retry: { maxAttempts: 1, on: [], requeue: true } })
  expect(asked[asked.indexOf("-r") + 1]).toBe("y")
})

test("nodes to keep away from are one expression", () => {
  const submission = { ...submissionOf(), excludeNodes: ["n1", "n2"] }
  expect(dialect.submit(submission).argv.join(" ")).toContain("-l hostname=!(n1|n2)")
})

test("the warning is the soft limit, so much before the hard one", () => {
  const signal = { name: "USR1", beforeSeconds: 30 } as const
  expect(argvOf({ walltime: 90 }, { signal }).join(" ")).toContain("-l h_rt=90 -l s_rt=60")
  expect(thrownBy(() => argvOf({ walltime: 90 }, { signal: { ...signal, name: "USR2" } }))).toBeInstanceOf(UsageError)
  expect(thrownBy(() => argvOf({}, { signal }))).toBeInstanceOf(UsageError)
})

test.each<[string, Partial<Resources>]>([
  ["more nodes than one", { nodes: 2, tasksPerNode: 4 }],
  ["GPUs", { gpus: { count: 1, type: null } }],
  ["a QOS", { qos: "long" }],
  ["a constraint", { constraint: "ib" }],
  ["a node of its own", { exclusive: true }],
])("%s can't be said, and the error says what can", (_, resources) => {
  const error = thrownBy(() => argvOf(resources))
  expect(error).toBeInstanceOf(UsageError)
  expect((error as UsageError).advice).toMatch(/native|tasks/)
})

test("a directory in which qsub would find a host, a list or a variable is refused", () => {
  const at = (directory: string): unknown => thrownBy(() => dialect.submit({ ...submissionOf(), directory }))
  for (const directory of ["/a:b/x", "/a,b/x", "/a$b/x"]) expect(at(directory)).toBeInstanceOf(UsageError)
  expect(dialect.submit({ ...submissionOf(), directory: "/a b/x" }).argv).toContain("/a b/x")
})

test.each([
  ["-l gpu=1", ["-l", "gpu=1"]],
  ["-P proj", ["-P", "proj"]],
  ["-notify", ["-notify"]],
  ["#$ -p -5", ["-p", "-5"]],
  ["-pe mpi 16", ["-pe", "mpi", "16"]],
  ["-w e", ["-w", "e"]],
])("%s goes through", (native, words) => {
  expect(argvOf({}, { native: [native] })).toEqual([...common, ...words, `${home}/job.sh`])
})

test("a native environment takes the place of the configured one, also for more nodes", () => {
  const argv = argvOf({ nodes: 2, tasksPerNode: 8 }, { native: ["-pe mpi8 16"] })
  expect(argv.filter((word) => word === "-pe")).toHaveLength(1)
  expect(argv.join(" ")).toContain("-pe mpi8 16")
})

test.each([
  "-N other",
  "-t 1-10",
  "-wd /tmp",
  "-cwd",
  "-r y",
  "-sync y",
  "-verify",
  "-w v",
  "-@ file",
  "-clear",
  "-ckpt x",
  "-b y",
  "script.sh",
  "--name=x",
  "-l a=1 -N x",
  "-l a\n-N x",
  "",
])("%j is refused", (native) => {
  expect(thrownBy(() => argvOf({}, { native: [native] }))).toMatchObject({ code: "NATIVE_REFUSED" })
})
