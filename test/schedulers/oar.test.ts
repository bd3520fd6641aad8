import { describe, expect, test } from "vitest"
import type { Evidence } from "../../src/job/index.ts"
import { oar } from "../../src/schedulers/oar/index.ts"
import { contract } from "./contract.ts"
import { nativeOf, resultOf, specOf, submissionOf, thrownBy, token } from "./samples.ts"
import { type Told, listed, running, oarSample } from "./oar.sample.ts"

contract(oarSample)

function seen(change: Told): Evidence | undefined {
  return oar.queue([]).parse(resultOf({ stdout: listed({ "4711": { ...running, ...change } }) })).evidence[0]
}

/** `TYPE DESCRIPTION` each. */
const events = (...noted: readonly string[]): Told => ({
  events: noted.map((text) => {
    const [type = "", ...words] = text.split(" ")
    return { type, description: words.join(" ") }
  }),
})
const deleted = (user: string): string => `FRAG_JOB_REQUEST User ${user} requested to frag the job 4711`

test.each([
  ["Terminated", { exit_code: "0" }, { state: "completed", exitCode: 0 }],
  ["Terminated", { exit_code: "1792" }, { cause: "exit", exitCode: 7 }],
  ["Terminated", { exit_code: "9" }, { cause: "signal", signal: "KILL" }],
  ["Terminated", { exit_code: null }, { state: "completed" }],
  ["Error", { exit_code: null }, { state: "failed", cause: "exit", exitCode: null }],
  [
    "Error",
    events(deleted("oar"), "WALLTIME [sarko] Job [4711] from 1 with 5; current time=6 (Elapsed)"),
    { cause: "timeout" },
  ],
  ["Error", events(deleted("me"), "SWITCH_INTO_ERROR_STATE"), { state: "cancelled", cause: null }],
  ["Error", events(deleted("root")), { state: "cancelled", cause: null, signal: null }],
  ["Error", events(deleted("oar"), "SEND_KILL_JOB"), { state: "failed", cause: "node-failure", signal: "KILL" }],
  ["Terminated", events(deleted("me")), { state: "cancelled", cause: null }],
  ["Error", events(deleted("oar"), "BESTEFFORT_KILL [MetaSched] kill the besteffort job 4711"), { cause: "preempted" }],
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
  const stdout = listed({ "9007199254740993": { ...running, Job_Id: "9007199254740993" } })
  expect(oar.queue([]).parse(resultOf({ stdout })).evidence[0]).toMatchObject({
    nativeId: "9007199254740993",
    host: "n1,n2",
  })
})

test("that none of ours is there is shown by somebody else's; nothing at all is no answer", () => {
  const read = (stdout: string): unknown => oar.queue([]).parse(resultOf({ stdout }))
  expect(read("")).toMatchObject({ coverage: "partial" })
  expect(read("\nend\n")).toMatchObject({ coverage: "partial" })
  const newest = listed({ "4713": { ...running, Job_Id: 4713, name: null } })
  expect(read(newest)).toMatchObject({ coverage: "complete", evidence: [], unread: [] })
  expect(read(newest.replace("end\n", ""))).toMatchObject({ coverage: "partial" })
  expect(read("\nnobody\nend\n")).toMatchObject({ coverage: "complete", evidence: [], unread: [] })
})

test("what can never run has failed, and has not begun", () => {
  const never = { state: "toError", startTime: 0, exit_code: null }
  expect(seen(never)).toMatchObject({ state: "ended", outcome: { state: "failed", exitCode: null }, startedAt: null })
})

test("names are looked for behind the lowest id, where all are known", () => {
  const conditionOf = (...ids: readonly (string | null)[]): string =>
    oar
      .look(
        ids.map((nativeId) => ({ ...nativeOf("1"), nativeId })),
        0,
      )[1]
      ?.argv.at(-1) ?? ""
  expect(conditionOf("4712", "4711", "9007199254740993")).toMatch(/\) AND job_id >= 4711$/)
  expect(conditionOf("4711", null)).toMatch(/^job_name IN \([^)]+\)$/)
})

test("one that OAR has submitted again is not told: its successor speaks", () => {
  const type = "RESUBMIT_JOB_AUTOMATICALLY"
  const gone = { ...running, state: "Error", events: [{ type: "PING_CHECKER_NODE_SUSPECTED" }, { type }] }
  const next = { ...running, Job_Id: 4712, state: "Waiting", resubmit_job_id: 4711 }
  const { evidence } = oar.queue([]).parse(resultOf({ stdout: listed({ "4711": gone, "4712": next }) }))
  expect(evidence).toEqual([expect.objectContaining({ nativeId: "4712", state: "queued" })])
})

test("a rule of the site's about numbers is a limit, although it begins as a refusal", () => {
  const words = "[ADMISSION RULE] Error: maximum number of jobs in this queue reached"
  const command = oar.submit(submissionOf())
  const answer = { exitCode: 254, stderr: `${words}\n`, stdout: "[ADMISSION RULE] Set default walltime to 7200.\n" }
  expect(thrownBy(() => command.parse(resultOf(answer)))).toMatchObject({ class: "limit" })
})

test("what is cancelled is named by id and name to the server itself", () => {
  const argv = (force: boolean): unknown => oar.cancel([nativeOf("4711")], { force, owner: 1 })[0]?.argv
  const condition = `job_name = '${token}-relax' AND job_id = 4711`
  expect(argv(false)).toEqual(["hz_oar_cancel", condition])
  expect(argv(true)).toEqual(["oardel", "--sql", `${condition} AND state NOT IN ('Terminated','Error')`])
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
