/** What later attempts get, after what became of those before them. */
import { describe, expect, test } from "vitest"
import {
  type Attempt,
  type Cause,
  type Escalation,
  type Job,
  type Resources,
  escalationProblems,
  needsOf,
  nextNeeds,
  noResources,
  unlimitedWalltime,
} from "../../src/job/index.ts"
import { specOf } from "../support/jobs.ts"

const G = 2 ** 30

function attempt(number: number, cause: Cause, host: string | null = null): Attempt {
  const outcome = { state: "failed", cause, exitCode: null, signal: null } as const
  return { number, outcome, host, evidence: [], lastSeen: null } as unknown as Attempt
}

function job(escalate: Escalation, resources: Partial<Resources>, ends: readonly Cause[], hosts: string[] = []): Job {
  const spec = specOf({ retry: { maxAttempts: 9, on: [], escalate } }, resources)
  return {
    spec,
    attempts: ends.map((cause, index) => attempt(index + 1, cause, hosts[index] ?? null)),
  } as unknown as Job
}

type Row = [title: string, Escalation, Partial<Resources>, Cause[], number | null, Partial<Resources>]
const table: Row[] = [
  [
    "the first attempt has what the spec says",
    { memory: { factor: 2, max: null } },
    { memory: G },
    [],
    null,
    { memory: G },
  ],
  [
    "memory grows with each attempt",
    { memory: { factor: 1.5, max: null } },
    { memory: 4 * G },
    ["out-of-memory", "exit"],
    null,
    { memory: 9 * G },
  ],
  [
    "memory per CPU does so, too",
    { memory: { factor: 2, max: null } },
    { memoryPerCpu: G },
    ["out-of-memory"],
    null,
    { memoryPerCpu: 2 * G },
  ],
  ["up to its max", { memory: { factor: 2, max: 3 * G } }, { memory: 2 * G }, ["exit"], null, { memory: 3 * G }],
  [
    "never below what the spec says",
    { memory: { factor: 2, max: G } },
    { memory: 2 * G },
    ["exit"],
    null,
    { memory: 2 * G },
  ],
  [
    "up to what the host has",
    { memory: { factor: 2, max: null } },
    { memory: 2 * G },
    ["exit"],
    3 * G,
    { memory: 3 * G },
  ],
  [
    "up to what the host has for each CPU",
    { memory: { factor: 9, max: null } },
    { memoryPerCpu: G, cpusPerTask: 2 },
    ["exit"],
    5 * G,
    { memoryPerCpu: 2.5 * G, cpusPerTask: 2 },
  ],
  [
    "walltime in whole seconds",
    { walltime: { factor: 1.1, max: null } },
    { walltime: 10 },
    ["timeout"],
    null,
    { walltime: 11 },
  ],
  [
    "no walltime stays none",
    { walltime: { factor: 2, max: null } },
    { walltime: unlimitedWalltime },
    ["timeout"],
    null,
    { walltime: unlimitedWalltime },
  ],
  [
    "what a node or the manager took says nothing of what is needed",
    { walltime: { factor: 2, max: null } },
    { walltime: 10 },
    ["node-failure", "preempted", "launch", "timeout"],
    null,
    { walltime: 20 },
  ],
  [
    "the second attempt goes to the first queue of the list",
    { queue: ["b", "c"] },
    { queue: "a" },
    ["preempted"],
    null,
    { queue: "b" },
  ],
  ["the third to the second", { queue: ["b", "c"] }, { queue: "a" }, ["exit", "exit"], null, { queue: "c" }],
  ["and the last one stays", { queue: ["b", "c"] }, {}, ["exit", "exit", "exit"], null, { queue: "c" }],
]

test.each(table)("%s", (_title, escalate, resources, ends, memoryMax, next) => {
  const one = job(escalate, resources, ends)
  expect(nextNeeds(one, memoryMax).resources).toEqual({ ...noResources, ...next })
  expect(one.spec.resources).toEqual({ ...noResources, ...resources })
})

describe("nodes", () => {
  test("those on which an attempt failed with node-failure or launch are excluded, each once", () => {
    const ends: Cause[] = ["node-failure", "exit", "launch", "launch"]
    expect(nextNeeds(job({ excludeNodes: true }, {}, ends, ["n1", "n2", "n3", "n1"]), null).excludeNodes).toEqual([
      "n1",
      "n3",
    ])
    expect(nextNeeds(job({}, {}, ends, ["n1", "n2", "n3", "n1"]), null).excludeNodes).toEqual([])
  })

  test("of an attempt on several nodes all are excluded, each by its name", () => {
    const one = job({ excludeNodes: true }, {}, ["node-failure", "launch"], ["n[08-09],m1", "n[1-99999999]"])
    expect(nextNeeds(one, null).excludeNodes).toEqual(["n08", "n09", "m1", "n[1-99999999]"])
  })

  test("the manager's name for a node counts more than the node's own", () => {
    const one = job({ excludeNodes: true }, {}, ["node-failure"], ["n1.example.org"])
    const evidence = [
      { source: "record", host: "n1.example.org" },
      { source: "accounting", host: "n1" },
    ]
    const attempts = one.attempts.map((each) => ({ ...each, evidence })) as unknown as Attempt[]
    expect(nextNeeds({ ...one, attempts }, null).excludeNodes).toEqual(["n1"])
  })
})

test("an attempt has what its intent says; one without such a word, as of an earlier version, what the spec says", () => {
  const one = job({ walltime: { factor: 2, max: null } }, { walltime: 10 }, ["timeout"])
  expect(needsOf(one).resources.walltime).toBe(10)
  const resources = { ...noResources, walltime: 20 }
  expect(needsOf(one, { ...attempt(2, "exit"), resources }).resources.walltime).toBe(20)
})

test("what has nothing to grow from is a problem, once the executor's defaults are in", () => {
  const growth = { factor: 2, max: null }
  const spec = (resources: Partial<Resources>) => job({ memory: growth, walltime: growth }, resources, []).spec
  expect(escalationProblems(spec({})).map(({ field }) => field)).toEqual([
    "retry.escalate.memory",
    "retry.escalate.walltime",
  ])
  expect(escalationProblems(spec({ memoryPerCpu: G, walltime: 10 }))).toEqual([])
})
