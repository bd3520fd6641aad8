/** Native options against a real Slurm: what goes through, and what becomes of it. */
import { expect, test } from "vitest"
import type { JobView } from "../../src/job/index.ts"
import { type Study, study } from "../support/cli.ts"
import { asAdmin, clusterConfig, onCluster, until, viewsOf } from "../support/cluster.ts"
import { type Rig, rig } from "../support/rig.ts"

const skipped = typeof rig === "string"
const target = rig as Rig
const patience = { timeout: 180_000 }

const submitted = (work: Study, ...specs: readonly object[]): ReturnType<Study["hawser"]> =>
  work.hawser(["batch", "-"], { stdin: specs.map((spec) => `${JSON.stringify(spec)}\n`).join("") })
const shown = (work: Study, key: string): Promise<JobView> => work.json<JobView>("show", key, "--json")

test.skipIf(skipped)(
  "a heterogeneous job is one native: it runs on all of its components, and ends and is cancelled whole",
  patience,
  async () => {
    await using work = await study(clusterConfig(target))
    const native = ["#SBATCH hetjob", "--nodes=1", "--ntasks=2"]
    const spans = {
      key: "spans",
      script: "srun --het-group=0,1 echo ran",
      launcher: "none",
      resources: { tasks: 1 },
      native,
    }
    const waits = { key: "waits", command: ["sleep", "600"], launcher: "none", resources: { tasks: 1 }, native }
    expect((await submitted(work, spans, waits)).code).toBe(0)
    expect((await work.hawser(["wait", "spans", "--timeout", "90s"])).code).toBe(0)
    expect((await work.hawser(["logs", "spans"])).stdout).toBe("ran\n".repeat(3))
    await until("it runs", async () => (await shown(work, "waits")).state === "running")
    const { nativeId } = await shown(work, "waits")
    const squeue = ["squeue", "--noheader", "--jobs", nativeId ?? "", "--format=%i %T"] as const
    expect((await asAdmin(target, squeue)).trim().split("\n").sort()).toEqual([
      `${nativeId}+0 RUNNING`,
      `${nativeId}+1 RUNNING`,
    ])
    await work.hawser(["cancel", "waits"])
    await work.hawser(["wait", "waits", "--timeout", "90s"])
    await until("both are gone", async () => !/RUNNING/.test(await asAdmin(target, squeue).catch(() => "")))
    const [one, other] = await viewsOf(work)
    expect([one, other]).toMatchObject([
      { state: "completed", attempts: [{ number: 1, nodes: [expect.any(String) as string] }], notes: [] },
      { state: "cancelled", attempt: 1, notes: [] },
    ])
  },
)

test.skipIf(skipped)(
  "licences are waited for, and what there is none of is refused in Slurm's words",
  patience,
  async () => {
    await using work = await study(clusterConfig(target))
    const native = ["--licenses=flow:2"]
    const specs = ["a", "b"].map((key) => ({ key, command: ["sleep", "5"], native }))
    expect((await submitted(work, ...specs)).code).toBe(0)
    await until("one waits for the other", async () =>
      (await viewsOf(work)).some(({ reason }) => reason === "Licenses"),
    )
    expect((await work.hawser(["wait", "--all", "--timeout", "90s"])).code).toBe(0)
    const refused = await submitted(work, { key: "c", command: ["true"], native: ["--licenses=nobody:1"] })
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("Invalid license specification")])
  },
)

test.skipIf(skipped)(
  "a dependency on the user's own native is kept, and one that can't be met is told as that",
  patience,
  async () => {
    await using work = await study(clusterConfig(target))
    const failed = (await onCluster(target, "sbatch --parsable --output=/dev/null --wrap 'exit 3'")).trim()
    const later = (await onCluster(target, "sbatch --parsable --output=/dev/null --wrap 'sleep 8'")).trim()
    const specs = [
      { key: "never", command: ["true"], native: [`--dependency=afterok:${failed}`, "--kill-on-invalid-dep=yes"] },
      { key: "later", command: ["true"], native: [`-d afterok:${later}`] },
    ]
    await submitted(work, ...specs)
    await until("it waits", async () => (await shown(work, "later")).reason === "Dependency")
    expect((await work.hawser(["wait", "later", "--timeout", "90s"])).code).toBe(0)
    expect((await work.hawser(["wait", "never", "--timeout", "90s"])).code).toBe(1)
    expect(await shown(work, "never")).toMatchObject({
      state: "failed",
      cause: "dependency",
      reason: "DependencyNeverSatisfied",
      attempt: 1,
    })
  },
)

test.skipIf(skipped)(
  "a cluster that is named is part of the id, and the lines of burst buffers stand in the script",
  patience,
  async () => {
    await using work = await study(clusterConfig(target))
    const cluster = /ClusterName\s*= (\S+)/.exec(await asAdmin(target, ["scontrol", "show", "config"]))?.[1] ?? ""
    const lines = ["#DW jobdw type=scratch capacity=1GB", "#BB create_persistent name=x"]
    const native = [`--clusters=${cluster}`, ...lines]
    expect((await submitted(work, { key: "a", command: ["true"], native })).code).toBe(0)
    expect((await work.hawser(["wait", "a", "--timeout", "90s"])).code).toBe(0)
    const { nativeId } = await shown(work, "a")
    expect(nativeId).toMatch(new RegExp(`^\\d+;${cluster}$`))
    // Accounting may have it only after the job.
    const script = () => asAdmin(target, ["sacct", "--batch-script", "--jobs", nativeId?.split(";")[0] ?? ""])
    await expect.poll(script).toContain(["#!/bin/sh", ...lines, ""].join("\n"))
  },
)

test.skipIf(skipped)(
  "an array is jobs of their own at Slurm too, and at most so many of them at once",
  patience,
  async () => {
    await using work = await study(clusterConfig(target))
    const script = 'echo "$HAWSER_ARRAY_INDEX"; date +%s.%N >begin; sleep 1; date +%s.%N >end'
    const array = { key: "array", script, array: "0-5%2", outputs: ["begin", "end"], into: "array/%a" }
    expect((await submitted(work, array, { key: "sum", command: ["true"], after: ["array[0-5]"] })).code).toBe(0)
    expect((await work.hawser(["wait", "--all", "--timeout", "150s"])).code).toBe(0)
    const views = await viewsOf(work)
    expect(new Set(views.map(({ nativeId }) => nativeId)).size).toBe(7)
    const spans = views
      .filter(({ key }) => key !== "sum")
      .map(({ times }) => [Date.parse(times.started ?? ""), Date.parse(times.ended ?? "")] as const)
    // The third begins when one of the first two has been seen to have ended.
    for (const [begin] of spans)
      expect(spans.filter(([from, to]) => from <= begin && begin < to).length).toBeLessThanOrEqual(2)
  },
)
