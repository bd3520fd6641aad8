import { describe, expect, test } from "vitest"
import type { Evidence } from "../../src/job/index.ts"
import { oar } from "../../src/schedulers/oar/index.ts"
import { contract } from "./contract.ts"
import { nativeOf, resultOf, specOf, submissionOf, thrownBy, token } from "./samples.ts"
import { type Told, jobs, running, oarSample } from "./oar.sample.ts"

contract(oarSample)

function seen(change: Told): Evidence | undefined {
  return oar.queue([]).parse(resultOf({ stdout: jobs({ "4711": { ...running, ...change } }) })).evidence[0]
}

const events = (...types: readonly string[]): Told => ({ events: types.map((type) => ({ type, description: "" })) })

test.each([
  ["Terminated", { exit_code: "0" }, { state: "completed", exitCode: 0 }],
  ["Terminated", { exit_code: "1792" }, { cause: "exit", exitCode: 7 }],
  ["Terminated", { exit_code: "9" }, { cause: "signal", signal: "KILL" }],
  ["Terminated", { exit_code: null }, { state: "completed" }],
  ["Error", { exit_code: null }, { state: "failed", cause: "exit", exitCode: null }],
  ["Error", events("WALLTIME", "FRAG_JOB_REQUEST"), { cause: "timeout" }],
  ["Error", events("FRAG_JOB_REQUEST"), { state: "cancelled", cause: null }],
  ["Terminated", events("FRAG_JOB_REQUEST"), { state: "cancelled", cause: null }],
  ["Error", events("BESTEFFORT_KILL", "FRAG_JOB_REQUEST"), { cause: "preempted" }],
  ["Error", events("PING_CHECKER_NODE_SUSPECTED"), { cause: "node-failure" }],
  ["Error", events("WORKING_DIRECTORY"), { cause: "launch" }],
])("%s with %j", (state, change, outcome) => {
  expect(seen({ state, stopTime: "1795233999", ...change })).toMatchObject({
    state: "ended",
    outcome,
    endedAt: 1_795_233_999_000,
  })
})

test.each(["LEVITATING", "constructor", ""])("%j is kept, and has no effect", (state) => {
  expect(seen({ state, exit_code: "256" })).toMatchObject({ word: state, state: null, outcome: null })
})

test("an id with more digits than a number has is kept, and each host is told once", () => {
  const stdout = jobs({ "9007199254740993": { ...running, Job_Id: "9007199254740993" } })
  expect(oar.queue([]).parse(resultOf({ stdout })).evidence[0]).toMatchObject({
    nativeId: "9007199254740993",
    host: "n1,n2",
  })
})

test("nobody there is what Perl's JSON refuses to print, or null; nothing at all is no answer", () => {
  const stderr =
    "hash- or arrayref expected (not a simple scalar, use allow_nonref to allow this) at oarstat line 312.\n"
  const read = (change: object): unknown => oar.queue([]).parse(resultOf(change))
  expect(read({ exitCode: 255, stderr })).toMatchObject({ coverage: "complete", evidence: [] })
  expect(read({ stdout: "null\n" })).toMatchObject({ coverage: "complete", evidence: [] })
  expect(read({})).toMatchObject({ coverage: "partial" })
})

test("what is cancelled is named by id and name to the server itself", () => {
  const [command] = oar.cancel([nativeOf("4711")], { force: false, owner: 1 })
  expect(command?.argv).toEqual([
    "oardel",
    "--sql",
    `job_name = '${token}-relax' AND job_id = 4711 AND state NOT IN ('Terminated','Error')`,
  ])
})

describe("options", () => {
  const options = (...change: Parameters<typeof specOf>): string =>
    oar.submit(submissionOf(specOf(...change))).argv.join(" ")

  test.each([
    [{ tasks: 4 }, "--resource /core=4"],
    [{ nodes: 2, tasks: 8, cpusPerTask: 2 }, "--resource /nodes=2/core=8"],
    [{ exclusive: true, nodes: 2, walltime: 3661 }, "--resource /nodes=2,walltime=1:01:01"],
    [{ walltime: 60 }, "--resource /core=1,walltime=0:01:00"],
    [{ constraint: "memnode >= 64000" }, "--property (memnode >= 64000)"],
    [{ mail: { user: "me@example.org", on: ["end", "fail"] as const } }, "--notify [END,ERROR]mail:me@example.org"],
  ])("%j", (resources, text) => {
    expect(options({}, resources)).toContain(text)
  })

  test("a warning is OAR's checkpoint, and nodes that have failed are kept away from", () => {
    expect(options({ signal: { name: "USR1", beforeSeconds: 60 } })).toContain("--checkpoint=60 --signal=10")
    const { argv } = oar.submit({ ...submissionOf(), excludeNodes: ["n1", "n2"] })
    expect(argv.join(" ")).toContain("--property network_address NOT IN ('n1','n2')")
  })

  test.each([
    [{ native: ["-n other"] }, {}],
    [{ native: ["--array 4"] }, {}],
    [{ native: ["-t idempotent"] }, {}],
    [{}, { memory: 1 }],
    [{}, { gpus: { count: 1, type: null } }],
    [{}, { mail: { user: null, on: ["end"] as const } }],
  ])("%j with %j is refused before anything is sent", (spec, resources) => {
    expect(thrownBy(() => options(spec, resources))).toMatchObject({ name: "UsageError" })
  })
})
