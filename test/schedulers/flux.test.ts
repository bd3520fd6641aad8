import { describe, expect, test } from "vitest"
import type { Evidence } from "../../src/job/index.ts"
import { decimalOf } from "../../src/schedulers/flux/f58.ts"
import { flux } from "../../src/schedulers/flux/index.ts"
import { contract } from "./contract.ts"
import { type Told, fluxSample, jobs, line, running } from "./flux.sample.ts"
import { nativeOf, otherToken, resultOf, specOf, submissionOf, thrownBy } from "./samples.ts"

contract(fluxSample)

function read(stdout: string, stderr = "", exitCode = 0): ReturnType<ReturnType<typeof flux.queue>["parse"]> {
  return flux.queue([]).parse(resultOf({ stdout, stderr, exitCode }))
}

function seen(change: Told): Evidence | undefined {
  return read(jobs([{ ...running, ...change }])).evidence[0]
}

/** What an exception of severity 0 looks like. */
function raised(type: string, note: string): Told {
  return { exception: { occurred: true, severity: 0, type, note } }
}

test.each([
  ["ƒbtYgjHH", "1328168304640"],
  ["fbtYgjHH", "1328168304640"],
  ["ƒ2D5AiBou", "2667543789568"],
  ["1951844532224", "1951844532224"],
  ["9007199254740993", "9007199254740993"],
  ["ƒ", null],
  ["fl00", null],
  ["ƒzzzzzzzzzzz", null],
  ["18446744073709551616", null],
  ["007", null],
])("the id %s is %s in decimal", (text, decimal) => {
  expect(decimalOf(text)).toBe(decimal)
})

test.each([
  ["COMPLETED", 0, {}, { state: "completed", cause: null, exitCode: 0 }],
  ["FAILED", 3, {}, { cause: "exit", exitCode: 3 }],
  ["FAILED", 139, {}, { cause: "signal", signal: "SEGV", exitCode: null }],
  ["FAILED", 200, {}, { cause: "exit", exitCode: 200 }],
  ["FAILED", 127, raised("exec", "task 0 (host vm): start failed: x: No such file or directory"), { cause: "launch" }],
  ["FAILED", 126, raised("exec", "task 0 (host vm): start failed: x: Permission denied"), { cause: "launch" }],
  ["FAILED", 1, raised("exec", "shell_init: No such file or directory"), { cause: "launch" }],
  ["FAILED", 1, raised("exec", "node failure on vm (rank 2)"), { cause: "node-failure" }],
  ["FAILED", 1, raised("exec", "failed to create guest ns: No such file or directory"), { cause: "node-failure" }],
  ["FAILED", 1, raised("exec", "out of gin"), { cause: "exit", exitCode: null }],
  ["FAILED", 1, raised("alloc", "unsatisfiable request: need 100 exclusive node(s)"), { cause: "rejected" }],
  ["FAILED", 1, raised("dependency", "dependency afterok failed"), { cause: "dependency" }],
  ["TIMEOUT", 142, raised("timeout", "resource allocation expired"), { cause: "timeout", signal: null }],
  ["CANCELED", 143, raised("cancel", "stop please"), { state: "cancelled", cause: null, signal: null }],
  ["CANCELED", -128, raised("cancel", ""), { state: "cancelled", exitCode: null }],
])("%s %i %j", (result, returncode, more, outcome) => {
  const told = seen({ ...more, state: "INACTIVE", result, returncode, t_inactive: 1_795_224_230.5 })
  expect(told).toMatchObject({ word: result, state: "ended", outcome, endedAt: 1_795_224_230_500 })
})

test("an exception that is a note ends nothing and is no failure", () => {
  const note = { occurred: true, severity: 3, type: "foo", note: "a note" }
  expect(seen({ exception: note })).toMatchObject({ state: "running", reason: "foo: a note" })
  const done = { state: "INACTIVE", result: "FAILED", returncode: 7, exception: note }
  expect(seen(done)).toMatchObject({ outcome: { cause: "exit", exitCode: 7 } })
})

test.each(["DEPEND", "PRIORITY", "SCHED"])("%s is held where its urgency is 0, and queued otherwise", (state) => {
  expect(seen({ state })).toMatchObject({ word: state, state: "queued" })
  expect(seen({ state, urgency: 0 })).toMatchObject({ state: "held" })
})

test("what is cleared away still has processes, whatever its result will be", () => {
  const told = seen({ state: "CLEANUP", ...raised("timeout", "resource allocation expired") })
  expect(told).toMatchObject({ state: "running", outcome: null, reason: "timeout: resource allocation expired" })
})

test.each([
  [{ state: "LEVITATING" }, "LEVITATING"],
  [{ state: "constructor" }, "constructor"],
  [{ state: "INACTIVE" }, "INACTIVE"],
  [{ state: "INACTIVE", result: "ASCENDED" }, "ASCENDED"],
])("%j is kept, and has no effect", (change, word) => {
  expect(seen({ returncode: 1, ...change })).toMatchObject({ word, state: null, outcome: null })
})

