import { expect, test } from "vitest"
import { viewOf } from "../../src/job/index.ts"
import { attemptOf, jobOf } from "../support/jobs.ts"

test.each<[string | null, readonly string[]]>([
  [null, []],
  ["n1", ["n1"]],
  ["n[08-09],m1", ["n08", "n09", "m1"]],
  ["n[1-99999999]", ["n[1-99999999]"]],
])("the nodes of an attempt on %j are told each by its name, where that can be", (host, nodes) => {
  const job = jobOf({ attempts: [attemptOf({ host })] })
  const [attempt] = viewOf(job, { directory: "/jobs", earlier: null, later: null, health: "up" }).attempts
  expect(attempt).toMatchObject({ host, nodes })
})
