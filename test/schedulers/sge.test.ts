import { describe, expect, test } from "vitest"
import type { Listing, Scheduler } from "../../src/schedulers/index.ts"
import { sge } from "../../src/schedulers/sge/index.ts"
import { contract } from "./contract.ts"
import { job, listOf, sgeSample } from "./sge.sample.ts"
import { fixture, nativeOf, otherToken, resultOf, submissionOf, thrownBy, token } from "./samples.ts"

const since = 1_795_232_000

contract(sgeSample)

const readQueue = (stdout: string): Listing => sge.queue([]).parse(resultOf({ stdout }))

describe("the queue of Grid Engine", () => {
  const listing = readQueue(fixture("sge/queue/error-state-with-its-reason-behind-it.txt"))

  test("lists ours in every state, with the time of a start only where there was one", () => {
    expect(listing).toMatchObject({ unread: [], coverage: "complete", trouble: null })
    expect(
      listing.evidence.map(({ word, state, startedAt, host, restarts }) => [word, state, startedAt, host, restarts]),
    ).toEqual([
      ["r", "running", Date.UTC(2026, 10, 27, 18, 29, 31), "vm", 0],
      ["qw", "queued", null, null, 0],
      ["Eqw", "held", null, null, 0],
      ["Rq", "queued", null, null, 1],
      ["Rq", "queued", null, null, 1],
      ["hqw", "held", null, null, 0],
    ])
  })

  test("an error state has its reason, without the time and the pid before it", () => {
    expect(listing.evidence.map(({ reason }) => reason).filter((reason) => reason !== null)).toEqual([
      "can't chdir to /home/sgeu/nodir: No such file or directory",
    ])
  })

  test("reasons that can't be read take nothing from the list", () => {
    const list = listOf(job("4711", `${token}-relax`, "Eqw"))
    const broken = `${list.slice(0, -"end\n".length)}hz-reasons\n<?xml version='1.0'?>\n<detailed_job_info><a></b>\nend\n`
    expect(readQueue(broken)).toMatchObject({ coverage: "complete", evidence: [{ state: "held", reason: null }] })
  })

  test("jobs that are not known, which 6.2 tells in elements without a name, are no list", () => {
    const unknown = [
      fixture("sge/queue/unknown-jobs-8.1.9.txt"),
      "<?xml version='1.0'?>\n<unknown_jobs><><ST_name>1</ST_name></></unknown_jobs>\n",
    ]
    for (const text of unknown) expect(readQueue(`${text}end\n`)).toMatchObject({ evidence: [], coverage: "partial" })
  })

  test("a record of ours without a state makes its silence worth nothing", () => {
    expect(readQueue(listOf(job("4711", `${token}-relax`, "")))).toMatchObject({ evidence: [], coverage: "partial" })
    expect(readQueue(listOf(job("4711", "a stranger", "")))).toMatchObject({ evidence: [], coverage: "complete" })
  })

  test("a name that was cut in the list is read from the full one", () => {
    const full = job("4711", token.slice(0, 10)).replace(
      "</slots>",
      `</slots><full_job_name>${token}-relax</full_job_name>`,
    )
    expect(readQueue(listOf(full)).evidence).toMatchObject([{ token }])
  })

  test("without jobs is empty, and says so", () => {
    expect(readQueue(listOf(""))).toEqual({ evidence: [], unread: [], coverage: "complete", trouble: null })
  })
})

