/** The way to the manager: cut, frozen, half open; its processes killed; sshd gone for a while. */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { daemon } from "../../cluster.ts"
import type { Rig } from "../../rig.ts"
import type { Fault, Scene } from "../fault.ts"

/** A lost connection is made anew at once; only where that fails, too, is it told. */
const expected = { healths: ["unreachable"] }
const body = "sleep 1\n"

export const connectionCut: Fault = {
  name: "connection-cut",
  title: "the TCP connection is reset, once while jobs are submitted, once or twice later",
  rounds: 20,
  short: 10,
  isProxied: true,
  job: () => ({ body }),
  strike: async (scene) => {
    await eachStage(scene, async (stage) => {
      proxyOf(scene).cut()
      await scene.strike(`connection cut ${stage}`)
    })
  },
  expected: { ...expected, connectionsPerStrike: 1 },
}

export const connectionFrozen: Fault = {
  name: "connection-frozen",
  title: "nothing gets through for 1 to 60 s, and then everything that was sent meanwhile",
  rounds: 20,
  short: "a connection that is silent is given up after half a minute and more",
  isProxied: true,
  job: () => ({ body }),
  strike: async (scene) => {
    await scene.anyStage()
    const proxy = proxyOf(scene)
    const ms = scene.dice.chance(0.5) ? scene.dice.between(1_000, 8_000) : scene.dice.between(20_000, 60_000)
    proxy.freeze()
    await scene.strike(`connection frozen for ${Math.round(ms)} ms`)
    await scene.pause(ms)
    proxy.thaw()
  },
  expected,
}

export const connectionHalfOpen: Fault = {
  name: "connection-half-open",
  title: "one end of the connection is gone and the other is not told: ours (its shells over there go on), or theirs",
  rounds: 20,
  short: "a connection that is silent is given up after half a minute and more",
  isProxied: true,
  job: () => ({ body }),
  strike: async (scene) => {
    await scene.anyStage()
    const gone = scene.round % 2 === 0 ? "client" : "server"
    proxyOf(scene).halfOpen(gone)
    await scene.strike(`the ${gone}'s end of the connection is gone`)
  },
  expected,
}

export const sessionKilled: Fault = {
  name: "session-killed",
  title: "the sshd processes that serve the connection are killed, once while jobs are submitted, once or twice later",
  rounds: 20,
  short: 10,
  isProxied: true,
  job: () => ({ body }),
  strike: async (scene) => {
    await eachStage(scene, async (stage) => {
      await served(scene)
      await killSessions(scene.target)
      await scene.strike(`sessions killed ${stage}`)
    })
  },
  expected: { ...expected, connectionsPerStrike: 1 },
}

export const sshdRestarted: Fault = {
  name: "sshd-restarted",
  title: "sshd and its sessions end, and it starts again after 1 to 8 s",
  rounds: 20,
  short: 10,
  job: () => ({ body }),
  strike: async (scene) => {
    await scene.moment()
    await served(scene)
    try {
      await daemon("stop", "sshd")
      await killSessions(scene.target)
      await scene.strike("sshd stopped")
      await scene.pause(scene.dice.between(1_000, 8_000))
    } finally {
      await daemon("start", "sshd")
    }
  },
  expected,
}

/** While jobs are submitted, while they run, while they end. */
async function eachStage(scene: Scene, act: (stage: string) => Promise<void>): Promise<void> {
  await scene.moment()
  await act("while submitting")
  await scene.running(scene.dice.whole(1, scene.jobs - 1))
  if (!scene.isOver()) await act("while running")
  await scene.pause(scene.dice.between(0, 2_000))
  if (!scene.isOver()) await act("later")
}

function proxyOf({ proxy }: Scene): NonNullable<Scene["proxy"]> {
  if (proxy === null) throw new Error("this fault needs a proxy")
  return proxy
}

const run = promisify(execFile)

/** Until a login is over: a connection that ends before that looks like an sshd which takes no more of them, and not like one that is lost. */
async function served(scene: Scene): Promise<void> {
  while (!scene.isOver()) {
    const pids = await sessions(scene.target)
    const { stdout } = await run("ps", ["-o", "args=", "-p", ["1", ...pids].join(",")])
    // sshd calls the child of a connection `sshd: user@notty` from then on.
    if (/^sshd: \S+@/m.test(stdout)) return
    await scene.pause(20)
  }
}

/** All processes of the rig's sshd that serve a connection: the one for the login and its child. */
async function sessions(target: Rig): Promise<readonly string[]> {
  const { stdout } = await run("ss", ["-Htnp", "state", "established", `( sport = :${target.port} )`])
  return [...new Set([...stdout.matchAll(/pid=(\d+)/g)].flatMap(([, pid]) => (pid === undefined ? [] : [pid])))]
}

async function killSessions(target: Rig): Promise<void> {
  const pids = await sessions(target)
  // kill complains where one was gone before its turn.
  if (pids.length > 0) await run("kill", ["-KILL", ...pids]).catch(() => undefined)
}
