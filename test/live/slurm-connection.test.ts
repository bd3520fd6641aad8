/** The connection to Slurm's host is allowed little, shared and left alone for long: the work goes on by itself. */
import { chmod, readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { pause, study } from "../support/cli.ts"
import { Trace, batchOf, clusterConfig, studyThrough, wrongRuns } from "../support/cluster.ts"
import { type DelayingProxy, delayingProxy } from "../support/delaying-proxy.ts"
import { type Rig, rig } from "../support/rig.ts"
import { testSshd } from "../support/sshd.ts"

const skipped = typeof rig === "string"
const isRoot = process.getuid?.() === 0
const target = rig as Rig

/** Longer than the 45 s after which OpenSSH and we call a silent connection dead. */
const stoppedMs = 55_000

describe.concurrent("the connection", () => {
  test.skipIf(skipped)(
    "of a controller that stood still for longer than a connection may be silent is checked, and nothing is missed",
    { timeout: 240_000 },
    async () => {
      await using trace = new Trace()
      await using proxy = await delayingProxy(target)
      await using work = await studyThrough(target, proxy)
      // Some end meanwhile, some run on, and some have not started.
      const stdin = batchOf(24, "stopped", (index) => ({ script: trace.payload(index < 8 ? 5 : 30) }))
      expect((await work.hawser(["batch", "-"], { stdin })).code).toBe(0)
      const pid = (await work.controllerPid()) ?? 0
      process.kill(pid, "SIGSTOP")
      await pause(stoppedMs)
      process.kill(pid, "SIGCONT")
      expect((await work.hawser(["wait", "--all", "--timeout", "150s"])).code).toBe(0)
      expect(await wrongRuns(target, work, trace)).toEqual([])
      const log = await readFile(join(work.folder, ".hawser/log/controller.log"), "utf8")
      expect(log).toContain("everything is asked afresh")
      console.log(`${proxy.connections()} connections`)
      expect(proxy.connections()).toBeLessThanOrEqual(2)
    },
  )

  for (const [limits, connections] of [
    ["{maxConnections: 1}", 1],
    ["{}", 2],
  ] as const) {
    test.skipIf(skipped)(
      `of two executors to one host with limits ${limits}: ${connections}`,
      { timeout: 180_000 },
      async () => {
        await using trace = new Trace()
        await using proxy = await delayingProxy(target)
        await using work = await studyThrough(target, proxy)
        const one = await readFile(join(work.folder, "hawser.yaml"), "utf8")
        const executor = `${one.replace("executors:\n", "")}    limits: ${limits}\n`
        await work.write("hawser.yaml", `executors:\n${executor}${executor.replace("hpc:", "other:")}`)
        const watch = mostOpen(proxy)
        const files = { script: `${trace.payload(1)}head -c 300000 /dev/zero >out`, outputs: ["out"] }
        const batches = ["hpc", "other"].map((name) =>
          work.hawser(["batch", "-e", name, "-"], { stdin: batchOf(20, name, files) }),
        )
        for (const { code, stderr } of await Promise.all(batches)) expect(code, stderr).toBe(0)
        expect((await work.hawser(["wait", "--all", "--timeout", "120s"])).code).toBe(0)
        expect(await wrongRuns(target, work, trace)).toEqual([])
        expect(watch.stop()).toBe(connections)
      },
    )
  }

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

/** How many connections were open at a time at most. */
function mostOpen(proxy: DelayingProxy): { stop(): number } {
  let most = 0
  const timer = setInterval(() => (most = Math.max(most, proxy.open())), 5)
  return {
    stop() {
      clearInterval(timer)
      return most
    },
  }
}
