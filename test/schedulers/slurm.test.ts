import { describe, expect, test } from "vitest"
import type { Listing } from "../../src/schedulers/index.ts"
import { isSameNative } from "../../src/schedulers/scheduler.ts"
import { membersOf } from "../../src/schedulers/slurm/members.ts"
import { slurm } from "../../src/schedulers/slurm/index.ts"
import { contract } from "./contract.ts"
import { heads, running, slurmSample } from "./slurm.sample.ts"
import { fixture, nativeOf, otherToken, resultOf, thrownBy, token } from "./samples.ts"

contract(slurmSample)

const since = 1_795_232_000

const readQueue = (path: string): Listing =>
  slurm.queue([]).parse(resultOf({ stdout: fixture(`slurm/queue/${path}.txt`) }))

const readHistory = (path: string, ...ids: string[]): Listing | undefined =>
  slurm
    .history(
      ids.map((id) => nativeOf(id)),
      since,
    )
    ?.parse(resultOf({ stdout: fixture(`slurm/accounting/${path}.txt`) }))

describe("the queue of Slurm", () => {
  test("a stranger's job with a newline and a bar in its name breaks nothing", () => {
    const listing = readQueue("stranger-with-newline-in-its-name")
    expect(listing).toMatchObject({ unread: [], coverage: "complete" })
    expect(listing.evidence.map(({ nativeId, state }) => [nativeId, state])).toEqual([
      ["2959", "queued"],
      ["2956", "held"],
      ["2958", "running"],
    ])
  })

  test("when a pending job may start is no start, and when a running one may end no end", () => {
    const [later, , run] = readQueue("stranger-with-newline-in-its-name").evidence
    expect(later).toMatchObject({ startedAt: null, endedAt: null, reason: "BeginTime" })
    expect(run).toMatchObject({ startedAt: 1_795_234_713_000, endedAt: null, host: "n1", submitTime: "1795234713" })
  })

  test("the nodes of a job that is being cleared away are not all there any more, and are not told", () => {
    const stdout = running("4711", token).replace("\x1fn1\x1f", "\x1fn[1-4]\x1f")
    const hosts = [stdout, stdout.replace("RUNNING", "COMPLETING")].map(
      (text) => slurm.queue([]).parse(resultOf({ stdout: text })).evidence[0]?.host,
    )
    expect(hosts).toEqual(["n[1-4]", null])
  })

  test("a job that was cancelled before it started did not start, whatever start time is printed", () => {
    const times = readQueue("cancelled-before-start-has-a-start-time").evidence.map((e) => [e.startedAt, e.endedAt])
    const end = 1_795_234_717_000
    expect(times).toEqual([
      [null, end],
      [1_795_234_713_000, end],
      [null, end],
    ])
  })

  test("exit codes are told from signals, and both from a job that never ran", () => {
    expect(readQueue("exit-200-is-51200").evidence.map(({ outcome }) => outcome)).toEqual([
      { state: "completed", cause: null, exitCode: 0, signal: null },
      { state: "failed", cause: "exit", exitCode: 200, signal: null },
      { state: "failed", cause: "signal", exitCode: null, signal: "KILL" },
      { state: "failed", cause: "launch", exitCode: null, signal: null },
    ])
  })

  test("a pending array is one record, and each of its elements a native", () => {
    const evidence = readQueue("pending-array-is-one-record").evidence
    expect(evidence.map(({ nativeId }) => nativeId)).toEqual([
      "2964_0",
      "2964_1",
      "2964_2",
      "2964_3",
      "2964_4",
      "2964_5",
    ])
    expect(membersOf("7_[1,4-6,10-20:5%3]")).toEqual(["7_1", "7_4", "7_5", "7_6", "7_10", "7_15", "7_20"])
    for (const id of ["7", "7_3", "7_[1-3...", "7_[1-999999999]", "7_[x]"]) expect(membersOf(id)).toEqual([id])
  })

  test("a heterogeneous job is one native, with the id that sbatch printed", () => {
    expect(readQueue("components-of-one-job").evidence.map(({ nativeId, state }) => [nativeId, state])).toEqual([
      ["19", "held"],
      ["17", "running"],
    ])
    const [end, ...others] = readHistory("components-of-one-job", "17")?.evidence ?? []
    expect(end).toMatchObject({ nativeId: "17", state: "ended", outcome: { cause: "exit", exitCode: 7 }, host: "n1" })
    expect(others).toEqual([])
  })

  test("nothing at all is no answer, and the names of the columns alone are one", () => {
    const [byName, accounting] = slurm.look([nativeOf("4711")], since)
    for (const [command, head] of [[byName, heads.squeue] as const, [accounting, heads.sacct] as const]) {
      expect(command?.parse(resultOf())).toMatchObject({
        evidence: [],
        coverage: "partial",
        trouble: expect.stringContaining("nothing") as string,
      })
      expect(command?.parse(resultOf({ stdout: head }))).toMatchObject({ evidence: [], coverage: "complete" })
      expect(command?.parse(resultOf({ stdout: head.slice(0, -2) }))).toMatchObject({ coverage: "partial" })
      expect(command?.argv).not.toContain("--noheader")
    }
    const both = `CLUSTER: rig\n${heads.squeue}CLUSTER: north\n${heads.squeue}${running("4711", token)}`
    expect(byName?.parse(resultOf({ stdout: both }))).toMatchObject({ coverage: "complete", evidence: [{}] })
  })

  test("an id that is not known is an answer to a search by id", () => {
    const unknown = resultOf({ exitCode: 1, stderr: "slurm_load_jobs error: Invalid job id specified\n" })
    const byId = slurm.look([nativeOf("4711")], since)[2]
    expect(byId?.argv).toContain("--jobs=4711")
    expect(byId?.parse(unknown)).toMatchObject({ evidence: [], coverage: "complete" })
  })

  test("one cluster that did not answer makes the whole answer none, in spite of exit code 0", () => {
    const stdout = running("4711", `${token}-relax`)
    const stderr = "slurm_load_jobs error: Socket timed out on send/recv operation\n"
    expect(thrownBy(() => slurm.queue([]).parse(resultOf({ stdout, stderr })))).toMatchObject({ class: "busy" })
    expect(slurm.queue([]).parse(resultOf({ stdout, stderr: "a warning\n" })).evidence).toHaveLength(1)
  })

  test("a native on another cluster is asked for there, and keeps its id", () => {
    const away = nativeOf("4711;north")
    expect(slurm.queue([away]).argv).toContain("--clusters=north")
    expect(slurm.queue([away, nativeOf("4712", otherToken)]).argv).toContain("--clusters=all")
    expect(slurm.queue([nativeOf("4711")]).argv.join(" ")).not.toContain("--clusters")
    const stdout = running("4711", `${token}-relax`).replace("\x1frig\x1f", "\x1fnorth\x1f")
    expect(slurm.queue([away]).parse(resultOf({ stdout })).evidence[0]?.nativeId).toBe("4711;north")
    expect(slurm.cancel([away], { force: true, owner: 1 })[0]?.argv).toEqual([
      "scancel",
      "--clusters=north",
      "--signal=KILL",
      `--name=${token}-relax`,
      "4711",
    ])
  })

  test.each([
    [["--clusters=north"], ["--clusters=north"]],
    [["--clusters north,south"], ["--clusters=north,south"]],
    [["#SBATCH -M north"], ["--clusters=north"]],
    [["-Mnorth", "--cluster=south"], ["--clusters=south"]],
    [["--cluster-constraint=big", "--mem=1G"], []],
  ])("one whose submission to %j was not answered is looked for there, and cancelled by name", (options, there) => {
    const doubtful = { ...nativeOf("4711"), nativeId: null, options }
    for (const { argv } of [slurm.queue([doubtful]), ...slurm.look([doubtful], since)])
      expect(argv.filter((word) => word.startsWith("--clusters"))).toEqual(there)
    const [cancel] = slurm.cancel([doubtful], { force: false, owner: 1 })
    expect(cancel?.argv).toEqual(["scancel", ...there, `--name=${token}-relax`])
  })

  test("siblings in a federation are one native, the one that has come furthest, and nobody cancels the others", () => {
    const id = "67108865"
    const row = (cluster: string, word: string): string =>
      running(id, `${token}-relax`).replace("\x1frig\x1f", `\x1f${cluster}\x1f`).replace("RUNNING", word)
    const rows = [row("north", "REVOKED"), row("south", "RUNNING"), row("west", "PENDING")]
    for (const nativeId of [id, `${id};north`, null]) {
      const native = { ...nativeOf(nativeId), options: ["--clusters=north,south,west"] }
      for (const some of [rows, rows.toReversed()]) {
        const { evidence } = slurm.queue([native]).parse(resultOf({ stdout: heads.squeue + some.join("") }))
        expect(evidence).toMatchObject([{ nativeId: id, state: "running" }])
        expect(isSameNative(evidence[0]?.nativeId ?? null, nativeId ?? id)).toBe(true)
      }
      expect(slurm.queue([native]).argv).toContain("--clusters=north,south,west")
    }
    // None was named: the whole federation is asked, where an id shows that there is one.
    for (const { argv } of [slurm.queue([nativeOf(id)]), ...slurm.look([nativeOf(`${id};north`)], since)])
      expect(argv).toContain(argv.includes("squeue") ? "--sibling" : "--federation")
    for (const local of ["67108863", "4711", "9007199254740993"])
      expect(slurm.queue([nativeOf(local)]).argv).not.toContain("--sibling")
    expect(slurm.cancel([nativeOf(id)], { force: false, owner: 1 })[0]?.argv.join(" ")).not.toMatch(/sibling|feder/)
    // On its own, the record of a sibling that may run elsewhere says nothing.
    const alone = slurm.queue([nativeOf(id)]).parse(resultOf({ stdout: heads.squeue + rows[0] }))
    expect(alone.evidence).toMatchObject([{ nativeId: id, word: "REVOKED", state: null, outcome: null }])
  })

  test("a record of a federation that has no id of its own is nobody's", () => {
    expect(
      readQueue("siblings-of-a-federation").evidence.map(({ nativeId, state, host }) => [nativeId, state, host]),
    ).toEqual([
      ["67108947", "queued", null],
      ["67108945", "running", "n[1-4]"],
      ["67108946", "running", "n9"],
    ])
  })

  test("two natives with one token are both told, in a federation or not", () => {
    for (const [one, other] of [
      ["67108865", "67108866"],
      ["4711", "4712"],
    ] as const) {
      const stdout = heads.squeue + running(one, token) + running(other, token)
      const seen = slurm.queue([nativeOf(one)]).parse(resultOf({ stdout })).evidence
      expect(seen.map(({ nativeId }) => nativeId)).toEqual([one, other])
    }
  })

  test("it gets its cluster when it is seen, also where its guard has told its number alone", () => {
    const stdout = running("4711", `${token}-relax`).replace("\x1frig\x1f", "\x1fnorth\x1f")
    for (const nativeId of [null, "4711"]) {
      const native = { ...nativeOf("4711"), nativeId, options: ["--clusters=north"] }
      expect(slurm.queue([native]).parse(resultOf({ stdout })).evidence[0]?.nativeId).toBe("4711;north")
    }
    expect(slurm.queue([nativeOf("4711")]).parse(resultOf({ stdout })).evidence[0]?.nativeId).toBe("4711")
  })
})

