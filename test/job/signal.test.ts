/** The early warning and the walltime, together. */
import { expect, test } from "vitest"
import { signalProblems, unlimitedWalltime } from "../../src/job/index.ts"
import { specOf } from "../support/jobs.ts"

test.each([
  ["before its end", 60, 61, []],
  ["as long as it", 60, 60, ["is 0-00:01:00, and the walltime is 0-00:01:00"]],
  ["of which there is no end", 60, unlimitedWalltime, ["has no end of a walltime before which it could come"]],
  ["which is the queue's own", 60, null, []],
])("a signal and a walltime: %s", (_title, beforeSeconds, walltime, whys) => {
  const spec = specOf({ signal: { name: "USR1", beforeSeconds } }, { walltime })
  expect(signalProblems(spec).map(({ why }) => why)).toEqual(whys)
})
