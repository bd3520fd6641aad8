/**
 * The short form of `npm run chaos`: one small round of each fault on the rig's Slurm and sshd (docs/chaos.md).
 * HAWSER_CHAOS_SEED repeats the moments of a run.
 */
import { expect, test } from "vitest"
import { faults } from "../support/chaos/faults/index.ts"
import { playRound, seedOf } from "../support/chaos/round.ts"
import { breakableRig } from "../support/cluster.ts"

const seed = Number(process.env["HAWSER_CHAOS_SEED"] ?? Date.now() % 1_000_000)

for (const fault of faults) {
  const { name, title, short } = fault
  if (typeof short === "string") {
    test.skip(`${name}: only in npm run chaos, since ${short}`)
    continue
  }
  test.skipIf(typeof breakableRig === "string")(`${name}: ${title}`, { timeout: 300_000 }, async () => {
    if (typeof breakableRig === "string") return
    const round = await playRound(breakableRig, fault, { jobs: short, round: 0, seed: seedOf(seed, fault, 0) })
    const { tokens, natives, runs, lost, twice, replaced, seconds, struck, evidence } = round
    console.log(
      `${name} (seed ${seed}): ${tokens} tokens, ${natives} natives, ${runs} runs, ${lost} lost, ${twice} twice, ` +
        `${replaced} replaced, ${seconds} s; ${struck.join("; ")}`,
    )
    expect(round.wrong, `seed ${seed}; ${evidence}`).toEqual([])
  })
}
