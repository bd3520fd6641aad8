/** Slurm's controller: frozen, killed, killed right after it has accepted something, restarted with and without its state. */
import { asAdmin, daemon, eventsOf, mend } from "../../cluster.ts"
import type { Expected, Fault, Place, Scene, Setting } from "../fault.ts"
import { resumeNodes } from "./administrator.ts"

/** While it is away; what it has lost is found out by looking. */
const healths = ["degraded", "unreachable"]
const body = "sleep 1\n"

/**
 * What Slurm itself does after it has forgotten a job: the next one gets its id, the slurmd that ran the first one says
 * that it runs already, Slurm cancels the second one before it starts, and drains the node ("Duplicate jobid").
 */
const forgetful: Expected = { healths, ends: ["completed", "cancelled"], accounting: "forgetful" }

export const slurmctldFrozen: Fault = {
  name: "slurmctld-frozen",
  title: "slurmctld is stopped by SIGSTOP for 4 to 10 s, longer than MessageTimeout (3 s)",
  rounds: 20,
  short: 8,
  strike: async (scene) => {
    await scene.moment()
    try {
      await daemon("freeze", "slurmctld")
      await scene.strike("slurmctld frozen")
      await scene.pause(scene.dice.between(4_000, 10_000))
    } finally {
      await daemon("thaw", "slurmctld")
    }
  },
  expected: { healths },
}

export const slurmctldKilled: Fault = {
  name: "slurmctld-killed",
  title: "slurmctld is killed at a random moment, and started again after up to 5 s",
  rounds: 20,
  short: "what it has forgotten is given up after a minute of looking",
  job: () => ({ body }),
  strike: async (scene) => {
    await scene.anyStage()
    await killFor(scene, scene.dice.between(0, 5_000))
  },
  prepare: freshNodes,
  expected: forgetful,
}

export const slurmctldKilledAfterAccepting: Fault = {
  name: "slurmctld-killed-after-accepting",
  title: "slurmctld is killed within a second of accepting a job, and started again at once",
  rounds: 20,
  short: "what it has forgotten is given up after a minute of looking",
  strike: async (scene) => {
    const count = scene.dice.whole(1, scene.jobs - 1)
    while (!scene.isSubmitted() && (await accepted(scene)) < count) await scene.pause(10)
    await scene.pause(scene.dice.between(0, 1_000))
    await killFor(scene, 0)
  },
  prepare: freshNodes,
  expected: forgetful,
}

export const slurmctldRestarted: Fault = {
  name: "slurmctld-restarted",
  title: "slurmctld ends, saves its state, and starts again after 1 to 8 s",
  rounds: 20,
  short: 8,
  job: () => ({ body }),
  strike: (scene) => restart(scene, []),
  expected: { healths },
}

export const slurmctldCold: Fault = {
  name: "slurmctld-cold",
  title: "slurmctld ends and starts with -c: all jobs forgotten; accounting calls them cancelled, whatever they do",
  rounds: 20,
  short: "what it has forgotten is given up after a minute of looking",
  job: () => ({ body: "sleep 4\n" }),
  strike: (scene) => restart(scene, ["--cold"]),
  prepare: freshNodes,
  // Accounting says that what is forgotten was cancelled, and its slurmd ends what still runs.
  expected: forgetful,
}

async function restart(scene: Scene, options: readonly string[]): Promise<void> {
  await scene.anyStage()
  try {
    await daemon("stop", "slurmctld")
    await scene.strike("slurmctld stopped")
    await scene.pause(scene.dice.between(1_000, 8_000))
  } finally {
    await daemon("start", "slurmctld", ...options)
  }
  if (options.length > 0) await resumeNodes(scene)
}

async function killFor(scene: Scene, ms: number): Promise<void> {
  try {
    await daemon("kill", "slurmctld")
    await scene.strike(`slurmctld killed, for ${Math.round(ms)} ms`)
    await scene.pause(ms)
  } finally {
    await daemon("start", "slurmctld")
  }
  await resumeNodes(scene)
}

/** What the nodes believe to run would disturb the rounds that come after. */
async function freshNodes({ target }: Place): Promise<Setting> {
  return {
    undo: async () => {
      await mend(target)
      for (const node of ["n1", "n2", "n3", "n4"] as const) {
        await daemon("stop", node)
        await daemon("start", node, "--cold")
      }
      await asAdmin(target, ["scontrol", "update", "NodeName=n[1-4]", "State=RESUME"]).catch(() => undefined)
    },
  }
}

async function accepted({ work }: Scene): Promise<number> {
  return (await eventsOf(work)).filter(({ type }) => type === "accepted").length
}
