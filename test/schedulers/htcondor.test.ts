import { describe, expect, test } from "vitest"
import type { Evidence } from "../../src/job/index.ts"
import { htcondor } from "../../src/schedulers/htcondor/index.ts"
import { contract } from "./contract.ts"
import { nativeOf, resultOf, specOf, submissionOf, thrownBy } from "./samples.ts"
import { type Told, ads, running, htcondorSample } from "./htcondor.sample.ts"

contract(htcondorSample)

function queued(change: Told): Evidence | undefined {
  return htcondor.queue([]).parse(resultOf({ stdout: ads([{ ...running, ...change }]) })).evidence[0]
}

function past(change: Told): Evidence | undefined {
  const history = htcondor.history([nativeOf("4711.0")], 0)
  return history?.parse(resultOf({ stdout: ads([{ ...running, ...change }]) })).evidence[0]
}

const byPolicy = "The job attribute PeriodicRemove expression '…' evaluated to TRUE"

test.each([
  ["exit code 0", { JobStatus: 4, ExitBySignal: false, ExitCode: 0 }, { state: "completed", exitCode: 0 }],
  ["an exit code", { JobStatus: 4, ExitBySignal: false, ExitCode: 137 }, { cause: "exit", exitCode: 137 }],
  [
    "a signal",
    { JobStatus: 4, ExitBySignal: true, ExitSignal: 9 },
    { cause: "signal", signal: "KILL", exitCode: null },
  ],
  ["a person", { JobStatus: 3, RemoveReason: "via condor_rm (by user me)" }, { state: "cancelled", cause: null }],
  ["its walltime", { JobStatus: 3, LastJobStatus: 2, RemoveReason: byPolicy }, { cause: "timeout" }],
  ["an eviction", { JobStatus: 3, LastJobStatus: 1, RemoveReason: byPolicy }, { cause: "preempted" }],
])("in the history, ended by %s", (_, change, outcome) => {
  expect(past(change)).toMatchObject({ state: "ended", outcome, startedAt: 1_795_233_654_000 })
})

test.each([
  [1, {}, "queued"],
  [2, {}, "running"],
  [5, { HoldReason: "memory", HoldReasonCode: 34 }, "held"],
  [5, { HoldReasonCode: 16 }, "queued"],
  [6, {}, "running"],
  [7, {}, "suspended"],
])("status %i with %j is %s", (status, change, state) => {
  expect(queued({ JobStatus: status, ...change })).toMatchObject({ word: String(status), state, outcome: null })
})

test("what is being removed may still run; what never ran is gone", () => {
  expect(queued({ JobStatus: 3 })).toMatchObject({ state: "running", outcome: null })
  expect(queued({ JobStatus: 3, NumJobStarts: 0 })).toMatchObject({ state: "ended", outcome: { state: "cancelled" } })
})

test.each([11, -1, 77])("status %i is kept, and has no effect", (status) => {
  expect(queued({ JobStatus: status, ExitCode: 1 })).toMatchObject({ word: String(status), state: null, outcome: null })
})

test("where it runs is told without its slot, and why it is held in HTCondor's words", () => {
  expect(queued({})?.host).toBe("n1")
  expect(
    queued({ JobStatus: 5, HoldReason: "Error from slot1@n1: memory usage exceeded request_memory" })?.reason,
  ).toContain("memory usage exceeded")
})

describe("silence", () => {
  test("is an answer of the queue only where it has counted nobody", () => {
    const totals = "\n-- Schedd: head : <127.0.0.1:9618?... @ 11/27/26 18:00:00\n"
    const none = "Total for query: 0 jobs; 0 completed, 0 removed, 0 idle, 0 running, 0 held, 0 suspended\n"
    const read = (stdout: string): unknown => htcondor.queue([]).parse(resultOf({ stdout }))
    expect(read(totals + none)).toMatchObject({ coverage: "complete", evidence: [] })
    expect(read(totals + none.replace("0 jobs", "3 jobs"))).toMatchObject({ coverage: "partial" })
    expect(read("")).toMatchObject({ coverage: "partial" })
  })

  test("of the history means that there is nobody", () => {
    expect(htcondor.history([nativeOf("4711.0")], 0)?.parse(resultOf())).toMatchObject({ coverage: "complete" })
  })
})

describe("submit commands", () => {
  const commands = (...change: Parameters<typeof specOf>): readonly string[] =>
    htcondor.submit(submissionOf(specOf(...change))).argv

  test("it is started once only, and told its id", () => {
    const argv = commands()
    expect(argv).toContain('environment="HAWSER_CONDOR_ID=\u0024(ClusterId).\u0024(ProcId)"')
    expect(argv).toContain("periodic_remove=(JobStatus == 1)&&(NumJobStarts > 0)")
    expect(argv.slice(-2)).toEqual(["-queue", "1"])
  })

  test.each([
    [{ tasks: 2, cpusPerTask: 3 }, "request_cpus=6"],
    [{ memory: 2 ** 30 + 1 }, "request_memory=1025M"],
    [{ gpus: { count: 2, type: null } }, "request_gpus=2"],
    [
      { walltime: 600 },
      "periodic_remove=((JobStatus == 1)&&(NumJobStarts > 0))||((JobStatus == 2)&&((time() - JobCurrentStartDate) > 600))",
    ],
    [{ constraint: "HasFoo" }, "requirements=((MY.NumJobStarts =?= undefined)||(MY.NumJobStarts == 0))&&(HasFoo)"],
    [{ mail: { user: "me@example.org", on: ["fail"] as const } }, "notification=Error"],
  ])("%j", (resources, text) => {
    expect(commands({}, resources)).toContain(text)
  })

  test.each([
    [{ native: ["universe = docker"] }, {}],
    [{ native: ["-append x"] }, {}],
    [{ signal: { name: "USR1", beforeSeconds: 60 } as const }, {}],
    [{}, { nodes: 2 }],
    [{}, { queue: "long" }],
    [{}, { constraint: "a\nqueue 100" }],
  ])("%j with %j is refused before anything is sent", (spec, resources) => {
    expect(thrownBy(() => commands(spec, resources))).toMatchObject({ name: "UsageError" })
  })

  test("other submit commands go through", () => {
    const argv = commands({ native: ["request_disk = 1G", '+ProjectName = "x"'] })
    expect(argv).toContain("request_disk=1G")
    expect(argv).toContain('My.ProjectName="x"')
  })
})
