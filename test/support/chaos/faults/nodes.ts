/** What the manager does to jobs: their node dies, others take their place, somebody puts them back into the queue. */
import { asAdmin, daemon, onCluster, viewsOf } from "../../cluster.ts"
import type { Fault, Scene } from "../fault.ts"
import { startNow } from "./administrator.ts"

/** These two work for long on n1, and the second one may try again; their second attempts are short. */
const onDyingNode = 2
const longWork = `[ "$HAWSER_ATTEMPT" -gt 1 ] || sleep 100\n`

export const nodeKilled: Fault = {
  name: "node-killed",
  title:
    "the slurmd of n1 is killed under two long jobs, one of which may try again; it is back when Slurm has given it up",
  rounds: 5,
  short: 6,
  job: (index) =>
    index >= onDyingNode
      ? { spec: { native: ["--exclude=n1"] } }
      : {
          body: longWork,
          spec: {
            native: ["--nodelist=n1"],
            ...(index === 1 ? { retry: { maxAttempts: 2, on: ["node-failure"] } } : {}),
          },
        },
  strike: async (scene) => {
    await untilRunning(scene, onDyingNode)
    try {
      await daemon("kill", "n1")
      await scene.strike("slurmd of n1 killed")
      await until(scene, async () => (await viewsOf(scene.work)).slice(0, onDyingNode).every(hasLostItsNode), 90_000)
    } finally {
      await daemon("start", "n1")
    }
  },
  expected: {
    healths: [],
    ends: (index) => (index === 0 ? ["failed/node-failure"] : ["completed"]),
    some: ["failed/node-failure"],
    attempts: 2,
  },
}

export const preemptedCancel: Fault = preempted({
  name: "preempted-cancelled",
  queue: "scavenge",
  title:
    "a job of partition high takes the nodes from those of scavenge, which Slurm cancels; every other one may try again",
})

export const preemptedRequeue: Fault = preempted({
  name: "preempted-requeued",
  queue: "batch",
  title:
    "a job of partition high takes the nodes from those of batch, whose jobs Slurm requeues; ours say --no-requeue",
})

export const requeued: Fault = {
  name: "requeued",
  title: "an administrator forces a running job back into the queue, which had asked not to be requeued",
  rounds: 20,
  short: 4,
  jobs: 8,
  job: () => ({ body: "sleep 8\n" }),
  strike: async (scene) => {
    await untilRunning(scene, scene.jobs)
    const [victim] = await viewsOf(scene.work)
    const id = victim?.nativeId ?? ""
    await asAdmin(scene.target, ["scontrol", "update", `JobId=${id}`, "Requeue=1"])
    await asAdmin(scene.target, ["scontrol", "requeue", id])
    await scene.strike(`${victim?.key} requeued`)
    await startNow(scene)
  },
  // The same attempt, started again by its manager, after its first start was ended.
  expected: { healths: [], restarts: 1 },
}

function preempted({ name, queue, title }: { name: string; queue: string; title: string }): Fault {
  return {
    name,
    title,
    rounds: 20,
    short: name === "preempted-cancelled" ? 8 : "the same end as preempted-cancelled, as long as requeue is off",
    job: (index) => ({
      body: `[ "$HAWSER_ATTEMPT" -gt 1 ] || sleep 8\n`,
      spec: {
        resources: { tasks: 1, memory: "100M", walltime: "5m", queue },
        ...(index % 2 === 1 ? { retry: { maxAttempts: 3, on: ["preempted"] } } : {}),
      },
    }),
    strike: async (scene) => {
      await scene.running(Math.min(4, scene.jobs))
      const options = "--parsable -p high -N4 --exclusive -J chaos-high -o /dev/null"
      await onCluster(scene.target, `sbatch ${options} --wrap 'sleep 2'`)
      await scene.strike("a job of partition high was submitted")
    },
    expected: {
      healths: [],
      ends: (index) => (index % 2 === 1 ? ["completed"] : ["completed", "failed/preempted"]),
      some: ["failed/preempted"],
      attempts: 3,
    },
  }
}

function hasLostItsNode({ attempts }: { readonly attempts: readonly { readonly cause: string | null }[] }): boolean {
  return attempts[0]?.cause === "node-failure"
}

/** Until the first `count` jobs run. */
async function untilRunning(scene: Scene, count: number): Promise<void> {
  await until(
    scene,
    async () => {
      const views = await viewsOf(scene.work)
      return views.length === scene.jobs && views.slice(0, count).every(({ state }) => state === "running")
    },
    60_000,
  )
}

async function until(scene: Scene, isSo: () => Promise<boolean>, msMax: number): Promise<void> {
  const end = Date.now() + msMax
  while (!(await isSo()) && !scene.isOver() && Date.now() < end) await scene.pause(200)
}
