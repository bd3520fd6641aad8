/** The connection to Slurm's host is cut, freezes, and is allowed little: the work goes on by itself. */
import { execFile } from "node:child_process"
import { chmod } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"
import { study } from "../support/cli.ts"
import {
  Trace,
  batchOf,
  clusterConfig,
  eventsOf,
  mostOpen,
  studyThrough,
  until,
  wrongRuns,
} from "../support/cluster.ts"
import { type DelayingProxy, delayingProxy } from "../support/delaying-proxy.ts"
import { type Rig, rig } from "../support/rig.ts"
import { testSshd } from "../support/sshd.ts"

const skipped = typeof rig === "string"
const isRoot = process.getuid?.() === 0
const target = rig as Rig

describe.concurrent("the connection", () => {
  test.skipIf(skipped)(
    "is cut while jobs are submitted, while they run and while they are collected: each payload runs once",
    { timeout: 240_000 },
    async () => {
      await using trace = new Trace()
      await using proxy = await delayingProxy(target, 10)
      await using work = await studyThrough(target, proxy)
      const watch = mostOpen(proxy)
      const stdin = batchOf(40, "cut", { script: `${trace.payload(1)}head -c 300000 /dev/zero >out`, outputs: ["out"] })
      const batch = work.hawser(["batch", "-"], { stdin })
      for (const type of ["accepted", "observed", "collected"]) {
        await until(type, async () => (await eventsOf(work)).some((event) => event.type === type))
        proxy.cut()
      }
      expect((await batch).code).toBe(0)
      const waited = await work.hawser(["wait", "--all", "--timeout", "180s"])
      expect(waited.stderr).not.toContain("not completed")
      expect(waited.code).toBe(0)
      expect(await wrongRuns(target, work, trace)).toEqual([])
      console.log(`${proxy.connections()} connections, ${watch.most()} at a time`)
      watch.stop()
      expect(watch.most()).toBe(1)
      expect(proxy.connections()).toBeLessThanOrEqual(4)
    },
  )

  test.skipIf(skipped || !isRoot)(
    "ends with the process that served it, and is made anew",
    { timeout: 180_000 },
    async () => {
      await using trace = new Trace()
      await using proxy = await delayingProxy(target)
      await using work = await studyThrough(target, proxy)
      const batch = work.hawser(["batch", "-"], { stdin: batchOf(10, "killed", { script: trace.payload(2) }) })
      await until("accepted", async () => (await eventsOf(work)).some((event) => event.type === "accepted"))
      // The one for the login and its child: at once, or the second may be gone by itself.
      // kill complains where one was gone before its turn.
      await promisify(execFile)("kill", ["-KILL", ...(await serversOf(proxy)).map(String)]).catch(() => undefined)
      expect((await batch).code).toBe(0)
      expect((await work.hawser(["wait", "--all", "--timeout", "120s"])).code).toBe(0)
      expect(await wrongRuns(target, work, trace)).toEqual([])
      expect(proxy.connections()).toBe(2)
    },
  )

  for (const sessions of [2, 3]) {
    test.skipIf(skipped || !isRoot)(
      `is allowed ${sessions} channels, and that is enough`,
      { timeout: 180_000 },
      async () => {
        await using trace = new Trace()
        const settings = [`MaxSessions ${sessions}`, `SetEnv SLURM_CONF=${target.slurmConf}`]
        await using sshd = await testSshd(settings)
        await chmod(sshd.directory, 0o711)
        await chmod(join(sshd.directory, "authorized_keys"), 0o644)
        const { port, identityFile, knownHostsFile } = sshd.config
        await using work = await study(clusterConfig({ ...target, port, identityFile, knownHostsFile }))
        const stdin = batchOf(20, "few", { script: `${trace.payload(0)}echo out >out`, outputs: ["out"] })
        expect((await work.hawser(["batch", "-"], { stdin })).code).toBe(0)
        expect((await work.hawser(["wait", "--all", "--timeout", "90s"])).code).toBe(0)
        expect(await wrongRuns(target, work, trace)).toEqual([])
      },
    )
  }
})

/** Processes of the rig's sshd at the other end of the proxy's connections. */
async function serversOf(proxy: DelayingProxy): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ss", ["-Htnp", "state", "established", `( sport = :${target.port} )`])
  const ports = proxy.upstreamPorts()
  return stdout
    .split("\n")
    .filter((line) => ports.some((port) => line.includes(`:${port} `)))
    .flatMap((line) => [...line.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid)))
}
