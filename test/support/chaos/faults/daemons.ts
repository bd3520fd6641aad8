/** What stands behind Slurm's controller is gone for a while: accounting, its database, the authentication. */
import { type Daemon, daemon } from "../../cluster.ts"
import type { Fault, Scene } from "../fault.ts"
import { startNow } from "./administrator.ts"

const healths = ["degraded", "unreachable"]

export const slurmdbdStopped: Fault = {
  name: "slurmdbd-stopped",
  title: "slurmdbd is stopped for 2 to 10 s: accounting does not answer, and is told later",
  rounds: 20,
  short: 8,
  job: () => ({ body: "sleep 3\n" }),
  strike: (scene) => without(scene, "slurmdbd"),
  expected: { healths },
}

export const mariadbStopped: Fault = {
  name: "mariadb-stopped",
  title: "MariaDB is stopped for 2 to 10 s: accounting has no database",
  rounds: 20,
  short: 8,
  job: () => ({ body: "sleep 3\n" }),
  strike: (scene) => without(scene, "mariadb"),
  // slurmdbd takes what its database then loses: once 15 of 20 natives that had completed were never in accounting. (22.05)
  expected: { healths, accounting: "forgetful" },
}

export const mungedStopped: Fault = {
  name: "munged-stopped",
  title: "munged is stopped for 2 to 10 s: no command of Slurm's works, and its daemons don't understand one another",
  rounds: 20,
  short: 8,
  job: () => ({ body: "sleep 3\n" }),
  strike: async (scene) => {
    await without(scene, "munged")
    await startNow(scene)
  },
  expected: { healths },
}

async function without(scene: Scene, name: Daemon): Promise<void> {
  await scene.moment()
  try {
    await daemon("stop", name)
    await scene.strike(`${name} stopped`)
    await scene.pause(scene.dice.between(2_000, 10_000))
  } finally {
    await daemon("start", name)
  }
}
