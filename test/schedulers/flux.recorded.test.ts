/** What a real Flux 0.88 has answered. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { flux } from "../../src/schedulers/flux/index.ts"
import { root } from "../support/root.ts"
import { resultOf } from "./samples.ts"

const read = (name: string) =>
  flux.queue([]).parse(resultOf({ stdout: readFileSync(join(root, "fixtures/flux", name), "utf8") }))

const failed = (cause: string, more: object = {}) => ({ state: "failed", cause, exitCode: null, signal: null, ...more })
const cancelled = { state: "cancelled", cause: null, exitCode: null, signal: null }

test("each end is told for what it is, and that of a request which can't be met has no start", () => {
  const { evidence, coverage, unread } = read("each-end.json")
  expect({ coverage, unread }).toEqual({ coverage: "complete", unread: [] })
  const told = evidence.toSorted((one, other) => ((one.token ?? "") < (other.token ?? "") ? -1 : 1))
  expect(told.map(({ word, outcome, startedAt, reason }) => [word, outcome, startedAt !== null, reason])).toEqual([
    ["FAILED", failed("rejected"), false, expect.stringMatching(/^alloc: unsatisfiable request: /)],
    ["TIMEOUT", failed("timeout"), true, "timeout: resource allocation expired"],
    ["TIMEOUT", failed("timeout"), true, "timeout: resource allocation expired"],
    ["FAILED", failed("exit", { exitCode: 7 }), true, null],
    ["FAILED", failed("launch"), true, expect.stringContaining("No such file or directory")],
    ["FAILED", failed("launch"), true, expect.stringContaining("shell_init")],
    ["SCHED", null, false, null],
    ["CANCELED", cancelled, true, "cancel"],
    ["CANCELED", cancelled, false, "cancel: not today"],
    ["FAILED", failed("node-failure"), true, "exec: node failure on vm (rank 1)"],
  ])
  expect(told.map(({ state }) => state)).toEqual(told.map(({ word }) => (word === "SCHED" ? "held" : "ended")))
})

test("what is cleared away still runs, and a single id is told without a list", () => {
  expect(read("cleanup-while-it-still-runs.json")).toMatchObject({
    coverage: "complete",
    evidence: [{ nativeId: "197350391808", word: "CLEANUP", state: "running", outcome: null }],
  })
})
