/** How often a manager is asked: never sooner than the user allows. */
import { expect, test } from "vitest"
import { localPace, pacedBy, remotePace } from "../../src/executors/pace.ts"
import { prelude } from "../../src/remote/prelude.ts"
import { localTransport } from "../../src/transport/local.ts"
import { openSession } from "../../src/transport/session.ts"
import { Stand, ended, submit } from "../support/stand.ts"

test.each([
  [remotePace, null, { sweepMsMin: 2_000, hintMs: 1_000, askMsMin: 0 }],
  [remotePace, 60, { sweepMsMin: 60_000, sweepMsMax: 60_000, hintMs: 60_000, askMsMin: 60_000 }],
  [localPace, 0.1, { sweepMsMin: 100, sweepMsMax: 5_000, hintMs: 200, askMsMin: 100 }],
])("minPollSeconds bounds sweeps and looks for hints", (pace, seconds, bounds) => {
  expect(pacedBy(pace, seconds)).toMatchObject(bounds)
})

/** The shortest time between two ticks while three short jobs run one after another, ms of the clock. */
async function shortestPause(minPollSeconds: number | null): Promise<number> {
  await using stand = new Stand()
  const { clock } = stand
  const at: number[] = []
  const pace = { sweepMsMin: 500, sweepMsMax: 1_000, hintMs: 200, askMsMin: 0, gatherMs: 20, killAfterMs: 5_000 }
  const fleet = await stand.fleet({
    pace: pacedBy(pace, minPollSeconds),
    openSession: async (signal) => {
      const session = await openSession(localTransport(clock), { clock, prelude: prelude([]) }, signal)
      const ask: typeof session.ask = async (command, after) => {
        // The first question of a tick: for hints, or for the queue.
        if (command.argv[0] === "hz_hints" || command.argv.includes("list")) at.push(clock.monotonic())
        return session.ask(command, after)
      }
      return { ...session, ask, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() }
    },
  })
  for (const word of ["a", "b", "c"]) await ended(fleet, await submit(fleet, { command: stand.leaving(word) }))
  return Math.min(...at.slice(1).map((time, index) => time - (at[index] ?? 0)))
}

test("one who wants few questions gets few, also where hints come", async () => {
  expect(await shortestPause(4)).toBeGreaterThan(3_900)
  expect(await shortestPause(null), "without a word of his").toBeLessThan(3_900)
})
