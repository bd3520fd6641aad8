import { describe, expect, test } from "vitest"
import type { Evidence } from "../../src/job/index.ts"
import { torque } from "../../src/schedulers/torque/index.ts"
import { contract } from "./contract.ts"
import { nativeOf, resultOf, specOf, submissionOf, thrownBy, token } from "./samples.ts"
import { type Told, jobs, running, torqueSample } from "./torque.sample.ts"

contract(torqueSample)

function seen(change: Told): Evidence | undefined {
  return torque.queue([]).parse(resultOf({ stdout: jobs([{ ...running, ...change }]) })).evidence[0]
}

describe("C is success, failure and deletion alike", () => {
  test.each([
    ["exit status 0", { exit_status: "0" }, { state: "completed", exitCode: 0 }],
    ["an exit code", { exit_status: "7" }, { cause: "exit", exitCode: 7 }],
    ["256 and a signal", { exit_status: "265" }, { cause: "signal", signal: "KILL" }],
    [
      "TERM after all of its walltime",
      { exit_status: "271", resources_used: { walltime: "300" } },
      { cause: "timeout" },
    ],
    ["TERM before that", { exit_status: "271", resources_used: { walltime: "00:04:59" } }, { signal: "TERM" }],
    ["deleted before it ran", { exit_status: "271", start_time: undefined }, { state: "cancelled", cause: null }],
    ["a walltime that was over", { exit_status: "-11" }, { cause: "timeout" }],
    ["memory that was over", { exit_status: "-10" }, { cause: "out-of-memory" }],
    ["a command that could not be run", { exit_status: "-8" }, { cause: "launch" }],
    ["a node that was started again", { exit_status: "-4" }, { cause: "node-failure" }],
    ["no word on how", {}, { state: "failed", cause: "exit", exitCode: null }],
  ])("%s", (_, change, outcome) => {
    expect(seen({ job_state: "C", comp_time: "1795233999", ...change })).toMatchObject({
      state: "ended",
      outcome,
      endedAt: 1_795_233_999_000,
    })
  })
})

test("times are seconds since 1970, and each host is told once", () => {
  expect(seen({})).toMatchObject({
    startedAt: 1_795_233_654_000,
    endedAt: null,
    host: "n1,n2",
    submitTime: "1795233653",
  })
  expect(seen({ job_state: "Q" })).toMatchObject({ state: "queued", startedAt: null })
})

test.each(["F", "LEVITATING", "constructor", ""])("%j is kept, and has no effect", (word) => {
  expect(seen({ job_state: word, exit_status: "1" })).toMatchObject({ word, state: null, outcome: null })
})

test("an ampersand that was not escaped breaks nothing", () => {
  const stdout = jobs([{ ...running, Variable_List: "A=x&y &amp; z" }])
  expect(torque.queue([]).parse(resultOf({ stdout }))).toMatchObject({ coverage: "complete", evidence: [{ token }] })
})

test("what the server does not know any more is not there; what it leaves out without a word is not told", () => {
  const history = torque.history([nativeOf("4711.head")], 0)
  const stderr = "qstat: Unknown Job Id Error 4711.head\n"
  expect(history?.parse(resultOf({ exitCode: 153, stderr }))).toMatchObject({ coverage: "complete", evidence: [] })
  expect(history?.parse(resultOf())).toMatchObject({ coverage: "partial" })
  expect(torque.queue([]).parse(resultOf({ stdout: jobs([running], 2) }))).toMatchObject({ coverage: "partial" })
})

describe("options", () => {
  const options = (...change: Parameters<typeof specOf>): string =>
    torque.submit(submissionOf(specOf(...change))).argv.join(" ")

  test.each([
    [{ tasks: 3 }, "-l nodes=1:ppn=3"],
    [{ nodes: 2, tasks: 5, cpusPerTask: 2 }, "-l nodes=1:ppn=6+1:ppn=4"],
    [{ nodes: 2, memory: 2 ** 30 }, "-l nodes=2:ppn=1 -l mem=2048mb"],
    [{ memoryPerCpu: 2 ** 20 }, "-l pmem=1mb"],
    [{ gpus: { count: 2, type: "a100" } }, "-l nodes=1:ppn=1:gpus=2:a100"],
    [
      { exclusive: true, constraint: "cores12:infiniband" },
      "-l nodes=1:ppn=1:cores12:infiniband -l naccesspolicy=singlejob",
    ],
    [{ walltime: 61, qos: "high" }, "-l walltime=0:01:01 -l qos=high"],
  ])("%j", (resources, text) => {
    expect(options({}, resources)).toContain(text)
  })

  test("where nothing is said the site's defaults hold", () => {
    expect(options()).not.toContain("-l ")
  })

  test.each([
    [{ native: ["-t 1-4"] }, {}],
    [{ native: ["-l nodes=4"] }, { tasks: 2 }],
    [{ signal: { name: "USR1", beforeSeconds: 60 } as const }, {}],
    [{}, { reservation: "R1" }],
    [{}, { constraint: "a+2" }],
  ])("%j with %j is refused before anything is sent", (spec, resources) => {
    expect(thrownBy(() => options(spec, resources))).toMatchObject({ name: "UsageError" })
  })
})
