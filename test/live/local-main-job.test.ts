/** The main job on local processes: 200 jobs, and a controller that is killed three times. */
import { randomInt } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { pause, study } from "../support/cli.ts"
import { wrongResults, writeStudy } from "../support/parameter-study.ts"

const jobCount = 200

test(
  `${jobCount} local jobs, the controller killed three times: each payload runs once, every output is back`,
  { timeout: 400_000 },
  async () => {
    await using work = await study("executors:\n  local: {cores: 16}\n")
    const trace = join(work.folder, "trace")
    const written = await writeStudy(work, jobCount, trace)
    const killed = new Set<number>()
    const kill = async (): Promise<void> => {
      const pid = await work.killController()
      if (pid !== null) killed.add(pid)
    }
    const batch = work.hawser(["batch", "study.jsonl"])
    while (!(await work.jobs().catch(() => [])).some((job) => job.nativeId !== null)) await pause(20)
    await pause(randomInt(0, 300))
    await kill()
    expect((await batch).code).toBe(0)

    const wait = work.hawser(["wait", "--all", "--timeout", "300s"])
    for (const _ of [1, 2]) {
      await pause(randomInt(500, 4_000))
      await kill()
    }
    const waited = await wait
    expect(waited.stderr).not.toContain("not completed")
    expect(waited.code).toBe(0)
    expect(killed.size).toBe(3)

    const runs = (await readFile(trace, "utf8")).trim().split("\n")
    expect(new Set(runs).size).toBe(jobCount)
    expect(runs).toHaveLength(jobCount)
    expect((await work.jobs()).filter((job) => job.state === "completed")).toHaveLength(jobCount)
    expect(await wrongResults(work, written)).toEqual([])
  },
)