describe("the accounting of Grid Engine", () => {
  const read = (stdout: string, natives = [nativeOf("4711")]): Listing | undefined =>
    sge.history(natives, since)?.parse(resultOf({ stdout }))

  test("an exit code of 200 is no signal, a signal no exit code, and a start that came to nothing no end", () => {
    const listing = read(fixture("sge/accounting/exit-200-is-no-signal.txt"))
    expect(listing).toMatchObject({ unread: [], coverage: "complete" })
    expect(listing?.evidence.map(({ token: its, outcome }) => [its, outcome])).toEqual([
      ["hztrap000000110", { state: "failed", cause: "timeout", exitCode: null, signal: "KILL" }],
      ["hztrap000000111", { state: "failed", cause: "exit", exitCode: 200, signal: null }],
      ["hztrap000000112", { state: "failed", cause: "signal", exitCode: null, signal: "KILL" }],
      ["hztrap000000113", { state: "failed", cause: "signal", exitCode: null, signal: "KILL" }],
      ["hztrap000000115", { state: "completed", cause: null, exitCode: 0, signal: null }],
    ])
    expect(listing?.evidence[0]).toMatchObject({
      nativeId: "116",
      word: "37  : qmaster enforced h_rt, h_cpu, or h_vmem limit",
      reason: "qmaster enforced h_rt, h_cpu, or h_vmem limit",
      startedAt: Date.UTC(2026, 10, 27, 18, 29, 34),
      endedAt: Date.UTC(2026, 10, 27, 18, 29, 37),
      host: "vm",
    })
  })

  const record = (fields: Readonly<Record<string, string>>): string => {
    const all = {
      hostname: "n1",
      jobname: `${token}-relax`,
      jobnumber: "4711",
      failed: "0",
      exit_status: "0",
      ...fields,
    }
    const lines = Object.entries(all).map(([name, value]) => `${name.padEnd(12)} ${value}\n`)
    return `==============================================================\n${lines.join("")}`
  }
  const outcomeOf = (fields: Readonly<Record<string, string>>): unknown =>
    read(`${record(fields)}end\n`)?.evidence[0]?.outcome

  test.each([
    [
      "memory was asked for, and there was time",
      { category: "-l h_rt=60,h_vmem=1G", ru_wallclock: "3s" },
      "out-of-memory",
    ],
    ["the time was over", { category: "-l h_rt=60,h_vmem=1G", ru_wallclock: "61" }, "timeout"],
    ["memory alone was asked for", { category: "-l h_vmem=1G", ru_wallclock: "3s" }, "out-of-memory"],
    ["the queue's own limit of time", { category: "NONE", ru_wallclock: "20s" }, "timeout"],
  ])("the one word for three limits is told apart: %s", (_, fields, cause) => {
    expect(outcomeOf({ failed: "37  : qmaster enforced h_rt limit", exit_status: "137", ...fields })).toMatchObject({
      cause,
    })
  })

  test.each([
    ["25  : rescheduling", "99"],
    ["28  : changing into working directory", "0"],
    ["30  : application error returned", "100"],
    ["1   : assumedly before job", "0"],
    ["8   : in prolog", "1"],
    ["wrong", "0"],
  ])("failed %s is no end", (failed, status) => {
    expect(outcomeOf({ failed, exit_status: status })).toBeUndefined()
  })

  test("a deletion that was forced looks like a success, but for its usage, and is no end; its twin has ended", () => {
    const listing = read(fixture("sge/accounting/forced-deletion-is-no-success.txt"))
    expect(listing).toMatchObject({ unread: [], coverage: "complete" })
    expect(listing?.evidence.map(({ token: its, outcome }) => [its, outcome?.state])).toEqual([
      ["hztrap000000121", "completed"],
    ])
  })

  test("what ran, and what came behind it failed, has ended", () => {
    expect(outcomeOf({ failed: "15  : in epilog", exit_status: "0" })).toMatchObject({
      state: "failed",
      cause: "exit",
      exitCode: null,
    })
    expect(outcomeOf({ failed: "100 : assumedly after job", exit_status: "3" })).toMatchObject({
      cause: "exit",
      exitCode: 3,
    })
  })

  test("Univa tells who deleted a job; others tell a deletion as KILL", () => {
    expect(outcomeOf({ failed: "100 : assumedly after job", exit_status: "137", deleted_by: "root@n1" })).toMatchObject(
      { state: "cancelled" },
    )
    expect(outcomeOf({ failed: "0", exit_status: "0", deleted_by: "NONE" })).toMatchObject({ state: "completed" })
  })

  test("of several ends of one native the last counts, for a job's other hosts write theirs before", () => {
    const text =
      record({ exit_status: "0" }) +
      record({ exit_status: "7" }) +
      record({ jobname: `${otherToken}-x`, jobnumber: "9" })
    expect(read(`${text}end\n`)?.evidence.map(({ nativeId, outcome }) => [nativeId, outcome?.exitCode])).toEqual([
      ["4711", 7],
      ["9", 0],
    ])
  })

  test("a name that is not found is an answer, a file that is not there is none, and both are no trouble", () => {
    expect(read(`error: job name ${token}-relax not found\nend\n`)).toMatchObject({
      evidence: [],
      coverage: "complete",
      trouble: null,
    })
    expect(
      read("/sge/default/common/accounting: No such file or directory\nno jobs running since startup\nend\n"),
    ).toMatchObject({ coverage: "none", unread: [] })
  })

  test("words that nobody has seen, or no end, make its silence worth nothing", () => {
    expect(read("The frobnicator is out of gin.\nend\n")).toMatchObject({
      coverage: "partial",
      unread: ["The frobnicator is out of gin."],
    })
    expect(read(record({}))).toMatchObject({ coverage: "partial" })
  })

  test("a cell that is not there is no answer", () => {
    expect(thrownBy(() => read('error: cell directory "/x/default" doesn\'t exist\nend\n'))).toMatchObject({
      class: "gone",
    })
  })

  test("few are asked for by their names, many by the head of all, from a day before the oldest", () => {
    expect(sge.history([nativeOf("4711"), nativeOf(null, otherToken)], since)?.argv).toEqual([
      "hz_sge_accounting",
      "-",
      `${token}-relax`,
      `${otherToken}-relax`,
    ])
    const many = Array.from({ length: 5_000 }, (_, index) => nativeOf(String(index)))
    expect(sge.history(many, since)?.argv).toEqual(["hz_sge_accounting", "202611200333", "hz*"])
    expect(sge.look(many, since)).toHaveLength(2)
  })
})

