/** The ways in which a job on Slurm ends or waits, each told for what it is; and beside it what takes its minute by nature. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import type { JobView } from "../../src/job/index.ts"
import { study } from "../support/cli.ts"
import {
  Trace,
  batchOf,
  breakableRig,
  clusterConfig,
  daemon,
  eventsOf,
  onCluster,
  studyThrough,
  until,
  viewsOf,
  wrongRuns,
} from "../support/cluster.ts"
import { delayingProxy } from "../support/delaying-proxy.ts"
import { type Rig, rig } from "../support/rig.ts"

const isThere = typeof rig !== "string"
const mayBreak = typeof breakableRig !== "string"
const target = rig as Rig
let isBack: () => void = () => undefined
/** The controller has been killed and is there again: only then the others begin. */
const controllerBack = mayBreak ? new Promise<void>((resolve) => (isBack = resolve)) : Promise.resolve()

describe.concurrent("on Slurm", () => {
  test.skipIf(!mayBreak)(
    "jobs that a killed controller forgot are noticed, fenced and replaced, and each payload runs once",
    { timeout: 300_000 },
    async () => {
      await using trace = new Trace()
      await using work = await study(clusterConfig(target))
      // Later than the kill: a native that runs is not forgotten.
      const native = ["--begin=now+10", "--exclude=n1"]
      const script = trace.payload(0)
      const batch = work.hawser(["batch", "-"], { stdin: batchOf(8, "forgotten", { script, native }) })
      await until("accepted", async () => (await viewsOf(work)).some((job) => job.nativeId !== null))
      let known: readonly JobView[] = []
      try {
        known = (await viewsOf(work)).filter((job) => job.nativeId !== null)
        await daemon("kill", "slurmctld")
      } finally {
        await daemon("start", "slurmctld")
        isBack()
      }
      const left = (await onCluster(target, "squeue -h -t all -o %j")).split("\n")
      const isLeft = (job: JobView): boolean => left.some((name) => name.startsWith(job.attempts[0]?.token ?? "?"))
      const forgotten = known.filter((job) => !isLeft(job))
      const since = Date.now()
      expect((await batch).code).toBe(0)
      expect((await work.hawser(["wait", "--all", "--timeout", "240s"])).code).toBe(0)
      expect(await wrongRuns(target, work, trace)).toEqual([])
      const replaced = (await viewsOf(work)).filter((job) => job.attempts.length > 1)
      console.log(`${forgotten.length} forgotten, ${replaced.length} replaced, over after ${Date.now() - since} ms`)
      // Some were accepted between our look and the kill: they may be among the replaced, and none that is still there is.
      expect(replaced.map((job) => job.key)).toEqual(expect.arrayContaining(forgotten.map((job) => job.key)))
      expect(replaced.filter(isLeft)).toEqual([])
      expect(replaced.every((job) => job.attempt === 1 && job.notes.some((note) => note.includes("vanished")))).toBe(
        true,
      )
    },
  )

  test.skipIf(!isThere)(
    "a connection that is silent for longer than keepalive waits is replaced, and what comes out of it late does nothing twice",
    { timeout: 240_000 },
    async () => {
      await controllerBack
      await using trace = new Trace()
      await using proxy = await delayingProxy(target)
      await using work = await studyThrough(target, proxy)
      const batch = work.hawser(["batch", "-"], { stdin: batchOf(20, "silent", { script: trace.payload(1) }) })
      await until("accepted", async () => (await eventsOf(work)).some((event) => event.type === "accepted"))
      proxy.freeze()
      const since = Date.now()
      await until("another connection", async () => proxy.connections() > 1, 120_000)
      console.log(`a silent connection was replaced after ${Date.now() - since} ms`)
      proxy.thaw()
      expect((await batch).code).toBe(0)
      expect((await work.hawser(["wait", "--all", "--timeout", "120s"])).code).toBe(0)
      expect(await wrongRuns(target, work, trace)).toEqual([])
    },
  )

  // Slurm counts minutes, and looks now and then: up to two of them. (HAWSER_SLOW_TESTS=1)
  test.skipIf(!isThere || process.env["HAWSER_SLOW_TESTS"] !== "1")(
    "a job that runs out of walltime fails with timeout",
    { timeout: 300_000 },
    async () => {
      await controllerBack
      await using work = await study(clusterConfig(target))
      const run = await work.hawser(["run", "--key", "slow", "-t", "1m", "--", "sleep", "300"])
      expect(run.code).toBe(143)
      expect((await viewsOf(work))[0]).toMatchObject({ state: "failed", cause: "timeout", signal: "TERM" })
    },
  )

  test.skipIf(!isThere)("each end has its state, cause and code", { timeout: 240_000 }, async () => {
    await controllerBack
    await using work = await study(clusterConfig(target))
    const sh = (text: string): object => ({ command: ["sh", "-c", text] })
    const specs: Record<string, object> = {
      zero: sh("exit 0"),
      one: sh("exit 1"),
      "two hundred": sh("exit 200"),
      segfault: sh("kill -SEGV $$"),
      "no command": { command: ["./is-not-there"] },
      "no work": { command: ["true"], native: ["--hold"] },
      waiting: { command: ["true"], resources: { queue: "down" } },
      "cancelled waiting": { command: ["true"], resources: { queue: "down" } },
      "cancelled running": { command: ["sleep", "300"] },
      "ignores TERM": sh("trap '' TERM; echo deaf; while :; do sleep 1; done"),
      "cancelled by somebody": { command: ["sleep", "300"] },
      ...Object.fromEntries(
        [0.5, 1, 2, 4].map((seconds) => [`just ending ${seconds}`, sh(`echo done; sleep ${seconds}; echo done`)]),
      ),
    }
    const text = Object.entries(specs)
      .map(([key, spec]) => `${JSON.stringify({ native: ["--exclude=n1"], ...spec, key })}\n`)
      .join("")
    expect((await work.hawser(["batch", "-"], { stdin: text })).code).toBe(0)
    const just = Object.keys(specs).filter((key) => key.startsWith("just"))
    let jobs: ReadonlyMap<string, JobView> = new Map()
    const read = async (): Promise<void> => {
      jobs = new Map((await viewsOf(work)).map((job) => [job.key, job]))
    }
    const stateOf = (key: string): string => jobs.get(key)?.state ?? "none"
    await until("one of those that are just ending has started", async () => {
      await read()
      return just.some((key) => !["new", "staging", "queued"].includes(stateOf(key)))
    })
    await work.hawser(["cancel", ...just])

    await until("held, queued and running", async () => {
      await read()
      return (
        stateOf("no work") === "held" &&
        stateOf("waiting") === "queued" &&
        ["cancelled running", "ignores TERM", "cancelled by somebody"].every((key) => stateOf(key) === "running")
      )
    })
    expect(jobs.get("waiting")?.reason).toContain("PartitionDown")
    expect(jobs.get("no work")?.reason).toContain("JobHeldUser")

    const held = jobs.get("no work")
    await onCluster(target, `rm -r '${held?.remoteDirectory}/work' && scontrol release ${held?.nativeId}`)
    await onCluster(target, `scancel ${jobs.get("cancelled by somebody")?.nativeId}`)
    await work.hawser(["cancel", "cancelled waiting", "cancelled running", "ignores TERM"])
    await until(
      "all but one are over",
      async () => {
        await read()
        return (
          [...jobs.values()].filter((job) => !["completed", "failed", "cancelled"].includes(job.state)).length === 1
        )
      },
      120_000,
    )
    await work.hawser(["cancel", "waiting"])
    await work.hawser(["wait", "--all", "--timeout", "60s"])
    await read()

    const ends = [...jobs.values()]
      .filter((job) => !job.key.startsWith("just"))
      .map((job) => [job.key, job.state, job.cause, job.exitCode, job.signal])
    expect(ends).toEqual([
      ["zero", "completed", null, 0, null],
      ["one", "failed", "exit", 1, null],
      ["two hundred", "failed", "exit", 200, null],
      ["segfault", "failed", "signal", null, "SEGV"],
      ["no command", "failed", "exit", 127, null],
      ["no work", "failed", "launch", null, null],
      ["waiting", "cancelled", null, null, null],
      ["cancelled waiting", "cancelled", null, null, null],
      ["cancelled running", "cancelled", null, null, "TERM"],
      ["ignores TERM", "cancelled", null, null, expect.toBeOneOf(["TERM", "KILL", null])],
      ["cancelled by somebody", "cancelled", null, null, "TERM"],
    ])
    expect(jobs.get("no work")?.reason).toContain("work can't be entered")
    // What had ended by itself says so; what had not is cancelled; nothing else.
    for (const key of just) {
      const job = jobs.get(key)
      expect([job?.state, job?.exitCode]).toBeOneOf([
        ["completed", 0],
        ["cancelled", null],
        // It was told to end as it ended by itself.
        ["cancelled", 0],
      ])
      if (job?.state === "completed") expect(await readFile(join(job.directory, "stdout"), "utf8")).toBe("done\ndone\n")
    }
    const native = await onCluster(target, `squeue -h --me -o '%j %T'`)
    const tokens = [...jobs.values()].flatMap((job) => job.attempts.map(({ token }) => token))
    expect(tokens.filter((token) => native.includes(token))).toEqual([])
    console.log(just.map((key) => `${key}: ${stateOf(key)}`).join(", "))
  })
})
