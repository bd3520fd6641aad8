import { describe, expect, test } from "vitest"
import type { Evidence } from "../../src/job/index.ts"
import { lsf } from "../../src/schedulers/lsf/index.ts"
import { contract } from "./contract.ts"
import { nativeOf, resultOf, specOf, submissionOf, thrownBy } from "./samples.ts"
import { type Told, jobs, running, lsfSample } from "./lsf.sample.ts"

contract(lsfSample)

function read(stdout: string, stderr = "", exitCode = 0): ReturnType<ReturnType<typeof lsf.queue>["parse"]> {
  return lsf.queue([]).parse(resultOf({ stdout, stderr, exitCode }))
}

function seen(change: Told): Evidence | undefined {
  return read(jobs([{ ...running, ...change }])).evidence[0]
}

test.each([
  ["DONE", "", "", { state: "completed", cause: null, exitCode: 0 }],
  ["EXIT", "7", "", { state: "failed", cause: "exit", exitCode: 7 }],
  ["EXIT", "137", "", { cause: "signal", signal: "KILL", exitCode: null }],
  ["EXIT", "200", "", { cause: "exit", exitCode: 200 }],
  ["EXIT", "140", "TERM_RUNLIMIT: job killed after reaching LSF run time limit", { cause: "timeout", signal: null }],
  ["EXIT", "137", "TERM_MEMLIMIT: job killed after reaching LSF memory usage limit", { cause: "out-of-memory" }],
  ["EXIT", "", "TERM_PREEMPT: job killed after preemption", { cause: "preempted" }],
  ["EXIT", "143", "TERM_ZOMBIE: job exited while LSF is not available", { cause: "node-failure" }],
  ["EXIT", "", "TERM_CWD_NOTEXIST: current working directory is not accessible", { cause: "launch" }],
  ["EXIT", "", "TERM_ORPHAN_SYSTEM: orphaned job was automatically terminated by LSF", { cause: "dependency" }],
  ["EXIT", "130", "TERM_OWNER: job killed by owner", { state: "cancelled", cause: null, exitCode: null, signal: null }],
  ["EXIT", "1", "TERM_UNKNOWN: unknown reason", { cause: "exit", exitCode: 1 }],
  ["EXIT", "", "", { state: "failed", cause: "exit", exitCode: null }],
])("%s %s %s", (word, code, reason, outcome) => {
  expect(seen({ STAT: word, EXIT_CODE: code, EXIT_REASON: reason })).toMatchObject({ state: "ended", outcome })
})

test.each(["UNKWN", "ZOMBI", "LEVITATING", "constructor", ""])("%j is kept, and has no effect", (word) => {
  expect(seen({ STAT: word, EXIT_CODE: "1" })).toMatchObject({ word, state: null, outcome: null })
})

test("where a job runs is told without the number of its slots, and why it waits in LSF's words", () => {
  expect(seen({})?.host).toBe("n1,n2")
  for (const slots of ["n1", "16*n1", "n1:n1:n1"]) expect(seen({ EXEC_HOST: slots })?.host).toBe("n1")
  expect(seen({ STAT: "PEND", EXEC_HOST: "", PEND_REASON: "Job dependency condition not satisfied;" })).toMatchObject({
    state: "queued",
    host: null,
    reason: "Job dependency condition not satisfied;",
  })
})

describe("silence", () => {
  test("is an answer where bjobs says that there is nobody", () => {
    for (const exitCode of [0, 255])
      expect(read("", "No job found\n", exitCode)).toMatchObject({ coverage: "complete", evidence: [] })
    expect(read(jobs([]))).toMatchObject({ coverage: "complete", evidence: [] })
  })

  test("about the unfinished, where all have ended, is exit code 255 beside the list", () => {
    const listing = read(jobs([{ ...running, STAT: "DONE" }]), "", 255)
    expect(listing).toMatchObject({ coverage: "complete", evidence: [{ state: "ended" }] })
  })

  test("is none where it says nothing, or not as much as it has counted", () => {
    expect(read("")).toMatchObject({ coverage: "partial" })
    expect(read(jobs([running], 2))).toMatchObject({ coverage: "partial", evidence: [{ nativeId: "4711" }] })
  })

  test("about an id that is asked for is told as a record of its own", () => {
    const [, byId] = lsf.look([nativeOf("4713")], 0)
    const stdout = jobs([{ JOBID: "4713", ERROR: "Job <4713> is not found" }])
    expect(byId?.parse(resultOf({ stdout, exitCode: 255, stderr: "Job <4713> is not found\n" }))).toMatchObject({
      coverage: "complete",
      evidence: [],
    })
  })
})

