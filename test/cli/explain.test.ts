import { expect, test } from "vitest"
import { explanationText } from "../../src/cli/explain.ts"
import type { Explanation } from "../../src/hawser.ts"
import { fakeJob } from "../support/fake-hawser.ts"

const explanation: Explanation = {
  job: fakeJob({ key: "relax/Al", id: "k3v9qd", state: "queued" }),
  asOf: "2026-01-01T12:00:00.000Z",
  since: "2026-01-01T11:00:00.000Z",
  driver: "controller",
  summary: "It is queued.",
  attempt: null,
  evidence: [
    { source: "queue", nativeId: "7", seen: "", ageMs: 8_000, complete: true, says: "says PENDING" },
    { source: "accounting", nativeId: null, seen: "", ageMs: 61_000, complete: null, says: "knows nothing\nof it" },
  ],
  rule: { number: 3, says: "The manager still has the native.", verdict: "It keeps its state." },
  waits: [
    { for: "the manager to start it", until: null },
    { for: "the next sweep", until: "2026-01-01T12:00:22.000Z" },
    { for: "the breaker", until: "2026-01-01T12:00:00.000Z" },
  ],
  ends: [],
  advice: [],
}

test("a heading for each part that has something, its lines below it, times as spans", () => {
  expect(explanationText(explanation).split("\n")).toEqual([
    `relax/Al (k3v9qd) on ${explanation.job.executor}`,
    "  It is queued.",
    "Evidence",
    "  queue, 8s ago, complete: says PENDING",
    "  accounting, 1m01s ago: knows nothing of it",
    "Judging",
    "  Rule 3 (docs/judging.md): The manager still has the native. It keeps its state.",
    "It waits for",
    "  the manager to start it",
    "  the next sweep: in 22s (2026-01-01T12:00:22.000Z)",
    "  the breaker: now",
  ])
})

test("of a job that failed, what to do about its cause comes first", () => {
  const failed = { ...explanation, job: fakeJob({ state: "failed", cause: "timeout" }), advice: ["Look at it."] }
  expect(explanationText(failed).split("\n").slice(-2)).toEqual(["  Give it a longer walltime (-t).", "  Look at it."])
})
