/** The controller dies by SIGKILL: at random moments, and at named steps of its own. */
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { eventsOf } from "../../cluster.ts"
import { root } from "../../root.ts"
import type { Fault, Place, Scene, Setting } from "../fault.ts"

const expected = { healths: [] }

export const controllerKilled: Fault = {
  name: "controller-killed",
  title: "kill -9 of the controller, one to three times at random moments while it submits",
  rounds: 100,
  short: 20,
  strike: async (scene) => {
    const killed = new Set<number>()
    const kills = 1 + (scene.round % 3)
    while (killed.size < kills && !scene.isSubmitted()) {
      const pid = await controllerOf(scene, killed)
      if (pid === null) continue
      await scene.moment()
      // What is submitted by now is for the faults that come later; one kill there must be.
      if (scene.isSubmitted() && killed.size > 0) break
      killed.add(pid)
      if (kill(pid)) await scene.strike("controller killed")
    }
  },
  expected,
}

/** The controller as the state directory names it; null: none yet, or one that was killed before. */
async function controllerOf(scene: Scene, killed: ReadonlySet<number>): Promise<number | null> {
  const pid = (await eventsOf(scene.work)).findLast((event) => event.type === "controller")?.pid
  if (pid !== undefined && !killed.has(pid)) return pid
  await scene.pause(30)
  return null
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL")
  } catch {
    return false
  }
}

/** How many steps of a kind a controller takes at least while it submits twenty jobs; fewer jobs, fewer steps. */
const kinds = {
  "journal-write": { title: "a write to the journal", steps: 12 },
  fsync: { title: "an fsync of the store", steps: 14 },
  rename: { title: "a rename or a link in the state directory", steps: 2 },
  "remote-command": { title: "something sent to the other side", steps: 12 },
  "remote-answer": { title: "an answer from the other side", steps: 12 },
} as const

type Kind = keyof typeof kinds

export const failpoints: readonly Fault[] = (Object.keys(kinds) as Kind[]).map((kind) => ({
  name: `killed-at-${kind}`,
  title: `kill -9 of the controller just before or after ${kinds[kind].title}, the n-th, and of the next one early`,
  rounds: 20,
  short: 10,
  prepare: (place) => aim(place, kind),
  strike: async (scene) => {
    const folder = join(scene.folder, "failpoints")
    const told = new Set<string>()
    while (!scene.isOver() || told.size === 0) {
      for (const name of await readdir(folder)) {
        if (!name.startsWith("killed.") || told.has(name)) continue
        told.add(name)
        await scene.strike(`controller killed ${(await readFile(join(folder, name), "utf8")).trim()}`)
      }
      if (scene.isOver()) return
      await scene.pause(50)
    }
  },
  expected,
}))

/** Two kills: one anywhere, and one while the next controller finds its feet. */
async function aim({ folder, dice, jobs }: Place, kind: Kind): Promise<Setting> {
  const path = join(folder, "failpoints")
  await mkdir(path)
  const steps = Math.max(2, Math.ceil((kinds[kind].steps * Math.min(jobs, 20)) / 20))
  for (const [index, most] of [steps, Math.min(steps, 4)].entries()) {
    const shot = { kind, when: dice.chance(0.5) ? "before" : "after", n: dice.whole(1, most) }
    await writeFile(join(path, `${index}.aim`), JSON.stringify(shot))
  }
  const program = join(root, "test/support/failpoints.mjs")
  const options = `${process.env["NODE_OPTIONS"] ?? ""} --import=${program}`.trim()
  return { env: { NODE_OPTIONS: options, HAWSER_FAILPOINTS: path } }
}
