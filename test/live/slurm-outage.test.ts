/** Slurm's daemons fail under Hawser: what is known of the manager changes, and no job does. */
import { expect, test } from "vitest"
import { pause, study } from "../support/cli.ts"
import {
  Trace,
  batchOf,
  breakableRig,
  clusterConfig,
  daemon,
  eventsOf,
  healthsOf,
  mend,
  onCluster,
  studyThrough,
  until,
  viewsOf,
  wrongRuns,
} from "../support/cluster.ts"
import { downFor } from "../support/chaos/faults/outage.ts"
import { delayingProxy } from "../support/delaying-proxy.ts"
import type { Rig } from "../support/rig.ts"

const skipped = typeof breakableRig === "string"
const target = breakableRig as Rig

test.skipIf(skipped)(
  "a controller that is down for 20 s changes its health, and no job",
  { timeout: 180_000 },
  async () => {
    await using trace = new Trace()
    await using proxy = await delayingProxy(target)
    await using work = await studyThrough(target, proxy)
    // 16 CPUs: with two each, eight run at a time.
    const resources = { tasks: 1, cpusPerTask: 2, memory: "100M", walltime: "5m" }
    const jobs = batchOf(30, "outage", { script: trace.payload(4), resources })
    expect((await work.hawser(["batch", "-"], { stdin: jobs })).code).toBe(0)
    await until("some run, some wait", async () => {
      const states = (await viewsOf(work)).map((job) => job.state)
      return states.includes("running") && states.includes("queued")
    })
    try {
      console.log(await downFor({ work, proxy, msMin: 20_000 }))
    } finally {
      await mend(target)
    }
    const waited = await work.hawser(["wait", "--all", "--timeout", "120s"])
    expect(waited.stderr).not.toContain("not completed")
    expect(waited.code).toBe(0)
    expect(await wrongRuns(target, work, trace)).toEqual([])
    expect(await healthsOf(work)).toEqual(["unreachable", "up"])
    expect(proxy.connections()).toBe(1)
  },
)

test.skipIf(skipped)(
  "submissions that a frozen controller may have taken are looked up after it thaws, and run once",
  { timeout: 180_000 },
  async () => {
    await using trace = new Trace()
    await using work = await study(clusterConfig(target))
    // Connected before, so that it is the submission that meets the frozen controller.
    expect((await work.hawser(["run", "--key", "first", "--", "true"])).code).toBe(0)
    try {
      await daemon("freeze", "slurmctld")
      const batch = work.hawser(["batch", "-"], { stdin: batchOf(12, "frozen", { script: trace.payload(0) }) })
      await until(
        "in doubt",
        async () => (await eventsOf(work)).filter((event) => event.type === "in-doubt").length > 2,
        60_000,
      )
      const doubts = (await eventsOf(work)).flatMap((event) => (event.type === "in-doubt" ? [event.reason] : []))
      expect(doubts.join("\n")).toContain("Socket timed out on send/recv operation")
      await pause(1_000)
      await daemon("thaw", "slurmctld")
      expect((await batch).code).toBe(0)
    } finally {
      await mend(target)
    }
    const waited = await work.hawser(["wait", "--all", "--timeout", "120s"])
    expect(waited.stderr).not.toContain("not completed")
    expect(waited.code).toBe(0)
    const jobs = (await viewsOf(work)).filter((job) => job.key !== "first")
    expect((await wrongRuns(target, work, trace)).filter((wrong) => !wrong.includes(" first "))).toEqual([])
    console.log(`${jobs.filter((job) => job.attempts.length > 1).length} of ${jobs.length} were replaced`)
  },
)

test.skipIf(skipped)(
  "accounting that is down degrades the manager, and jobs end by their records",
  { timeout: 120_000 },
  async () => {
    await using work = await study(clusterConfig(target))
    try {
      await daemon("stop", "slurmdbd")
      const jobs = batchOf(6, "no-accounting", (index) => ({ script: `#!/bin/sh\nsleep 1; exit ${index % 2}\n` }))
      expect((await work.hawser(["batch", "-"], { stdin: jobs })).code).toBe(0)
      // A native that somebody else cancels while it waits leaves no record: accounting is asked for it, and the queue knows.
      expect((await work.hawser(["submit", "--key", "gone", "--queue", "down", "--", "true"])).code).toBe(0)
      await work.hawser([
        "wait",
        "--timeout",
        "60s",
        ...Array.from({ length: 6 }, (_, index) => `no-accounting/${index}`),
      ])
      const ended = (await viewsOf(work)).filter((job) => job.key !== "gone")
      expect(ended.map((job) => [job.state, job.exitCode])).toEqual(
        ended.map((_, index) => (index % 2 === 0 ? ["completed", 0] : ["failed", 1])),
      )
      await onCluster(target, `scancel ${(await viewsOf(work)).find((job) => job.key === "gone")?.nativeId}`)
      expect((await work.hawser(["wait", "gone", "--timeout", "60s"])).code).toBe(1)
      expect((await viewsOf(work)).find((job) => job.key === "gone")?.state).toBe("cancelled")
      expect(await healthsOf(work)).toEqual(["degraded"])
    } finally {
      await mend(target)
    }
    // It answers again, with the name of its cluster.
    expect(await onCluster(target, "sacctmgr -n -P list cluster format=cluster")).toMatch(/\w/)
  },
)

test.skipIf(skipped)(
  "a job waits for a controller that is stopped, visibly, and runs when it is back",
  { timeout: 120_000 },
  async () => {
    await using work = await study(clusterConfig(target))
    try {
      await daemon("stop", "slurmctld")
      const submitted = await work.hawser(["submit", "--key", "early", "--", "true"])
      expect(submitted.code).toBe(0)
      expect(submitted.stderr).toContain("Unable to contact slurm controller")
      const waiting = work.hawser(["run", "--key", "patient", "--", "echo", "at last"])
      await pause(8_000)
      await daemon("start", "slurmctld")
      const { code, stdout, stderr } = await waiting
      expect({ code, stdout }).toEqual({ code: 0, stdout: "at last\n" })
      expect(stderr).toMatch(/waiting: .*Unable to contact slurm controller/)
    } finally {
      await mend(target)
    }
    expect((await work.hawser(["wait", "early"])).code).toBe(0)
  },
)
