/** What an executor says for all of its jobs, under what a job says for itself. */
import { expect, test } from "vitest"
import { applyDefaults, type JobSpec, parseSpec, type SpecDefaults, type UserSpec } from "../../src/job/index.ts"

function spec(written: UserSpec): JobSpec {
  const reading = parseSpec({ command: ["true"], ...written }, { base: "/b" })
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems))
  return reading.value.spec
}

const table: [title: string, defaults: SpecDefaults, written: UserSpec, same: UserSpec][] = [
  ["nothing leaves the spec as it is", {}, { resources: { queue: "q" } }, { resources: { queue: "q" } }],
  [
    "what is not said is filled",
    { resources: { queue: "d", walltime: 60 } },
    {},
    { resources: { queue: "d", walltime: 1 } },
  ],
  ["what is said stays", { resources: { queue: "d" } }, { resources: { queue: "q" } }, { resources: { queue: "q" } }],
  [
    "memory per CPU in the spec keeps the default memory out",
    { resources: { memory: 5 } },
    { resources: { memoryPerCpu: "1G" } },
    { resources: { memoryPerCpu: "1G" } },
  ],
  ["env is merged by name", { env: { A: "d", B: "d" } }, { env: { A: "s" } }, { env: { A: "s", B: "d" } }],
  ["the executor's launcher stands for auto", { launcher: { name: "srun", options: {} } }, {}, { launcher: "srun" }],
  [
    "a launcher that is said stays",
    { launcher: { name: "srun", options: {} } },
    { launcher: "none" },
    { launcher: "none" },
  ],
  [
    "what the executor's launcher is told is filled option by option",
    { launcher: { name: "mpirun", options: { bind: "core", oversubscribe: true } } },
    { launcher: { bind: "none" } },
    { launcher: { name: "mpirun", bind: "none", oversubscribe: true } },
  ],
  [
    "another launcher is told nothing of it",
    { launcher: { name: "mpirun", options: { bind: "core" } } },
    { launcher: "srun" },
    { launcher: "srun" },
  ],
  ["lists are taken whole", { modules: ["gcc"] }, { modules: ["intel"] }, { modules: ["intel"] }],
  ["a retry is filled", { retry: { maxAttempts: 2, on: ["exit"] } }, {}, { retry: { maxAttempts: 2, on: ["exit"] } }],
  [
    "a manager's requeue is filled, and stays beside the default attempts",
    { retry: { maxAttempts: 2, on: ["exit"] } },
    { retry: { requeue: true } },
    { retry: { maxAttempts: 2, on: ["exit"], requeue: true } },
  ],
  [
    "one that a job does not want is off",
    { retry: { maxAttempts: 2, on: ["exit"], requeue: true } },
    { retry: { requeue: false } },
    { retry: { maxAttempts: 2, on: ["exit"] } },
  ],
  [
    "a job's own attempts are taken whole",
    { retry: { maxAttempts: 2, on: ["exit"], requeue: true } },
    { retry: { maxAttempts: 3, on: ["timeout"] } },
    { retry: { maxAttempts: 3, on: ["timeout"] } },
  ],
  [
    "a signal is filled",
    { signal: { name: "USR1", beforeSeconds: 60 } },
    {},
    { signal: { name: "USR1", before: "1m" } },
  ],
  ["giving up is filled", { giveUpAfter: 1000 }, {}, { giveUpAfter: "1s" }],
  ["null says nothing", { resources: { queue: null }, env: null, retry: null }, {}, {}],
]

test.each(table)("%s", (_title, defaults, written, same) => {
  expect(applyDefaults(spec(written), defaults)).toEqual(spec(same))
})

test("laid under twice is laid under once", () => {
  for (const [, defaults, written] of table) {
    const once = applyDefaults(spec(written), defaults)
    // That requeue was not wanted can be said of what a job says, not of what came of it.
    if (written.retry?.requeue === false) continue
    expect(applyDefaults(once, defaults)).toEqual(once)
  }
})
