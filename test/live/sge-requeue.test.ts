/** Grid Engine starts a job again. Its kill of the start before gets lost where another job of that node ends meanwhile, so this is alone. */
import { expect, test } from "vitest"
import { study } from "../support/cli.ts"
import { Trace, breakableRig, onCluster, until, viewsOf } from "../support/cluster.ts"
import { asGridAdmin, gridEngine, gridEngineConfig } from "../support/gridengine.ts"
import type { Rig } from "../support/rig.ts"

const skipped = typeof breakableRig === "string" || typeof gridEngine === "string"
const target = gridEngine as Rig

test.skipIf(skipped)(
  "on Grid Engine: a job that asked for it is started again, and is the same attempt",
  { timeout: 180_000 },
  async () => {
    await using trace = new Trace()
    await using work = await study(gridEngineConfig(target))
    const script = `${trace.line()}[ "$HAWSER_RESTART" = 1 ] || sleep 300\n`
    const job = { key: "again", script, retry: { requeue: true } }
    expect((await work.hawser(["batch", "-"], { stdin: `${JSON.stringify(job)}\n` })).code).toBe(0)
    await until("running", async () => (await viewsOf(work))[0]?.state === "running")
    const [view] = await viewsOf(work)
    const id = view?.nativeId ?? ""
    // Where it is its turn again before execd has ended it, Grid Engine says that it runs again, and lets it run on. Before execd has
    // reported on it, too.
    await until("reported", async () => /^usage /m.test(await onCluster(target, `qstat -j ${id}`)))
    await asGridAdmin(target, ["qhold", id])
    await asGridAdmin(target, ["qmod", "-rj", id])
    const wrapper = `"$(sed -n 's/^pid //p' '${view?.remoteDirectory}/started.0')"`
    await until("its first start is over", async () =>
      (await onCluster(target, `kill -0 ${wrapper} 2>/dev/null || echo over`)).startsWith("over"),
    )
    await asGridAdmin(target, ["qrls", id])
    expect((await work.hawser(["wait", "--all", "--timeout", "100s"])).code).toBe(0)
    const [end] = await viewsOf(work)
    expect(end).toMatchObject({ state: "completed", exitCode: 0, nativeId: id })
    expect(end?.attempts.map(({ restarts }) => restarts)).toEqual([1])
    expect(await trace.runs()).toHaveLength(2)
  },
)
