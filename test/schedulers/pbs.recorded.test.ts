/** What a real OpenPBS 23.06 has answered. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { pbs } from "../../src/schedulers/pbs/index.ts"
import { root } from "../support/root.ts"
import { nativeOf, resultOf } from "./samples.ts"

const failed = (cause: string, more: object = {}) => ({ state: "failed", cause, exitCode: null, signal: null, ...more })
const cancelled = { state: "cancelled", cause: null, exitCode: null, signal: null }
const completed = { state: "completed", cause: null, exitCode: 0, signal: null }

test("each end is told for what it is, and what has not ended is in its state", () => {
  const stdout = readFileSync(join(root, "fixtures/pbs/each-end.json"), "utf8")
  const ids = [...stdout.matchAll(/^ {8}"(\d+\.pbs)"/gm)].map(([, id = ""]) => nativeOf(id))
  const history = pbs.history(ids, 0)
  if (history === null) throw new Error("It has a history.")
  const { evidence, coverage, unread } = history.parse(resultOf({ stdout }))
  expect({ coverage, unread }).toEqual({ coverage: "complete", unread: [] })
  const told = evidence.map(({ token, word, state, outcome, reason }) => [
    token?.slice(-3),
    `${word} ${state}`,
    outcome,
    reason?.replace(/.* on \(.*?\) ?/, "") ?? null,
  ])
  expect(told).toEqual([
    ["ok0", "F ended", completed, "and finished"],
    ["ex3", "F ended", failed("exit", { exitCode: 3 }), "and failed"],
    ["sig", "F ended", failed("signal", { signal: "KILL" }), "and failed"],
    ["wal", "F ended", failed("timeout"), "and exceeded resource walltime"],
    ["mem", "F ended", failed("out-of-memory"), "and exceeded resource mem"],
    ["del", "F ended", cancelled, "and terminated by root@pbs"],
    ["wai", "F ended", cancelled, null],
    ["run", "R running", null, ""],
    ["hld", "H held", null, null],
    ["ras", "Q queued", null, "Can Never Run: Insufficient amount of resource: ncpus (R: 4000 A: 26 T: 26)"],
    ["sus", "S suspended", null, ""],
    ["nod", "F ended", failed("node-failure"), ""],
  ])
})
