import { describe, expect, test } from "vitest"
import type { Evidence } from "../../src/job/index.ts"
import { pbs } from "../../src/schedulers/pbs/index.ts"
import { contract } from "./contract.ts"
import { nativeOf, resultOf, specOf, submissionOf, thrownBy, token } from "./samples.ts"
import { type Told, jobs, running, pbsSample } from "./pbs.sample.ts"

contract(pbsSample)

const since = 1_795_232_000

function seen(change: Told): Evidence | undefined {
  const stdout = jobs({ "4711.pbs": { ...running, ...change } })
  return pbs.queue([]).parse(resultOf({ stdout })).evidence[0]
}

describe("F is success, failure and deletion alike", () => {
  const finished = { job_state: "F", substate: 92 }
  test.each([
    ["exit status 0", { Exit_status: 0 }, { state: "completed", cause: null, exitCode: 0 }],
    ["an exit code", { Exit_status: 7 }, { state: "failed", cause: "exit", exitCode: 7 }],
    ["an exit code above 128, which is no signal", { Exit_status: 200 }, { cause: "exit", exitCode: 200 }],
    ["256 and a signal", { Exit_status: 265 }, { cause: "signal", signal: "KILL", exitCode: null }],
    ["a walltime that was over", { Exit_status: -29 }, { cause: "timeout" }],
    [
      "TERM after all of its walltime",
      { Exit_status: 271, resources_used: { walltime: "00:05:03" } },
      { cause: "timeout", signal: null },
    ],
    [
      "TERM before that",
      { Exit_status: 271, resources_used: { walltime: "00:04:59" } },
      { cause: "signal", signal: "TERM" },
    ],
    ["memory that was over", { Exit_status: -27 }, { cause: "out-of-memory" }],
    ["a start that failed", { Exit_status: -3 }, { cause: "launch" }],
    ["a node that was started again", { Exit_status: -4 }, { cause: "node-failure" }],
    ["a node that is gone", { substate: 93 }, { cause: "node-failure" }],
    ["deleted while it ran", { Exit_status: 271, substate: 91 }, { state: "cancelled", cause: null }],
    ["deleted, though it ended with 0", { Exit_status: 0, substate: 91 }, { state: "cancelled", cause: null }],
    ["deleted before it ran", { stime: undefined, substate: 91 }, { state: "cancelled", cause: null }],
    ["no word on how", {}, { state: "failed", cause: "exit", exitCode: null }],
  ])("%s", (_, change, outcome) => {
    expect(seen({ ...finished, ...change })).toMatchObject({ state: "ended", source: "queue", outcome })
  })
})

test.each([
  ["Q", "queued"],
  ["W", "queued"],
  ["T", "queued"],
  ["H", "held"],
  ["R", "running"],
  ["E", "running"],
  ["S", "suspended"],
  ["U", "suspended"],
])("%s is %s", (word, state) => {
  expect(seen({ job_state: word })).toMatchObject({ word, state, outcome: null, source: "queue" })
})

test.each(["M", "Z", "constructor", ""])("%j is kept, and has no effect", (word) => {
  expect(seen({ job_state: word, Exit_status: 1 })).toMatchObject({ word, state: null, outcome: null })
})

test("where a job ran and why is told in its own words", () => {
  expect(seen({})).toMatchObject({ host: "n1,n2", reason: running["comment"], submitTime: running["ctime"] })
})

test("what the server calls an id may lack the server: it is the one that we know", () => {
  const stdout = jobs({ "4711": running })
  const known = pbs.queue([nativeOf("4711.pbs.example.org")]).parse(resultOf({ stdout }))
  expect(known.evidence[0]?.nativeId).toBe("4711.pbs.example.org")
  expect(pbs.queue([]).parse(resultOf({ stdout })).evidence[0]?.nativeId).toBe("4711")
})

describe("JSON that is none", () => {
  test("numbers with a nought in front and raw control characters, as PBS Pro 19 prints them, are read", () => {
    const stdout = jobs({ "4711.pbs": { ...running, Account_Name: "@", Variable_List: { A: "B" } } })
    const broken = stdout.replace('"@"', "0123").replace('"B"', '"a\tb"')
    expect(() => JSON.parse(/\{[^]*\n\}/.exec(broken)?.[0] ?? "") as unknown).toThrow()
    const listing = pbs.queue([]).parse(resultOf({ stdout: broken }))
    expect(listing).toMatchObject({ coverage: "complete", unread: [] })
    expect(listing.evidence[0]).toMatchObject({ token, state: "running" })
  })

  test("anything worse takes the worth from silence", () => {
    const stdout = jobs({ "4711.pbs": running }).replace('"job_state": "R",', '"job_state": "R"')
    expect(pbs.queue([]).parse(resultOf({ stdout }))).toMatchObject({ coverage: "partial", evidence: [] })
  })
})

describe("an answer that is not about all that were selected", () => {
  test("is partial", () => {
    expect(pbs.queue([]).parse(resultOf({ stdout: jobs({ "4711.pbs": running }, 2) })).coverage).toBe("partial")
  })

  test("unless the server says that it does not know the others any more", () => {
    const stdout = jobs({ "4711.pbs": running }, 2).replace("hz-end 0", "hz-end 153")
    const result = resultOf({ stdout, exitCode: 153, stderr: "qstat: Unknown Job Id 4712.pbs\n" })
    expect(pbs.queue([]).parse(result)).toMatchObject({ coverage: "complete", evidence: [{ nativeId: "4711.pbs" }] })
  })

  test("nobody selected is nobody there, and nothing said is no answer", () => {
    expect(pbs.queue([]).parse(resultOf({ stdout: "\nhz-selected 0\n\nhz-end 0\n" }))).toMatchObject({
      coverage: "complete",
      evidence: [],
    })
    expect(pbs.queue([]).parse(resultOf())).toMatchObject({ coverage: "partial" })
  })
})

