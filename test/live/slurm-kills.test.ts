/** G1 on real Slurm: the controller is killed while it submits. (HAWSER_ROUNDS: how often; 5 by default) */
import { expect, test } from "vitest"
import { type Round, killingRound } from "../support/killing-rounds.ts"
import { rig } from "../support/rig.ts"

const rounds = Number(process.env["HAWSER_ROUNDS"] ?? 5)

/** Rounds at a time: they disturb one another's timing, and nothing else. */
const lanes = 3

test.skipIf(typeof rig === "string")(
  `${rounds} rounds of 20 jobs, the controller killed while it submits: each payload runs once, in one native`,
  { timeout: rounds * 120_000 },
  async () => {
    if (typeof rig === "string") return
    const target = rig
    const queue = Array.from({ length: rounds }, (_, index) => index)
    const done: Round[] = []
    const lane = async (): Promise<void> => {
      for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
        const since = Date.now()
        const options = { jobs: 20, kills: 1 + (index % 3), name: `round-${index}`, random: Math.random }
        const round = await killingRound(target, options)
        const { kills, killedAfter, replaced } = round
        const ms = Date.now() - since
        console.log(`round ${index}: ${kills} kills (after ${killedAfter.join(", ")}), ${replaced} replaced, ${ms} ms`)
        done.push(round)
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    expect(done.flatMap(({ wrong }) => wrong)).toEqual([])
    expect(done.reduce((sum, { kills }) => sum + kills, 0)).toBeGreaterThanOrEqual(rounds)
  },
)