describe("the accounting of Slurm", () => {
  test("a stranger's job with a newline and a bar in its name breaks nothing", () => {
    const listing = readHistory("stranger-with-newline-in-its-name", "2956")
    expect(listing).toMatchObject({ unread: [], coverage: "complete" })
    expect(listing?.evidence.map(({ nativeId, state }) => [nativeId, state])).toEqual([
      ["2956", "held"],
      ["2958", "running"],
      ["2959", "queued"],
    ])
  })

  test("who cancelled is no part of the word", () => {
    const evidence = readHistory("cancelled-by-uid")?.evidence
    expect(evidence?.map(({ word }) => word)).toEqual(["CANCELLED", "CANCELLED", "CANCELLED"])
    expect(evidence?.map(({ startedAt }) => startedAt)).toEqual([null, 1_795_234_713_000, null])
  })

  test("what was cancelled for its dependency is told from what somebody cancelled while it waited for one", () => {
    const line = (id: string, state: string, reason: string): string =>
      [id, state, "0:0", reason, "1795814221", "None", "1795814222", "None assigned", "rig", token, "\n"].join("\x1f")
    const stdout =
      heads.sacct +
      line("33", "CANCELLED by 1031", "Dependency") +
      line("34", "CANCELLED", "Dependency") +
      line("35", "CANCELLED", "None") +
      line("36", "CANCELLED by 1031", "None")
    const causes = (options: readonly string[]): unknown =>
      slurm
        .history([{ ...nativeOf("33"), options }], since)
        ?.parse(resultOf({ stdout }))
        .evidence.map(({ outcome }) => outcome?.cause)
    expect(causes(["--dependency=afterok:12"])).toEqual([null, "dependency", null, null])
    expect(causes(["--kill-on-invalid-dep=yes"])).toEqual([null, "dependency", "dependency", null])
    expect(causes(["--kill-on-invalid-dep=no"])).toEqual([null, "dependency", null, null])
  })

  test("while the name has not arrived, a record of an id we asked for has no token, and other records are strangers'", () => {
    const evidence = readHistory("name-is-still-allocation", "2961")?.evidence
    expect(evidence).toMatchObject([{ nativeId: "2961", token: null, word: "COMPLETED" }])
    expect(readHistory("exit-200-is-72", "2961")?.evidence[1]).toMatchObject({
      nativeId: "2961",
      token: "hztrap000000105",
    })
  })

  test("a job whose log could not be opened never ran", () => {
    expect(readHistory("exit-200-is-72")?.evidence[3]?.outcome).toMatchObject({ cause: "launch", exitCode: null })
  })

  test.each(["Slurm accounting storage is disabled\n", "SLURM accounting storage is disabled\n"])(
    "a site that keeps none has nobody to ask, which is no failure: %j",
    (stderr) => {
      const none = { evidence: [], coverage: "none" }
      expect(slurm.history([nativeOf("4711")], since)?.parse(resultOf({ exitCode: 1, stderr }))).toMatchObject(none)
    },
  )

  test("a database that is down is a failure", () => {
    const stderr = "sacct: error: Problem talking to the database: Connection refused\n"
    const history = slurm.history([nativeOf("4711")], since)
    expect(thrownBy(() => history?.parse(resultOf({ exitCode: 1, stderr })))).toMatchObject({ class: "transient" })
  })

  test("is asked by id where all are known, else from a day before the oldest, so that the command line stays short", () => {
    expect(slurm.history([nativeOf("4711"), nativeOf("4712;north")], since)?.argv).toContain("--jobs=4711,4712")
    expect(slurm.history([nativeOf(null)], since)?.argv).toContain(`--starttime=uts${since - 86_400}`)
    const many = Array.from({ length: 5000 }, (_, index) => nativeOf(String(index)))
    expect(slurm.history(many, since)?.argv.join(" ").length).toBeLessThan(400)
    for (const { argv } of slurm.look(many, since)) expect(Math.max(...argv.map((w) => w.length))).toBeLessThan(100_000)
  })
})

