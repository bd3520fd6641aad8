/** The manager takes no more: the limits of an account, of a QOS, and of the whole Slurm. */
import { readFile, writeFile } from "node:fs/promises"
import { asAdmin, daemon } from "../../cluster.ts"
import type { Fault } from "../fault.ts"

const resources = { tasks: 1, memory: "100M", walltime: "5m" }
/** What Slurm says no to is no trouble of the manager. */
const expected = { healths: [] }

export const accountLimit: Fault = {
  name: "account-limit",
  title: "an account that lets two jobs be submitted at a time",
  rounds: 20,
  short: 6,
  job: () => ({ spec: { resources: { ...resources, account: "tiny" } } }),
  strike: (scene) => scene.strike("all jobs say account tiny"),
  expected,
}

export const qosLimit: Fault = {
  name: "qos-limit",
  title: "a QOS that lets two jobs be submitted at a time",
  rounds: 20,
  short: 6,
  job: () => ({ spec: { resources: { ...resources, qos: "tinyq" } } }),
  strike: (scene) => scene.strike("all jobs say QOS tinyq"),
  expected,
}

export const maxJobCount: Fault = {
  name: "max-job-count",
  title: "MaxJobCount=8: Slurm has room for seven jobs, those that it still remembers included",
  rounds: 5,
  short: "Slurm forgets jobs every half minute, and sbatch itself waits for room",
  prepare: async ({ target }) => {
    const text = await readFile(target.slurmConf, "utf8")
    // What earlier rounds left in its memory counts too.
    await writeFile(target.slurmConf, text.replace(/^MaxJobCount=.*$/m, "MaxJobCount=8"))
    await daemon("stop", "slurmctld")
    await daemon("start", "slurmctld", "--cold")
    return {
      undo: async () => {
        await writeFile(target.slurmConf, text)
        await daemon("stop", "slurmctld")
        await daemon("start", "slurmctld")
      },
    }
  },
  strike: async (scene) => {
    const limit = /MaxJobCount\s*= (\d+)/.exec(await asAdmin(scene.target, ["scontrol", "show", "config"]))?.[1]
    await scene.strike(`MaxJobCount is ${limit}`)
  },
  // sbatch tries for up to two minutes by itself; its answer may come too late to be believed.
  expected: { healths: ["degraded", "unreachable"] },
}