test.each([
  ["n1", "n1"],
  ["n[3-5,7],m1", "n3"],
  ["rack1-[01-16].x", "rack1-01.x"],
  ["", null],
])("of the hosts %s the first is %s", (nodelist, host) => {
  expect(seen({ nodelist })?.host).toBe(host)
})

test("ids are kept to their last digit, and times of submission to the second", () => {
  expect(seen({ id: "9007199254740993" })?.nativeId).toBe("9007199254740993")
  expect(seen({})?.submitTime).toBe("1795224224")
})

describe("silence", () => {
  test("is an empty list, and not nothing", () => {
    expect(read(jobs([]))).toMatchObject({ coverage: "complete", evidence: [] })
    expect(read("")).toMatchObject({ coverage: "partial" })
  })

  test("is an id that it does not know", () => {
    const history = (stdout: string, exitCode = 0): unknown =>
      flux
        .history([nativeOf("123456789")], 0)
        ?.parse(resultOf({ stdout, exitCode, stderr: "JobID 123456789 unknown\n" }))
    expect(history("", 1)).toMatchObject({ coverage: "complete", evidence: [] })
    expect(history(jobs([running]))).toMatchObject({ coverage: "complete", evidence: [{ state: "running" }] })
  })

  test("is none where a record can't be read", () => {
    const listing = read(jobs([running, { ...running, id: "1951844532226", state: 16 }]))
    expect(listing).toMatchObject({ coverage: "partial", evidence: [{ nativeId: "1951844532224" }] })
    expect(listing.unread).toHaveLength(1)
  })
})

test("a single job that was asked for by its id stands alone", () => {
  expect(read(`${line(running)}\n`)).toMatchObject({ coverage: "complete", evidence: [{ nativeId: "1951844532224" }] })
})

test("lists are without a limit, and what is over is asked for by id where all ids are known", () => {
  const [known, unknown] = [nativeOf("77"), nativeOf(null, otherToken)]
  expect(flux.queue([known]).argv.join(" ")).toBe("flux jobs -c 0 --json")
  expect(flux.history([known], 0)?.argv.join(" ")).toBe("flux jobs --json 77")
  expect(flux.history([known, unknown], 0)?.argv.join(" ")).toBe("flux jobs -a -c 0 --json")
  expect(flux.look([unknown], 0).map(({ argv }) => argv.join(" "))).toEqual([
    `flux jobs -a -c 0 --json --name=${unknown.nativeName}`,
  ])
  expect(
    flux
      .look(
        Array.from({ length: 5 }, () => unknown),
        0,
      )
      .map(({ argv }) => argv.join(" ")),
  ).toEqual(["flux jobs -a -c 0 --json"])
  for (const { argv } of flux.cancel([known], { force: true, owner: 1 })) expect(argv.join(" ")).toContain(" -c 0 ")
})

test.each([
  ["flux-jobs: ERROR: Unable to connect to Flux: broker socket /run/flux/local was not found", "transient"],
  ["flux-jobs: ERROR: Unable to connect to Flux: Connection refused", "transient"],
  ["flux-job: flux_open: No such file or directory", "transient"],
  ["flux-jobs: ERROR: Unable to connect to Flux: ssh: Could not resolve hostname nohost", "transient"],
  ["flux-job: flux_reactor_run: Success", "transient"],
  ["flux-jobs: ERROR: Unable to connect to Flux: Operation not permitted", "auth"],
  ["flux-job: flux_open: Permission denied", "auth"],
  ["flux-cancel: ERROR: ƒUp1XcB: guests can only raise exceptions on their own jobs", "auth"],
  ["flux-jobs: ERROR: Unable to connect to Flux: Unable to find connector name 'foo'", "gone"],
  ["bash: line 1: flux: command not found", "gone"],
  ["[Errno 22] dependency: afterok: id 123456: job not found", "rejected"],
  ["[Errno 1] Invalid queue 'nosuch' specified", "rejected"],
  ["[Errno 75] unsatisfiable request: need 100 exclusive node(s), only 1 eligible", "rejected"],
  ["flux submit: error: argument JOBID...: invalid JobID value: 'xyzzy'\nusage: flux submit [OPTIONS...]", "rejected"],
  ["flux-cancel: ERROR: ƒBukQL: unknown job id", "unknown-job"],
  ["flux-cancel: ERROR: ƒ2NsptiBH: job is inactive", "unknown-job"],
  ["JobID 123456789 unknown", "unknown-job"],
])("%s is %s", (stderr, kind) => {
  expect(flux.classify(resultOf({ exitCode: 1, stderr: `${stderr}\n` }))).toBe(kind)
})

