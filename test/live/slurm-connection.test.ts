/** The connection to Slurm's host is cut, freezes, and is allowed little: the work goes on by itself. */
import { execFile } from "node:child_process"
import { chmod, readFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"
import { pause, study } from "../support/cli.ts"
import { Trace, batchOf, clusterConfig, eventsOf, studyThrough, until, wrongRuns } from "../support/cluster.ts"
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
      console.log(`${proxy.connections()} connections, ${watch.stop()} at a time`)
      expect(watch.stop()).toBe(1)
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

/** Processes of the rig's sshd at the other end of the proxy's connections. */
async function serversOf(proxy: DelayingProxy): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ss", ["-Htnp", "state", "established", `( sport = :${target.port} )`])
  const ports = proxy.upstreamPorts()
  return stdout
    .split("\n")
    .filter((line) => ports.some((port) => line.includes(`:${port} `)))
    .flatMap((line) => [...line.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid)))
}

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