describe("acting on Grid Engine", () => {
  test("a cancel goes by the id, in a script that looks at the name first; without an id by the name", () => {
    const argvOf = (id: string | null): unknown => sge.cancel([nativeOf(id)], { force: false, owner: 1 })[0]?.argv
    expect(argvOf("4711")).toEqual(["hz_sge_cancel", "4711", `${token}-relax`])
    expect(argvOf(null)).toEqual(["qdel", `${token}-relax`])
  })

  test("holding and releasing go by the name, which carries the token", () => {
    const argvOf = (commands: ReturnType<Scheduler["hold"]>) => (commands ?? []).map(({ argv }) => argv)
    const name = `${token}-relax`
    expect(argvOf(sge.hold([nativeOf("4711")]))).toEqual([["qhold", name]])
    expect(argvOf(sge.release([nativeOf("4711")]))).toEqual([
      ["qrls", name],
      ["qmod", "-cj", name],
    ])
    expect(argvOf(sge.suspend([nativeOf("4711")], { owner: 1 }))).toEqual([["qmod", "-sj", name]])
    expect(argvOf(sge.resume([nativeOf("4711")], { owner: 1 }))).toEqual([["qmod", "-usj", name]])
  })

  test.each([
    [1, "me@n1 cleared error state of job 4711\n"],
    [1, "Job 4711 is not in error state\n"],
    [0, "Modify operation can not be applied on job-array task 4711.1 in pending/hold state\n"],
    [1, 'invalid queue or job "hzabcdefgh01234-relax"\n'],
  ])("an error state is cleared, or there was none, whatever the exit code: %i, %j", (exitCode, stdout) => {
    expect(sge.release([nativeOf("4711")])?.[1]?.parse(resultOf({ exitCode, stdout }))).toBeUndefined()
  })

  test.each([
    ["me has registered the job 4711 for deletion\n", "", 0],
    ["stranger\n", "", 0],
    ["The job hzabcdefgh01234-relax of user(s) me does not exist\n", "", 1],
    ["job 4711 is already in deletion\n", "", 1],
    ["", "Following jobs do not exist: \n4711\n", 1],
  ])("after %j there is nothing left to cancel", (stdout, stderr, exitCode) => {
    const [command] = sge.cancel([nativeOf("4711")], { force: false, owner: 1 })
    expect(command?.parse(resultOf({ exitCode, stdout, stderr }))).toBeUndefined()
  })

  test("a refusal is an error, and words that nobody has seen are in doubt", () => {
    const [command] = sge.cancel([nativeOf("4711")], { force: false, owner: 1 })
    const refusal = 'me - you do not have the necessary privileges to delete the job "4711"\n'
    expect(thrownBy(() => command?.parse(resultOf({ exitCode: 1, stdout: refusal })))).toMatchObject({ class: "auth" })
    expect(thrownBy(() => command?.parse(resultOf({ exitCode: 1 })))).toMatchObject({ class: "in-doubt" })
  })

  test("an id of an array is none of a job of ours", () => {
    const result = resultOf({ stdout: "4711.1-6:1\n" })
    expect(thrownBy(() => sge.submit(submissionOf()).parse(result))).toMatchObject({ class: "in-doubt" })
  })

  test("the probe tells version and facts, and no answer is none", () => {
    expect(sge.probe().parse(resultOf({ stdout: fixture("sge/config/8.1.9.txt") }))).toEqual({
      version: "SGE 8.1.9",
      facts: {
        "a node counts as lost after": "00:05:00",
        accounting: "accounting=true reporting=false flush_time=00:00:01 joblog=false sharelog=00:00:00",
      },
    })
    expect(thrownBy(() => sge.probe().parse(resultOf({ stdout: "hello\n" })))).toMatchObject({ class: "transient" })
  })
})

test("the dialect of an executor has its parallel environment", () => {
  const configured: Scheduler | undefined = sge.configured?.({ parallelEnvironment: "mpi", instance: null })
  const submission = submissionOf()
  const { spec } = submission
  const four = { ...submission, spec: { ...spec, resources: { ...spec.resources, tasks: 4 } } }
  expect(configured?.submit(four).argv.join(" ")).toContain("-pe mpi 4")
  expect(thrownBy(() => sge.submit(four))).toMatchObject({ code: "SPEC_INVALID" })
})
