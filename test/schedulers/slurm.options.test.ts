import { describe, expect, test } from "vitest"
import { UsageError } from "../../src/errors.ts"
import { type Resources, unlimitedWalltime } from "../../src/job/index.ts"
import { slurm } from "../../src/schedulers/slurm/index.ts"
import { specOf, submissionOf, thrownBy, token } from "./samples.ts"

const argvOf = (resources: Partial<Resources> = {}, native: string[] = []): readonly string[] =>
  slurm.submit(submissionOf(specOf({ native }, resources))).argv

const home = `/home/me/.hawser/s1/jobs/${token}`
const common = [
  "sbatch",
  "--parsable",
  `--job-name=${token}-relax`,
  `--comment=${token}`,
  `--chdir=${home}`,
  `--output=${home}/scheduler.log`,
  `--error=${home}/scheduler.log`,
  "--open-mode=append",
  "--no-requeue",
  "--export=ALL",
]

test("what identity and records rest on is stated for the plainest job, and the script comes last", () => {
  expect(argvOf()).toEqual([...common, `${home}/job.sh`])
  expect(slurm.directives(submissionOf())).toEqual([])
})

test.each<[string, Partial<Resources>, string[]]>([
  [
    "counts",
    { nodes: 2, tasks: 8, tasksPerNode: 4, cpusPerTask: 3 },
    ["--nodes=2", "--ntasks=8", "--ntasks-per-node=4", "--cpus-per-task=3"],
  ],
  ["memory in whole mebibytes, rounded up", { memory: 4 * 2 ** 30 }, ["--mem=4096M"]],
  ["memory per CPU", { memoryPerCpu: 2 ** 20 + 1 }, ["--mem-per-cpu=2M"]],
  ["little memory, never 0, which means all", { memory: 1 }, ["--mem=1M"]],
  ["GPUs", { gpus: { count: 2, type: null } }, ["--gres=gpu:2"]],
  ["GPUs of a type", { gpus: { count: 1, type: "a100" } }, ["--gres=gpu:a100:1"]],
  ["a walltime in seconds", { walltime: 90 }, ["--time=0:01:30"]],
  ["a walltime of days", { walltime: 200_000 }, ["--time=55:33:20"]],
  ["a walltime of less than a second, never 0, which means unlimited", { walltime: 0.2 }, ["--time=0:00:01"]],
  ["no walltime", { walltime: unlimitedWalltime }, ["--time=UNLIMITED"]],
  [
    "places",
    { queue: "batch", account: "proj", qos: "long", reservation: "maint", constraint: "amd&ib" },
    ["--partition=batch", "--account=proj", "--qos=long", "--reservation=maint", "--constraint=amd&ib"],
  ],
  ["exclusive nodes", { exclusive: true }, ["--exclusive"]],
  ["mail", { mail: { user: "me@x.org", on: ["begin", "fail"] } }, ["--mail-user=me@x.org", "--mail-type=BEGIN,FAIL"]],
  ["a begin, whatever the manager's zone", { begin: "2026-11-21T04:00:00.000Z" }, ["--begin=uts1795233600"]],
])("%s", (_, resources, options) => {
  expect(argvOf(resources)).toEqual([...common, ...options, `${home}/job.sh`])
})

test("requeue is off unless the job asks for it, and native is not the place to ask", () => {
  const asked = slurm.submit(submissionOf(specOf({ retry: { maxAttempts: 1, on: [], requeue: true } }))).argv
  expect(asked).toEqual([...common.map((word) => (word === "--no-requeue" ? "--requeue" : word)), `${home}/job.sh`])
  expect(thrownBy(() => argvOf({}, ["--requeue"]))).toBeInstanceOf(UsageError)
})

test("nodes on which attempts failed are excluded, and native must not take that back", () => {
  const retry = { maxAttempts: 2, on: [], escalate: { excludeNodes: true } }
  const submission = { ...submissionOf(specOf({ retry })), excludeNodes: ["n1", "n[3-4]"] }
  expect(slurm.submit(submission).argv).toContain("--exclude=n1,n[3-4]")
  for (const native of ["--exclude=n7", "-x n7", "--exclud n7"]) {
    expect(thrownBy(() => slurm.submit(submissionOf(specOf({ retry, native: [native] }))))).toMatchObject({
      code: "NATIVE_REFUSED",
    })
    expect(slurm.submit(submissionOf(specOf({ native: [native] }))).argv.join(" ")).toContain("n7")
  }
})

test("an early warning goes to the wrapper, in seconds, and native must not take it back", () => {
  const warned = (beforeSeconds: number, native: string[] = []) =>
    submissionOf(specOf({ native, signal: { name: "USR1", beforeSeconds } }))
  expect(slurm.submit(warned(300)).argv).toContain("--signal=B:USR1@300")
  expect(thrownBy(() => slurm.submit(warned(300, ["--signal=USR2"])))).toMatchObject({ code: "NATIVE_REFUSED" })
  expect(argvOf({}, ["--signal=USR2"])).toContain("--signal=USR2")
  expect(thrownBy(() => slurm.submit(warned(65_536)))).toMatchObject({ code: "SPEC_INVALID" })
})

test("a percent sign in the path of the log is one", () => {
  const submission = { ...submissionOf(), directory: "/home/100%j" }
  expect(slurm.submit(submission).argv).toContain("--output=/home/100%%j/scheduler.log")
  expect(slurm.submit(submission).argv).toContain("--chdir=/home/100%j")
})

