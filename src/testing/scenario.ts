/** A scenario: what users want of a cluster, a few jobs of all kinds. */
import type { Cause } from "../job/index.ts"
import type { Dice } from "./dice.ts"
import type { Behaviour } from "./wrapper.ts"

export interface PlannedJob {
  readonly key: string
  /** By attempt, from 1; the last one stands for all that follow. */
  readonly behaviour: readonly [Behaviour, ...Behaviour[]]
  readonly submitAtMs: number
  /** When somebody wants it cancelled; null: nobody. */
  readonly cancelAtMs: number | null
  /** The key of the job after which it runs. */
  readonly after: string | null
  /** When somebody gives it up, or all jobs of its executor, and whether its key is then submitted again. Default: never. */
  readonly abandon?: { readonly atMs: number; readonly all: boolean; readonly again: boolean }
  /** When somebody who sees its end removes what it has left over there. Default: never. */
  readonly pruneAtMs?: number
  readonly retry: {
    readonly maxAttempts: number
    readonly on: readonly Cause[]
    /** As a spec says it: `30s`. */
    readonly backoff?: string
    readonly requeue?: boolean
  }
  /** It is given up where it has not started by then. Default: never. */
  readonly giveUpAfterMs?: number
}

export type Scenario = readonly PlannedJob[]

export function drawScenario(dice: Dice): Scenario {
  const submitAtMs = dice.chance(0.7) ? 0 : dice.between(1_000, 60_000)
  return Array.from({ length: dice.whole(3, dice.chance(0.1) ? 10 : 4) }, (_, index): PlannedJob => {
    const retries = dice.chance(0.3)
    const requeue = dice.chance(0.25)
    const abandon = drawAbandon(dice)
    return {
      ...(abandon === null ? {} : { abandon }),
      key: `job${index}`,
      behaviour: abandon?.again === false ? [endless] : [drawBehaviour(dice), drawBehaviour(dice)],
      submitAtMs: dice.chance(0.5) ? 0 : submitAtMs,
      cancelAtMs: dice.chance(0.2) ? dice.between(0, 90_000) : null,
      after: index > 0 && dice.chance(0.1) ? `job${dice.whole(0, index - 1)}` : null,
      retry: { ...(retries ? drawRetry(dice) : { maxAttempts: 1, on: [] }), ...(requeue ? { requeue } : {}) },
      ...(dice.chance(0.12) ? { giveUpAfterMs: dice.pick([5_000, 20_000, 60_000, 200_000]) } : {}),
      ...(dice.chance(0.15) ? { pruneAtMs: dice.between(0, 200_000) } : {}),
    }
  })
}

function drawRetry(dice: Dice): PlannedJob["retry"] {
  const on = dice.pick<readonly Cause[]>([
    ["exit", "node-failure", "lost", "launch"],
    ["exit", "signal", "stage-out", "node-failure"],
    ["lost", "abandoned", "launch"],
  ])
  const backoff = dice.chance(0.4) ? { backoff: dice.pick(["5s", "40s", "10m"]) } : {}
  return { maxAttempts: dice.whole(2, 3), on, ...backoff }
}

/** Longer than a world: what is abandoned and not submitted again ends because it is found, or not at all. */
const endless: Behaviour = { seconds: 1_000_000, exitCode: 0, ignoresTerm: false }

function drawAbandon(dice: Dice): NonNullable<PlannedJob["abandon"]> | null {
  if (!dice.chance(0.12)) return null
  const atMs = dice.chance(0.8) ? dice.between(0, 120_000) : dice.between(0, 3 * 3_600_000)
  return { atMs, all: dice.chance(0.2), again: dice.chance(0.7) }
}

function drawBehaviour(dice: Dice): Behaviour {
  const seconds = dice.chance(0.2) ? 0 : dice.chance(0.85) ? dice.between(1, 10) : dice.between(10, 100)
  const exitCode = dice.chance(0.25) ? dice.pick([1, 2, 200]) : 0
  const output = dice.chance(0.5) ? { outputBytes: dice.whole(0, 2_000) } : {}
  const byChild = dice.chance(0.2) ? { endsByChild: true } : {}
  return { seconds, exitCode, ignoresTerm: dice.chance(0.1), ...byChild, ...output }
}

/** Whether some attempt of it leaves an output that is to come back. */
export function hasOutput({ behaviour }: PlannedJob): boolean {
  return behaviour.some(({ outputBytes }) => outputBytes !== undefined)
}

export function behaviourOf(scenario: Scenario, key: string, attempt: number): Behaviour {
  const job = scenario.find((one) => one.key === key)
  if (job === undefined) return { seconds: 1, exitCode: 0, ignoresTerm: false }
  return job.behaviour[Math.min(attempt, job.behaviour.length) - 1] ?? job.behaviour[0]
}
