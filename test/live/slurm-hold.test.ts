/** Holding, releasing and requeueing natives of a real Slurm. */
import { readFile } from "node:fs/promises"
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

test.skipIf(skipped)(
  "a job that runs is requeued at Slurm, and starts once more as the same attempt",
  { timeout: 180_000 },
  async () => {
    await using work = await study(clusterConfig(target))
    const show = (key: string): Promise<JobView> => work.json<JobView>("show", key, "--json")
    const script = '#!/bin/sh\necho "$HAWSER_RESTART" >>starts\n[ "$HAWSER_RESTART" -ge 1 ] || exec sleep 600\n'
    const jobs = [
      { key: "may", script, outputs: ["starts"], retry: { requeue: true } },
      { key: "may not", command: ["sleep", "600"] },
    ]
    const stdin = jobs.map((job) => `${JSON.stringify(job)}\n`).join("")
    expect((await work.hawser(["batch", "-"], { stdin })).code).toBe(0)
    for (const { key } of jobs) await until(`${key} runs`, async () => (await show(key)).state === "running")
    const refused = await work.hawser(["requeue", "may not"])
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("without retry.requeue")])
    expect((await work.hawser(["requeue", "may"])).stderr).toBe("may: requeueing\n")
    await until("it was requeued", async () => (await show("may")).wish === null)
    const { nativeId } = await show("may")
    // Slurm lets it wait for two minutes.
    await asAdmin(target, ["scontrol", "update", `JobId=${nativeId}`, "StartTime=now"])
    expect((await work.hawser(["wait", "may", "--timeout", "150s"])).code).toBe(0)
    const { directory, attempts } = await show("may")
    expect(attempts).toMatchObject([{ restarts: 1 }])
    expect(await readFile(`${directory}/starts`, "utf8")).toBe("0\n1\n")
    const said = await asAdmin(target, ["sacct", "-D", "-X", "-n", "-j", nativeId ?? "", "--format=State"])
    expect(said.trim().split(/\s+/)).toEqual(["REQUEUED", "COMPLETED"])
    expect((await work.hawser(["cancel", "may not"])).code).toBe(0)
  },
)