describe("native options", () => {
  test.each([
    ["--switches=1", ["--switches=1"]],
    ["--switches 1", ["--switches", "1"]],
    ["-p debug", ["-p", "debug"]],
    ["-pdebug", ["-pdebug"]],
    ["#SBATCH --nice=5", ["--nice=5"]],
    ["--comment=two words", ["--comment=two words"]],
    ["--hold", ["--hold"]],
    ["--wait-all-nodes=1", ["--wait-all-nodes=1"]],
    ["--dependency=afterok:12", ["--dependency=afterok:12"]],
    ["--exclude=n1", ["--exclude=n1"]],
    ["--licenses=flow:2", ["--licenses=flow:2"]],
    ["-L flow@db:2", ["-L", "flow@db:2"]],
    ["--clusters=north,south", ["--clusters=north,south"]],
    ["--begin=now+1hour", ["--begin=now+1hour"]],
    ["-d afterok:12:13,afterany:14", ["-d", "afterok:12:13,afterany:14"]],
    ["--kill-on-invalid-dep=yes", ["--kill-on-invalid-dep=yes"]],
    ["--bb=capacity=1G access=striped", ["--bb=capacity=1G access=striped"]],
    ["--bbf=/home/me/buffers", ["--bbf=/home/me/buffers"]],
  ])("%s goes through untouched and last", (native, words) => {
    expect(argvOf({ nodes: 1 }, [native])).toEqual([...common, "--nodes=1", ...words, `${home}/job.sh`])
  })

  test.each([
    ["--job-name=x", "job-name"],
    ["--job=x", "job-name"],
    ["-J x", "job-name"],
    ["-Jx", "job-name"],
    ["-HJx", "job-name"],
    ["--chdir=/tmp", "chdir"],
    ["-D/tmp", "chdir"],
    ["--array=1-3", "array"],
    ["-a 1-3", "array"],
    ["--output=x", "output"],
    ["--out x", "output"],
    ["-e x", "error"],
    ["--input=x", "input"],
    ["--open-mode=truncate", "open-mode"],
    ["--requeue", "requeue"],
    ["--req", "requeue"],
    ["--no-requeue", "no-requeue"],
    ["--export=NONE", "export"],
    ["--export-file=x", "export-file"],
    ["--wrap=true", "wrap"],
    ["--parsable", "parsable"],
    ["--wait", "wait"],
    ["-W", "wait"],
    ["--test-only", "test-only"],
    ["#SBATCH -J x", "job-name"],
    ["--dependency=singleton", "singleton"],
    ["-d singleton", "singleton"],
    ["-Q", "quiet"],
  ])("%s is refused by the name of %s", (native, name) => {
    const error = thrownBy(() => argvOf({}, [native]))
    expect(error).toBeInstanceOf(UsageError)
    expect(error).toMatchObject({ code: "NATIVE_REFUSED" })
    expect(String((error as Error).message)).toContain(name)
    expect(thrownBy(() => slurm.directives(submissionOf(specOf({ native: [native] }))))).toBeInstanceOf(UsageError)
  })

  test.each(["other-script.sh", "", ": x", "--", "-1", "#BB", "#PBS -N x", "--nice=5\n--wrap=x"])(
    "%j is no option",
    (native) => {
      expect(thrownBy(() => argvOf({}, [native]))).toBeInstanceOf(UsageError)
    },
  )

  test("an array is refused with the words for one", () => {
    for (const native of ["--array=1-3", "-a 1-3", "#SBATCH --array=0-9"])
      expect(thrownBy(() => argvOf({}, [native]))).toMatchObject({
        advice: expect.stringContaining("--array") as string,
      })
  })

  test("burst buffers stand in the script, where their plugins look, and nothing else does", () => {
    const native = [
      "#DW jobdw type=scratch capacity=1GB",
      "--nice=5",
      " #BB create_persistent name=x",
      "#BB_LUA pool=a",
    ]
    const submission = submissionOf(specOf({ native }))
    expect(slurm.directives(submission)).toEqual([
      "#DW jobdw type=scratch capacity=1GB",
      "#BB create_persistent name=x",
      "#BB_LUA pool=a",
    ])
    expect(slurm.submit(submission).argv).toEqual([...common, "--nice=5", `${home}/job.sh`])
    const two = submissionOf(specOf({ native: ["#BB x\n#SBATCH -J y"] }))
    expect(thrownBy(() => slurm.directives(two))).toMatchObject({ code: "NATIVE_REFUSED" })
  })

  test.each([":", "#SBATCH hetjob", " #SBATCH packjob "])("%s begins another component of the job", (mark) => {
    expect(argvOf({ tasks: 1 }, ["--mem=1G", mark, "--nodes=2", "--gres=gpu:1"])).toEqual([
      ...common,
      "--ntasks=1",
      "--mem=1G",
      ":",
      "--nodes=2",
      "--gres=gpu:1",
      `${home}/job.sh`,
    ])
    expect(thrownBy(() => argvOf({}, [mark, "--job-name=x"]))).toMatchObject({ code: "NATIVE_REFUSED" })
    const retry = { maxAttempts: 1, on: [], requeue: true }
    expect(thrownBy(() => slurm.submit(submissionOf(specOf({ retry, native: [mark] }))))).toMatchObject({
      code: "NATIVE_REFUSED",
    })
  })

  test("another --gres would take away the job's GPUs", () => {
    expect(thrownBy(() => argvOf({ gpus: { count: 1, type: null } }, ["--gres=nvme:1"]))).toBeInstanceOf(UsageError)
    expect(argvOf({}, ["--gres=nvme:1"])).toContain("--gres=nvme:1")
  })
})
