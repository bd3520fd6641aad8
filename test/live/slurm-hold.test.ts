/** Holding and releasing natives of a real Slurm. */
import { expect, test } from "vitest"
import type { JobView } from "../../src/job/index.ts"
import { study } from "../support/cli.ts"
import { asAdmin, clusterConfig, until } from "../support/cluster.ts"
import { type Rig, rig } from "../support/rig.ts"

const skipped = typeof rig === "string"
const target = rig as Rig

test.skipIf(skipped)(
  "a job that waits is held at Slurm, and starts when it is released",
  { timeout: 120_000 },
  async () => {
    await using work = await study(clusterConfig(target))
    const show = (key: string): Promise<JobView> => work.json<JobView>("show", key, "--json")
    // It waits for its time, and would start by itself then.
    const begin = new Date(Date.now() + 20_000).toISOString()
    const spec = { key: "a", command: ["hostname"], resources: { begin } }
    expect((await work.hawser(["batch", "-"], { stdin: `${JSON.stringify(spec)}\n` })).code).toBe(0)
    await until("queued", async () => (await show("a")).state === "queued")
    expect((await work.hawser(["hold", "a"])).stderr).toBe("a: holding\n")
    await until("held", async () => (await show("a")).state === "held")
    const { nativeId } = await show("a")
    const said = await asAdmin(target, ["squeue", "-h", "-j", nativeId ?? "", "-o", "%T %r"])
    expect(said.trim()).toMatch(/^PENDING JobHeld/)
    expect((await work.hawser(["suspend", "a"])).code).toBe(2)
    expect((await work.hawser(["release", "a"])).stderr).toBe("a: releasing\n")
    expect((await work.hawser(["wait", "a", "--timeout", "60s"])).code).toBe(0)
    expect((await show("a")).wish).toBe(null)
  },
)
