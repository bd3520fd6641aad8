/** Slurm or its host is gone, its jobs are abandoned and run elsewhere; when it is back, what was left there is ended. */
import { expect, test } from "vitest"
import type { Status } from "../../src/hawser.ts"
import type { JobView } from "../../src/job/index.ts"
import { type Study, study } from "../support/cli.ts"
import {
  Trace,
  batchOf,
  breakableRig,
  clusterConfig,
  daemon,
  mend,
  onCluster,
  until,
  viewsOf,
} from "../support/cluster.ts"
import type { Rig } from "../support/rig.ts"

const skipped = typeof breakableRig === "string"
const target = breakableRig as Rig

/** 16 CPUs: with four each, four run and the others wait. */
const resources = { tasks: 1, cpusPerTask: 4, memory: "100M", walltime: "10m" }
const count = 8

test.skipIf(skipped)("slurmctld is gone for good, and comes back", { timeout: 120_000 }, async () => {
  await using trace = new Trace()
  await using work = await study(clusterConfig(target))
  await fill(work, trace)
  try {
    await daemon("stop", "slurmctld")
    await abandonAndRunElsewhere(work, trace)
    await daemon("start", "slurmctld")
    await endsOverThere(work, trace)
  } finally {
    await mend(target)
  }
})

test.skipIf(skipped)("its host can't be reached any more, and comes back", { timeout: 120_000 }, async () => {
  await using trace = new Trace()
  await using work = await study(clusterConfig(target))
  await fill(work, trace)
  try {
    // With the controller goes the connection.
    expect((await work.hawser(["down"])).code).toBe(0)
    await daemon("stop", "sshd")
    await abandonAndRunElsewhere(work, trace)
    await daemon("start", "sshd")
    await endsOverThere(work, trace)
  } finally {
    await mend(target)
  }
})

async function fill(work: Study, trace: Trace): Promise<void> {
  const jobs = batchOf(count, "study", { script: trace.payload(300), resources })
  expect((await work.hawser(["batch", "-"], { stdin: jobs })).code).toBe(0)
  await until("four run, four wait", async () => {
    const states = (await viewsOf(work)).map(({ state }) => state)
    return states.filter((state) => state === "running").length === 4 && (await trace.runs()).length === 4
  })
}

async function abandonAndRunElsewhere(work: Study, trace: Trace): Promise<void> {
  const refused = await work.hawser(["abandon", "hpc"])
  expect({ code: refused.code, says: refused.stderr.includes("--yes") }).toEqual({ code: 2, says: true })
  const from = Date.now()
  const abandoned = await work.hawser(["abandon", "hpc", "--yes"])
  expect(abandoned.code).toBe(0)
  console.log(`${count} jobs were abandoned in ${Date.now() - from} ms`)
  expect((await viewsOf(work)).map(({ cause }) => cause)).toEqual(Array.from({ length: count }, () => "abandoned"))
  const jobs = batchOf(count, "study", { script: trace.payload(0), executor: "local", resources: { tasks: 1 } })
  expect((await work.hawser(["batch", "-"], { stdin: jobs })).code).toBe(0)
  const waited = await work.hawser(["wait", "--all", "--timeout", "60s"])
  expect({ code: waited.code, stderr: waited.stderr }).toMatchObject({ code: 0 })
  expect(await work.json<Status>("status", "--json")).toMatchObject({ tombstones: [{ executor: "hpc", open: count }] })
}

async function endsOverThere(work: Study, trace: Trace): Promise<void> {
  const from = Date.now()
  const recovered = await work.hawser(["recover", "hpc"])
  expect(recovered.code).toBe(0)
  expect(recovered.stderr).toContain(`hpc: ${count} tombstones were closed`)
  console.log(`what was left was found and ended in ${Date.now() - from} ms`)
  expect(await work.json<Status>("status", "--json")).toMatchObject({ tombstones: [] })
  const jobs = await work.json<readonly JobView[]>("list", "--earlier", "--json")
  const given = jobs.filter(({ executor }) => executor === "hpc")
  expect(given.map(({ cause }) => cause)).toEqual(Array.from({ length: count }, () => "abandoned"))
  for (const { notes } of given) expect(notes.join()).toContain("is cancelled: it was abandoned")
  expect(jobs.filter(({ executor, state }) => executor === "local" && state === "completed")).toHaveLength(count)
  const states = await onCluster(target, `sacct -X -n -P -j ${given.map(({ nativeId }) => nativeId).join()} -o State`)
  expect(
    states
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[0]),
  ).toEqual(given.map(() => "CANCELLED"))
  expect(await onCluster(target, "squeue --me --noheader")).toBe("")
  // Four had begun over there; each key ran once in the place where it was submitted again.
  const runs = await trace.runs()
  expect(runs).toHaveLength(4 + count)
  expect(new Set(runs).size).toBe(4 + count)
}