test("waiting for mbatchd is no part of the answer, and no failure where the answer came", () => {
  const wait = "LSF is processing your request. Please wait ...\n"
  const down = "LSF is down. Please wait ...\n"
  expect(read(wait + jobs([running]), down)).toMatchObject({ coverage: "complete", evidence: [{ nativeId: "4711" }] })
  expect(thrownBy(() => read(wait, down))).toMatchObject({ class: "transient" })
})

test("bsub that waits for a limit to pass may have been taken when it was ended", () => {
  const stderr = "User <me>: Pending job threshold reached. Retrying in 60 seconds...\n"
  const submit = (change: object): unknown => thrownBy(() => lsf.submit(submissionOf()).parse(resultOf(change)))
  expect(submit({ stderr, exitCode: 143, timedOut: true })).toMatchObject({ class: "in-doubt" })
  expect(submit({ stderr, exitCode: 255 })).toMatchObject({ class: "in-doubt" })
  expect(lsf.classify(resultOf({ stderr, exitCode: 255 }))).toBe("limit")
  const stdout = "Job <4711> is submitted to queue <normal>.\n"
  expect(lsf.submit(submissionOf()).parse(resultOf({ stdout, stderr }))).toEqual({ nativeId: "4711", submitTime: null })
})

describe("options", () => {
  const options = (...change: Parameters<typeof specOf>): string =>
    lsf.submit(submissionOf(specOf(...change))).argv.join(" ")

  test("the script is one word for the shell that runs it", () => {
    const submission = submissionOf()
    expect(lsf.submit({ ...submission, script: "/home/a b/job.sh" }).argv.at(-1)).toBe("'/home/a b/job.sh'")
  })

  test.each([
    [{ tasks: 4 }, "-n 4 /home"],
    [{ nodes: 2, tasks: 8, cpusPerTask: 2 }, "-n 16 -R span[ptile=8]"],
    [{ cpusPerTask: 4 }, "-n 4 -R span[hosts=1]"],
    [{ tasks: 8, tasksPerNode: 4 }, "-n 8 -R span[ptile=4]"],
    [{ memory: 2 ** 30 + 1 }, "-M 1025MB -R rusage[mem=1025MB]"],
    [{ walltime: 5401 }, "-W 1:31"],
    [{ gpus: { count: 2, type: "TeslaV100" } }, "-gpu num=2:gmodel=TeslaV100"],
    [{ constraint: "model==XeonE5" }, "-R select[(model==XeonE5)]"],
    [{ queue: "short", account: "acme", reservation: "me#1", exclusive: true }, "-q short -P acme -U me#1 -x"],
    [{ mail: { user: "me", on: ["fail"] as const } }, "-u me -Ne"],
  ])("%j", (resources, text) => {
    expect(options({}, resources)).toContain(text)
  })

  test("nodes that have failed are kept away from", () => {
    const { argv } = lsf.submit({ ...submissionOf(), excludeNodes: ["n1", "n2"] })
    expect(argv.join(" ")).toContain("-R select[(hname!='n1')&&(hname!='n2')]")
  })

  test.each([
    [{ native: ["-J other"] }, {}],
    [{ native: ["-oo /tmp/x"] }, {}],
    [{ native: ["-K"] }, {}],
    [{ native: ["--x"] }, {}],
    [{ signal: { name: "USR1", beforeSeconds: 60 } as const }, {}],
    [{}, { qos: "high" }],
    [{}, { constraint: "a] rusage[mem=1" }],
  ])("%j with %j is refused before anything is sent", (spec, resources) => {
    expect(thrownBy(() => options(spec, resources))).toMatchObject({ name: "UsageError" })
  })

  test("other native options go through as words", () => {
    expect(options({ native: ["#BSUB -app gpu", "-R select[mem > 100]"] })).toContain("-app gpu -R select[mem > 100]")
  })
})
