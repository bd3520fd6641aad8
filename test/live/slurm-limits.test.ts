/** Submit limits of accounts and QOS: found out once, then kept to, and the jobs behind them go on by themselves. */
import { describe, expect, test } from "vitest"
import { study } from "../support/cli.ts"
import { Trace, batchOf, clusterConfig, eventsOf, wrongRuns } from "../support/cluster.ts"
import { type Rig, rig } from "../support/rig.ts"

const skipped = typeof rig === "string"
const target = rig as Rig

describe.concurrent("two submitted jobs at most", () => {
  for (const [what, resources] of [
    ["of an account", { account: "tiny" }],
    ["of a QOS", { qos: "tinyq" }],
  ] as const) {
    test.skipIf(skipped)(`${what}: twenty jobs run, with few refusals`, { timeout: 300_000 }, async () => {
      await using trace = new Trace()
      await using work = await study(clusterConfig(target))
      const spec = { script: trace.payload(1), resources: { tasks: 1, memory: "100M", walltime: "5m", ...resources } }
      expect((await work.hawser(["batch", "-"], { stdin: batchOf(20, "tiny", spec) })).code).toBe(0)
      // Those of others are not held up.
      const other = { script: trace.payload(0) }
      expect((await work.hawser(["batch", "-"], { stdin: batchOf(1, "other", other) })).code).toBe(0)
      expect((await work.hawser(["wait", "other/0", "--timeout", "60s"])).code).toBe(0)
      expect((await work.hawser(["wait", "--all", "--timeout", "240s"])).code).toBe(0)
      expect(await wrongRuns(target, work, trace)).toEqual([])
      const events = await eventsOf(work)
      const refusals = events.filter(({ type }) => type === "not-accepted").length
      const times = events.filter(({ type }) => type === "created" || type === "finished").map(({ at }) => at)
      console.log(`${what}: ${refusals} refusals, ${((Math.max(...times) - Math.min(...times)) / 1000).toFixed(0)} s`)
      expect(refusals).toBeLessThanOrEqual(12)
    })
  }
})
