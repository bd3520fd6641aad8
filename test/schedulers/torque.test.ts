import { describe, expect, test } from "vitest"
import type { Evidence } from "../../src/job/index.ts"
import { torque } from "../../src/schedulers/torque/index.ts"
import { contract } from "./contract.ts"
import { nativeOf, resultOf, specOf, submissionOf, thrownBy, token } from "./samples.ts"

type Told = Readonly<Record<string, string | Readonly<Record<string, string>> | undefined>>

/** As qstat -x prints it (Torque 6), in one line, over remote/selected.sh. */
function jobs(all: readonly Told[], selected = all.length): string {
  const element = (name: string, value: string): string => `<${name}>${value}</${name}>`
  const job = (told: Told): string =>
    element(
      "Job",
      Object.entries(told)
        .flatMap(([name, value]) => {
          if (value === undefined) return []
          if (typeof value === "string") return [element(name, value)]
          return [
            element(
              name,
              Object.entries(value)
                .map(([key, one]) => element(key, one))
                .join(""),
            ),
          ]
        })
        .join(""),
    )
  return `\nhz-selected ${selected}\n${element("Data", all.map(job).join(""))}\n\nhz-end 0\n`
}

const running: Told = {
  Job_Id: "4711.head",
  Job_Name: `${token}-relax`,
  job_state: "R",
  ctime: "1795233653",
  start_time: "1795233654",
  exec_host: "n1/0-3+n2/0-3",
  Resource_List: { nodes: "2:ppn=4", walltime: "00:05:00" },
}

contract({
  scheduler: torque,
  nativeId: "4711.head",
  accepted: resultOf({ stdout: "4711.head\n" }),
  refused: {
    transient: resultOf({
      exitCode: 111,
      stderr: "qsub: cannot connect to server head (errno=111) Connection refused\n",
    }),
    busy: resultOf({ exitCode: 30, stderr: "qsub: Pbs Server is currently too busy to service this request.\n" }),
    limit: resultOf({
      exitCode: 228,
      stderr: "qsub: submit error (Maximum number of jobs already in queue for user)\n",
    }),
    rejected: resultOf({ exitCode: 190, stderr: "qsub: Job exceeds queue resource limits MSG=cannot locate nodes\n" }),
    "in-doubt": resultOf({ exitCode: 237, stderr: "qsub: submit error (Time out)\n" }),
    gone: resultOf({ exitCode: 127, stderr: "sh: 1: qsub: not found\n" }),
  },
  queue: () => jobs([running, { ...running, Job_Id: "4712.head", Job_Name: "a stranger's" }]),
  down: resultOf({ exitCode: 111, stderr: "qstat: cannot connect to server head (errno=111) Connection refused\n" }),
  noise: "Welcome. You have 4711 messages.",
})

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

test("times are seconds since 1970, and the host is the first one", () => {
  expect(seen({})).toMatchObject({ startedAt: 1_795_233_654_000, endedAt: null, host: "n1", submitTime: "1795233653" })
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
