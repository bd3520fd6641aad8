/** A copy of the state directory is enough to go on (G5); two that live at a time run nothing twice. */
import { cp, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { Study, study } from "../support/cli.ts"
import { Trace, batchOf, clusterConfig, eventsOf, until, viewsOf, wrongRuns } from "../support/cluster.ts"
import { type Rig, rig } from "../support/rig.ts"

const skipped = typeof rig === "string"
const target = rig as Rig

describe.concurrent("a copied state directory", () => {
  test.skipIf(skipped)("goes on with the jobs of a dead controller", { timeout: 180_000 }, async () => {
    await using trace = new Trace()
    // Few at a time, so that something is left to submit.
    await using work = await study(clusterConfig(target, { more: ["limits: {maxQueued: 8}"] }))
    let client = 0
    const batch = work.hawser(["batch", "-"], {
      stdin: batchOf(40, "moved", { script: trace.payload(1) }),
      onStart: (pid) => (client = pid),
    })
    await until("some are accepted", async () => (await viewsOf(work)).some((job) => job.nativeId !== null))
    // The client first: it would start another controller. It may be over by itself.
    if (isLive(client)) process.kill(client, "SIGKILL")
    await batch
    process.kill(await pidOf(work), "SIGKILL")
    await using copy = await copyOf(work)
    const waited = await copy.hawser(["wait", "--all", "--timeout", "120s"])
    expect(waited.stderr).not.toContain("not completed")
    expect(waited.code).toBe(0)
    const views = await viewsOf(copy)
    expect(views.length).toBe(40)
    expect(await wrongRuns(target, copy, trace)).toEqual([])
  })

  test.skipIf(skipped)("is given up for its original, which runs nothing again", { timeout: 180_000 }, async () => {
    await using trace = new Trace()
    await using work = await study(clusterConfig(target))
    expect((await work.hawser(["pause", "hpc"])).code).toBe(0)
    const batch = await work.hawser(["batch", "-"], { stdin: batchOf(4, "back", { script: trace.payload(1) }) })
    expect(batch.code).toBe(0)
    process.kill(await pidOf(work), "SIGKILL")
    await using copy = await copyOf(work)
    expect((await copy.hawser(["play", "hpc"])).code).toBe(0)
    expect((await copy.hawser(["wait", "--all", "--timeout", "120s"])).code).toBe(0)
    const pruned = await copy.hawser(["prune", "--older-than", "0s"])
    expect([pruned.code, pruned.stderr]).toEqual([0, "4 pruned\n"])
    expect((await work.hawser(["play", "hpc"])).code).toBe(0)
    // For a minute it does nothing there: the owner before it may.
    expect((await work.hawser(["wait", "--all", "--timeout", "150s"])).code).toBe(1)
    for (const { key, state, cause, reason, attempts } of await viewsOf(work)) {
      expect([state, cause, attempts.length], key).toEqual(["failed", "lost", 1])
      expect(reason, key).toContain("another copy of this state directory")
    }
    expect((await trace.runs()).length).toBe(4)
    expect(await wrongRuns(target, copy, trace)).toEqual([])
  })

  test.skipIf(skipped)(
    "fences the controller that still runs, and nothing runs twice",
    { timeout: 300_000 },
    async () => {
      await using trace = new Trace()
      // Few at a time, so that both have something left to submit.
      await using work = await study(clusterConfig(target, { more: ["limits: {maxQueued: 8}"] }))
      const batch = work.hawser(["batch", "-"], { stdin: batchOf(60, "twins", { script: trace.payload(1) }) })
      await until("some are accepted", async () => (await viewsOf(work)).some((job) => job.nativeId !== null))
      await using copy = await copyOf(work)
      const inspected = await copy.hawser(["list", "--json"])
      expect(inspected.code).toBe(0)
      // On this host the lease tells that somebody has it; from another one nothing can be told, and a person decides. For a
      // minute the copy does nothing there: the older one may.
      const there = await copy.hawser(["--take-over", "wait", "--all", "--timeout", "200s"])
      expect(there.stderr).not.toContain("not completed")
      expect(there.code).toBe(0)
      const here = await eventsOf(work)
      const health = here.findLast((event) => event.type === "health")
      const ended = here.filter((event) => event.type === "finished").length
      console.log(`the older one saw ${ended} of 60 end; its manager is ${health?.health}: ${health?.reason}`)
      expect(ended).toBeLessThan(60)
      expect(health?.reason).toContain("Another controller has taken over")
      await batch
      expect(await wrongRuns(target, copy, trace)).toEqual([])
    },
  )
})

/** It is a child of ours, whose pid is nobody else's before we have heard of its end. */
function isLive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function pidOf(work: Study): Promise<number> {
  const pid = (await eventsOf(work)).findLast((event) => event.type === "controller")?.pid
  if (pid === undefined) throw new Error("there is no controller")
  return pid
}

async function copyOf(work: Study): Promise<Study> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-copy-"))
  await rm(folder, { recursive: true })
  await cp(work.folder, folder, { recursive: true })
  return new Study(folder, { ...process.env, HAWSER_STATE: undefined, HAWSER_CONFIG: undefined })
}
