/** G1 on real Slurm: the controller is killed while it submits. (HAWSER_ROUNDS: how often; 5 by default) */
import { expect, test } from "vitest"
import { killingRound } from "../support/killing-rounds.ts"
import { rig } from "../support/rig.ts"

const rounds = Number(process.env["HAWSER_ROUNDS"] ?? 5)

test.skipIf(typeof rig === "string")(
  `${rounds} rounds of 20 jobs, the controller killed while it submits: each payload runs once, in one native`,
  { timeout: rounds * 120_000 },
  async () => {
    if (typeof rig === "string") return
    for (let round = 0; round < rounds; round += 1) {
      const since = Date.now()
      const { wrong, kills, killedAfter, surplus } = await killingRound(rig, {
        jobs: 20,
        kills: 1 + (round % 3),
        name: `round ${round}`,
        random: Math.random,
      })
      console.log(
        `round ${round}: ${kills} kills (after ${killedAfter.join(", ")}), ${surplus} replaced, ${Date.now() - since} ms`,
      )
      expect(wrong).toEqual([])
      expect(kills).toBeGreaterThan(0)
    }
  },
)
