/** Slurm forgets all jobs of a new place before one had started there: a test job shows what a fence does, and they run once. */
import { readFile, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { study } from "../support/cli.ts"
import {
  Trace,
  asAdmin,
  batchOf,
  breakableRig,
  clusterConfig,
  daemon,
  eventsOf,
  mend,
  onCluster,
  until,
  viewsOf,
  wrongRuns,
} from "../support/cluster.ts"
import type { Rig } from "../support/rig.ts"

// A minute to show an absence, and a test job on top. (HAWSER_SLOW_TESTS=1)
const skipped = typeof breakableRig === "string" || process.env["HAWSER_SLOW_TESTS"] !== "1"
const target = breakableRig as Rig
const count = 5

test.skipIf(skipped)(
  "what slurmctld has forgotten in a place in which nothing had started is submitted again by itself, and runs once",
  { timeout: 300_000 },
  async () => {
    await using trace = new Trace()
    await using work = await study(clusterConfig(target))
    try {
      await nodes("drain")
      expect(
        (await work.hawser(["batch", "-"], { stdin: batchOf(count, "study", { script: trace.payload(1) }) })).code,
      ).toBe(0)
      await until("all are queued", async () => (await viewsOf(work)).every(({ state }) => state === "queued"))
      await daemon("kill", "slurmctld")
      await forget()
      await daemon("start", "slurmctld")
      await nodes("resume")
      const { code, stderr } = await work.hawser(["wait", "--all", "--timeout", "240s"])
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(`${count} completed`) as unknown })
    } finally {
      await mend(target)
      await nodes("resume")
    }
    const events = await eventsOf(work)
    const tests = events.flatMap((event) => (event.type === "created" && event.isTest === true ? [event.job] : []))
    expect(tests).toHaveLength(1)
    const shown = events.flatMap((event) => (event.type === "visible" ? [event.shownBy] : []))
    const ofTest = events.flatMap((event) => (event.type === "intent" && event.job === tests[0] ? [event.token] : []))
    expect(shown).toEqual(ofTest)
    const jobs = (await viewsOf(work)).filter(({ isTest }) => !isTest)
    expect(jobs.map(({ attempts }) => attempts.length)).toEqual(Array.from({ length: count }, () => 2))
    expect(await wrongRuns(target, work, trace)).toEqual([])
    expect(await onCluster(target, "squeue -h --me")).toBe("")
  },
)

async function nodes(state: "drain" | "resume"): Promise<void> {
  const reason = state === "drain" ? ["Reason=test"] : []
  for (const name of ["n1", "n2", "n3", "n4"]) {
    const change = asAdmin(target, ["scontrol", "update", `NodeName=${name}`, `State=${state}`, ...reason])
    // One that is up already can't be resumed; a wait that ends in time says that they are.
    await (state === "drain" ? change : change.catch(() => ""))
  }
}

/** As if slurmctld had not come to write its jobs down. */
async function forget(): Promise<void> {
  const conf = await readFile(target.slurmConf, "utf8")
  const folder = /^StateSaveLocation=(\S+)$/m.exec(conf)?.[1] ?? ""
  for (const name of await readdir(folder)) if (name.startsWith("job_state")) await rm(join(folder, name))
}