describe("the history", () => {
  const history = pbs.history([nativeOf("4711.pbs")], since)

  test("of a job that it does not know is complete, and silent", () => {
    const result = resultOf({ exitCode: 153, stderr: "qstat: Unknown Job Id 4711.pbs\n" })
    expect(history?.parse(result)).toMatchObject({ coverage: "complete", evidence: [] })
  })

  test("that nobody keeps is told apart from one that does not answer", () => {
    const stderr = "qstat: PBS is not configured to maintain job history\n"
    expect(history?.parse(resultOf({ exitCode: 36, stderr }))).toMatchObject({ coverage: "none" })
    for (const command of pbs.look([nativeOf("4711.pbs")], since).slice(1))
      expect(command.parse(resultOf({ exitCode: 36, stderr })).coverage).toBe("none")
  })

  test("that nobody keeps is none too where OpenPBS 23.06 ends with 0, and looks as if it knew of no job", () => {
    const stdout = '{\n    "timestamp":1795849263,\n    "pbs_version":"23.06.06",\n    "pbs_server":"pbs"\n}'
    const ofOne = { stdout, stderr: "qstat: PBS is not configured to maintain job history 45.pbs\n" }
    expect(history?.parse(resultOf(ofOne))).toMatchObject({ coverage: "none" })
    const ofName = {
      stdout: "\nhz-selected 0\n\nhz-end 0\n",
      stderr: "qselect: PBS is not configured to maintain job history\n",
    }
    const [, byName] = pbs.look([nativeOf("4711.pbs")], since)
    expect(byName?.parse(resultOf(ofName))).toMatchObject({ coverage: "none" })
    expect(byName?.parse(resultOf({ ...ofName, stderr: "" }))).toMatchObject({ coverage: "complete" })
  })
})

describe("options", () => {
  const options = (...change: Parameters<typeof specOf>): string =>
    pbs.submit(submissionOf(specOf(...change))).argv.join(" ")

  test("everything that matters is stated, and nothing is read from the script", () => {
    const argv = pbs.submit(submissionOf()).argv
    expect(argv.slice(0, 4)).toEqual(["qsub", "-f", "-C", ""])
    expect(argv.join(" ")).toContain(
      `-N ${token}-relax -S /bin/sh -j oe -o /home/me/.hawser/s1/jobs/${token}/scheduler.log -r n -V`,
    )
    expect(argv.at(-1)).toMatch(/job\.sh$/)
  })

  test.each([
    [{ tasks: 3 }, "select=3:ncpus=1:mpiprocs=1"],
    [{ tasks: 3, memory: 2 ** 30 }, "select=1:ncpus=3:mpiprocs=3:mem=1024mb"],
    [{ nodes: 2, tasks: 8, cpusPerTask: 2 }, "select=2:ncpus=8:mpiprocs=4:ompthreads=2 -l place=scatter"],
    [{ nodes: 2, tasks: 5 }, "select=1:ncpus=3:mpiprocs=3+1:ncpus=2:mpiprocs=2 -l place=scatter"],
    [{ tasks: 5, tasksPerNode: 2 }, "select=2:ncpus=2:mpiprocs=2+1:ncpus=1:mpiprocs=1"],
    [{ memoryPerCpu: 2 ** 20, cpusPerTask: 4 }, "select=1:ncpus=4:mpiprocs=1:ompthreads=4:mem=4mb"],
    [{ gpus: { count: 2, type: null } }, "select=1:ncpus=1:mpiprocs=1:ngpus=2"],
    [{ exclusive: true }, "select=1:ncpus=1:mpiprocs=1 -l place=excl"],
    [{ constraint: "model=haswell" }, "select=1:ncpus=1:mpiprocs=1:model=haswell"],
    [{ walltime: 93_784 }, "-l walltime=26:03:04"],
    [{ queue: "work", account: "acme" }, "-q work -A acme -m n"],
    [{ mail: { user: "me@example.org", on: ["end", "begin"] as const } }, "-m be -M me@example.org"],
  ])("%j", (resources, text) => {
    expect(options({}, resources)).toContain(text)
  })

  test("where nothing is said the site's defaults hold", () => {
    expect(options()).not.toContain("-l ")
  })

  test.each([
    [{ native: ["-N other"] }, {}],
    [{ native: ["-o/tmp/x"] }, {}],
    [{ native: ["-J 1-4"] }, {}],
    [{ native: ["-W block=true"] }, {}],
    [{ native: ["--exclusive"] }, {}],
    [{ native: ["-l select=2"] }, { tasks: 4 }],
    [{ signal: { name: "USR1", beforeSeconds: 60 } as const }, {}],
    [{}, { qos: "high" }],
    [{}, { reservation: "R1" }],
    [{}, { constraint: "haswell+1:ncpus=64" }],
    [{}, { gpus: { count: 1, type: "a100" } }],
  ])("%j with %j is refused before anything is sent", (spec, resources) => {
    expect(thrownBy(() => options(spec, resources))).toMatchObject({ name: "UsageError" })
  })

  test("other native options go through as words", () => {
    expect(options({ native: ["#PBS -l select=2:ncpus=4", "-lplace=pack", "-W group_list=a b"] })).toContain(
      "-l select=2:ncpus=4 -lplace=pack -W group_list=a b",
    )
  })
})