test("an error that a full disk gives too excludes nothing", () => {
  const answer = resultOf({ exitCode: 1, stderr: "[Errno 22] Invalid argument\n" })
  expect(thrownBy(() => flux.submit(submissionOf()).parse(answer))).toMatchObject({ class: "in-doubt" })
})

test("two ids are no answer to one submission", () => {
  const answer = resultOf({ stdout: "ƒtGkpRBu\nƒbtYgjHH\n" })
  expect(thrownBy(() => flux.submit(submissionOf()).parse(answer))).toMatchObject({ class: "in-doubt" })
})

test("what is cancelled by force is killed before, and cancelled where nothing was to be killed", () => {
  const [command] = flux.cancel([nativeOf("77")], { force: true, owner: 1 })
  expect(command?.argv.join(" ")).toMatch(/ 5 flux job kill -s KILL 2 flux cancel$/)
  const inactive = "flux-job: kill 77: job is inactive\n"
  expect(command?.parse(resultOf({ stderr: inactive }))).toBeUndefined()
})

test("an instance that is too old is told from one that is away", () => {
  const probe = (stdout: string): unknown => flux.probe().parse(resultOf({ stdout }))
  const attributes = "hostname                                n1\nsize                                    4\n"
  expect(probe(`${attributes}version                                 0.49.0\n`)).toEqual({
    version: "Flux 0.49.0",
    facts: { host: "n1", brokers: "4" },
  })
  expect(thrownBy(() => probe(`${attributes}version                                 0.48.0\n`))).toMatchObject({
    code: "FLUX_TOO_OLD",
    class: "gone",
  })
  expect(thrownBy(() => probe(attributes))).toMatchObject({ class: "transient" })
})

describe("options", () => {
  const options = (...change: Parameters<typeof specOf>): string =>
    flux.submit(submissionOf(specOf(...change))).argv.join(" ")

  test.each([
    [{}, "flux submit --ntasks=1 --cores-per-task=1 --job-name="],
    [{ nodes: 1, cpusPerTask: 4 }, "flux submit --nodes=1 --ntasks=1 --cores-per-task=4 "],
    [{ exclusive: true }, "flux submit --nodes=1 --ntasks=1 --cores-per-task=1 "],
    [{ gpus: { count: 2, type: null } }, "--cores-per-task=1 --gpus-per-task=2 "],
    [{ tasks: 4 }, "flux batch --nslots=4 --cores-per-slot=1 "],
    [{ nodes: 2, tasksPerNode: 4 }, "flux batch --nodes=2 --nslots=8 --cores-per-slot=1 "],
    [{ tasks: 8, tasksPerNode: 4, cpusPerTask: 2 }, "flux batch --nodes=2 --nslots=8 --cores-per-slot=2 "],
    [{ nodes: 2, tasks: 4, gpus: { count: 2, type: null } }, "--nslots=4 --cores-per-slot=1 --gpus-per-slot=1 "],
    [{ walltime: 90.5 }, "--time-limit=91s "],
    [{ queue: "batch", account: "7" }, '--queue=batch --setattr=system.bank="7" '],
    [{ constraint: "gpu|fat" }, "--requires=(gpu|fat) "],
  ])("%j", (resources, text) => {
    expect(options({}, resources)).toContain(text)
  })

  test("nodes that have failed are kept away from", () => {
    const { argv } = flux.submit({
      ...submissionOf(specOf({}, { constraint: "fat" })),
      excludeNodes: ["n1", "n2", "a b"],
    })
    expect(argv).toContain("--requires=(fat) -host:n1,n2")
  })

  test.each([
    [{ native: ["--job-name=other"] }, {}],
    [{ native: ["--job=other"] }, {}],
    [{ native: ["--cc=1-10"] }, {}],
    [{ native: ["-n4"] }, {}],
    [{ native: ["sleep"] }, {}],
    [{ native: ["--setopt=a\nb"] }, {}],
    [{ signal: { name: "USR1", beforeSeconds: 60 } as const }, {}],
    [{}, { qos: "high" }],
    [{}, { reservation: "r" }],
    [{}, { memory: 1 }],
    [{}, { gpus: { count: 1, type: "a100" } }],
    [{}, { constraint: "a\nb" }],
  ])("%j with %j is refused before anything is sent", (spec, resources) => {
    expect(thrownBy(() => options(spec, resources))).toMatchObject({ name: "UsageError" })
  })

  test("a path that Flux would change is refused", () => {
    const submission = { ...submissionOf(), directory: "/home/me/{{id}}" }
    expect(thrownBy(() => flux.directives(submission))).toMatchObject({ code: "SPEC_INVALID" })
  })

  test("other native options go through as words", () => {
    expect(options({ native: ["# flux: --setopt=mpi=none", "--dependency=afterok:f1"] })).toContain(
      "--setopt=mpi=none --dependency=afterok:f1 ",
    )
  })
})