describe("cancelling in Slurm", () => {
  test("names and id must both fit", () => {
    expect(slurm.cancel([nativeOf("4711")], { force: false, owner: 1 })[0]?.argv).toEqual([
      "scancel",
      `--name=${token}-relax`,
      "4711",
    ])
    expect(slurm.cancel([nativeOf(null)], { force: false, owner: 1 })[0]?.argv).toEqual([
      "scancel",
      `--name=${token}-relax`,
    ])
  })

  test("an element of an array goes by its id alone, for with the name all pending elements would go", () => {
    expect(slurm.cancel([nativeOf("4711_3")], { force: false, owner: 1 })[0]?.argv).toEqual(["scancel", "4711_3"])
  })

  test.each([
    ["unknown", "scancel: error: Kill job error on job id 4711: Invalid job id specified\n", 1],
    [
      "finished",
      "scancel: error: No active jobs match ALL job filters, including: job_name=hzabcdefgh01234-relax \n",
      0,
    ],
    ["finished", "scancel: error: Kill job error on job id 4711: Job/step already completing or completed\n", 0],
  ])("a native that is %s leaves nothing to do", (_, stderr, exitCode) => {
    expect(
      slurm.cancel([nativeOf("4711")], { force: false, owner: 1 })[0]?.parse(resultOf({ exitCode, stderr })),
    ).toBeUndefined()
  })

  test.each([
    ["in-doubt", 140, "scancel: error: Kill job error on job id 4711: Socket timed out on send/recv operation\n"],
    [
      "transient",
      8,
      "scancel: error: Kill job error on job id 4711: Unable to contact slurm controller (connect failure)\n",
    ],
    ["rejected", 0, "scancel: error: Kill job error on job id 4711: Access/permission denied\n"],
  ])("a failure is %s, also with exit code %i", (kind, exitCode, stderr) => {
    const [command] = slurm.cancel([nativeOf("4711")], { force: false, owner: 1 })
    expect(thrownBy(() => command?.parse(resultOf({ exitCode, stderr })))).toMatchObject({ class: kind })
  })

  test("a requeue goes by the id, whose name and restart count are looked at first", () => {
    const words = ["hz_slurm_requeue", `${token}-relax`, "4711", "2"]
    expect(slurm.requeue?.(nativeOf("4711"), 2)[0]?.argv).toEqual(words)
    expect(slurm.requeue?.(nativeOf("4711;east"), 2)[0]?.argv).toEqual([...words, "--clusters=east"])
    expect(slurm.requeue?.({ ...nativeOf("4711"), nativeId: null }, 2)).toEqual([])
  })

  test("holding and releasing go by the name, which carries the token", () => {
    expect(slurm.hold([nativeOf("4711")])?.[0]?.argv).toEqual(["scontrol", "hold", `jobname=${token}-relax`])
    expect(slurm.release([nativeOf("4711")])?.[0]?.argv).toEqual(["scontrol", "release", `jobname=${token}-relax`])
  })
})

test("the probe tells version and facts, and no answer is none", () => {
  const facts = slurm.probe().parse(resultOf({ stdout: fixture("slurm/config/22.05.txt") }))
  expect(facts).toMatchObject({ version: "22.05.8", facts: { cluster: "hawser_rig", "from TERM to KILL": "5 sec" } })
  expect(facts.killWaitMs).toBe(5_000)
  expect(thrownBy(() => slurm.probe().parse(resultOf({ stdout: "hello\n" })))).toMatchObject({ class: "transient" })
})
