import { describe, expect, test } from "vitest"
import type { Evidence } from "../../src/job/index.ts"
import { slurm } from "../../src/schedulers/slurm/index.ts"
import { slurmStates } from "../../src/schedulers/slurm/states.ts"
import { resultOf, token } from "./samples.ts"

function seen(word: string, reason = "None", exit = "0"): Evidence | undefined {
  const record = [
    "4711",
    word,
    reason,
    "1795233653",
    "1795233654",
    "1795234254",
    "0",
    exit,
    "n1",
    "rig",
    `${token}-x`,
    "\n",
  ]
  return slurm.queue([]).parse(resultOf({ stdout: record.join("\x1f") })).evidence[0]
}

test("a job ends by base states only", () => {
  const final = Object.keys(slurmStates).filter((word) => seen(word)?.state === "ended")
  expect(final.sort()).toEqual([
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "TIMEOUT",
  ])
})

test.each([
  ["COMPLETED", { state: "completed", cause: null, exitCode: 0 }],
  ["CANCELLED", { state: "cancelled", cause: null, exitCode: null }],
  ["TIMEOUT", { state: "failed", cause: "timeout", exitCode: null }],
  ["DEADLINE", { state: "failed", cause: "timeout", exitCode: null }],
  ["NODE_FAIL", { state: "failed", cause: "node-failure", exitCode: null }],
  ["BOOT_FAIL", { state: "failed", cause: "node-failure", exitCode: null }],
  ["PREEMPTED", { state: "failed", cause: "preempted", exitCode: null }],
  ["OUT_OF_MEMORY", { state: "failed", cause: "out-of-memory", exitCode: null }],
  ["FAILED", { state: "failed", cause: "exit", exitCode: null }],
])("%s with exit status 0 ends the job as what it says, and 0 is no success", (word, outcome) => {
  expect(seen(word)?.outcome).toEqual({ ...outcome, signal: null })
})

test.each([
  ["PENDING", "Resources", "queued"],
  ["PENDING", "JobHeldUser", "held"],
  ["PENDING", "JobHeldAdmin", "held"],
  ["PENDING", "launch failed requeued held", "held"],
  ["PENDING", "ReqNodeNotAvail, UnavailableNodes:n3", "queued"],
  ["RUNNING", "None", "running"],
  ["SUSPENDED", "None", "suspended"],
  ["STOPPED", "None", "suspended"],
  ["COMPLETING", "None", "running"],
  ["REQUEUE_HOLD", "None", "held"],
  ["SPECIAL_EXIT", "None", "held"],
  ["CONFIGURING", "None", "queued"],
])("%s (%s) is %s", (word, reason, state) => {
  expect(seen(word, reason)).toMatchObject({ word, state, outcome: null })
})

describe("a word that says nothing", () => {
  test.each(["REVOKED", "?", "UNINITIALISED", "LEVITATING", "completed", "constructor", ""])(
    "%j is kept, and has no effect",
    (word) => {
      expect(seen(word)).toMatchObject({ word, state: null, outcome: null, startedAt: null, endedAt: null })
    },
  )
})

test("who waits for what can't come any more fails for its dependency, where Slurm ends it", () => {
  expect(seen("CANCELLED", "DependencyNeverSatisfied")?.outcome).toMatchObject({ state: "failed", cause: "dependency" })
  expect(seen("PENDING", "DependencyNeverSatisfied")).toMatchObject({ state: "queued" })
})

test.each([
  ["1792", { cause: "exit", exitCode: 7, signal: null }],
  ["51200", { cause: "exit", exitCode: 200, signal: null }],
  ["9", { cause: "signal", exitCode: null, signal: "KILL" }],
  ["139", { cause: "signal", exitCode: null, signal: "SEGV" }],
  ["34", { cause: "signal", exitCode: null, signal: "34" }],
  ["4021", { cause: "launch", exitCode: null, signal: null }],
  ["", { cause: "exit", exitCode: null, signal: null }],
])("wait status %s of a failed job", (status, outcome) => {
  expect(seen("FAILED", "NonZeroExitCode", status)?.outcome).toEqual({ state: "failed", ...outcome })
})
