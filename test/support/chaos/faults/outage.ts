/** The long outage: slurmctld is down for two minutes during a run, and nobody hears of it but the manager's health. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { pause } from "../../cli.ts"
import { daemon, eventsOf, healthsOf } from "../../cluster.ts"
import type { Fault, Scene } from "../fault.ts"

const outageMs = 120_000
/** What the records of those that ended meanwhile say is true, whatever the manager's health. */
const byRecords = new Set(["ended", "collected", "finished"])

export const slurmctldDown: Fault = {
  name: "slurmctld-down-two-minutes",
  title: "slurmctld is down for two minutes while 100 jobs run and wait",
  rounds: 5,
  short: "it takes two minutes; test/live/slurm-outage.test.ts has 20 s of it",
  jobs: 100,
  isProxied: true,
  job: () => ({
    body: "sleep 5\n",
    // 16 CPUs: with two each, eight run at a time.
    spec: { resources: { tasks: 1, cpusPerTask: 2, memory: "100M", walltime: "5m" } },
  }),
  strike: async (scene) => {
    while (!scene.isSubmitted()) await scene.pause(100)
    await scene.running(scene.dice.whole(8, 24))
    await scene.strike(await downFor({ ...scene, msMin: outageMs }))
  },
  expected: { healths: ["unreachable"] },
}

interface Outage extends Pick<Scene, "work" | "proxy"> {
  readonly msMin: number
  readonly signal?: AbortSignal
}

/** Says what was seen of it. Throws where it was more than the manager's health, or where we came too often. */
export async function downFor({ work, proxy, msMin, signal }: Outage): Promise<string> {
  const connections = proxy?.connections() ?? 0
  const from = Date.now()
  let to = from
  let downAt: number | null = null
  try {
    await daemon("stop", "slurmctld")
    while (Date.now() < from + msMin && signal?.aborted !== true) {
      if (downAt === null && (await healthsOf(work)).at(-1) === "unreachable") downAt = Date.now()
      await pause(200, signal)
    }
    to = Date.now()
  } finally {
    await daemon("start", "slurmctld")
  }
  if (signal?.aborted === true) return "stopped"
  if (downAt === null) throw new Error("the manager was never called unreachable")
  const seen = downAt
  const changed = (await eventsOf(work)).filter((event) => event.at > seen && event.at < to && "job" in event)
  const wrong = changed.filter(({ type }) => !byRecords.has(type)).map(({ type }) => type)
  if (wrong.length > 0) throw new Error(`the outage changed jobs: ${wrong.join(", ")}`)
  const made = (proxy?.connections() ?? 0) - connections
  const tries = await failedPasses(work.folder, from, to)
  // Five seconds of back-off at first, and longer each time.
  const triesMax = 3 + msMin / 5_000
  if (tries > triesMax) throw new Error(`${tries} tries in ${to - from} ms`)
  if (made > tries) throw new Error(`${made} connections for ${tries} tries`)
  const ended = changed.filter(({ type }) => type === "finished").length
  return (
    `down for ${to - from} ms, unreachable after ${seen - from} ms, ${tries} failed tries, ${made} new connections, ` +
    `${ended} jobs ended by their records`
  )
}

/** How often the controller said between these times that the manager could not be asked. */
async function failedPasses(folder: string, from: number, to: number): Promise<number> {
  const log = await readFile(join(folder, ".hawser/log/controller.log"), "utf8")
  return log
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line): { time: number; step?: string } => JSON.parse(line))
    .filter(({ time, step }) => step !== undefined && time >= from && time <= to).length
}
