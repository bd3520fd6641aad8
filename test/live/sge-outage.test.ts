/** Grid Engine's manager goes away, and so does the controller: what is known of the manager changes, and no job does. */
import { expect, test } from "vitest"
import { study } from "../support/cli.ts"
import { Trace, batchOf, breakableRig, daemon, eventsOf, healthsOf, mend, until, viewsOf } from "../support/cluster.ts"
import { accountedStarts, gridEngine, gridEngineConfig } from "../support/gridengine.ts"
import type { Rig } from "../support/rig.ts"

const skipped = typeof breakableRig === "string" || typeof gridEngine === "string"
const target = gridEngine as Rig

test.skipIf(skipped)(
  "the controller is killed, then qmaster is stopped and started again: every payload runs once, every job completes",
  { timeout: 240_000 },
  async () => {
    await using trace = new Trace()
    await using work = await study(gridEngineConfig(target))
    const jobs = batchOf(16, "outage", { script: trace.payload(5), resources: {} })
    const batch = work.hawser(["batch", "-"], { stdin: jobs })
    await until("accepted", async () => (await eventsOf(work)).some((event) => event.type === "accepted"))
    await work.killController()
    expect((await batch).code).toBe(0)
    const waiting = work.hawser(["wait", "--all", "--timeout", "150s"])
    await until("some run, some wait", async () => {
      const states = (await viewsOf(work)).map((job) => job.state)
      return states.includes("running") && states.includes("queued")
    })
    try {
      await daemon("stop", "qmaster")
      // It waits, visibly, and is taken when the manager is back.
      expect((await work.hawser(["submit", "--key", "late", "--", "true"])).code).toBe(0)
      await until("unreachable", async () => (await healthsOf(work)).includes("unreachable"))
      const states = (await viewsOf(work)).map((job) => job.state)
      expect(states.filter((state) => state === "failed" || state === "cancelled")).toEqual([])
    } finally {
      await mend(target)
    }
    const { code, stderr } = await waiting
    expect(stderr).not.toContain("not completed")
    expect(code).toBe(0)
    expect((await work.hawser(["wait", "late", "--timeout", "60s"])).code).toBe(0)
    const done = await viewsOf(work)
    expect(done.map((job) => [job.state, job.attempts.length])).toEqual(done.map(() => ["completed", 1]))
    const tokens = done.filter(({ key }) => key !== "late").map((job) => job.attempts[0]?.token ?? "")
    expect((await trace.runs()).map((line) => line.split(" ")[1]).sort()).toEqual([...tokens].sort())
    expect(await accountedStarts(target, tokens)).toEqual(tokens.map(() => 1))
    expect(await healthsOf(work)).toEqual(["unreachable", "up"])
  },
)
