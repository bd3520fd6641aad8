/** What users write becomes one normalised spec, or a list of everything that is wrong with it. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type JobSpec, type ParsedSpec, type Problem, parseSpec, specHash, type UserSpec } from "../../src/job/index.ts"

const options = { base: "/work/here", home: "/home/me" }

function parsed(spec: UserSpec): ParsedSpec {
  const reading = parseSpec({ command: ["true"], ...spec }, options)
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems))
  return reading.value
}

function problems(raw: unknown): readonly Problem[] {
  const reading = parseSpec(raw, options)
  return reading.ok ? [] : reading.problems
}

const G = 1024 ** 3

describe("a spec that says little", () => {
  const { key, executor, spec } = parsed({ command: ["/usr/bin/env", "true"] })

  test("has no key, no executor and a name from its command", () => {
    expect({ key, executor, name: spec.name }).toEqual({ key: null, executor: null, name: "env" })
  })

  test("asks for nothing, waits for nothing and is tried once", () => {
    expect(spec).toMatchObject({ launcher: "auto", env: {}, inputs: [], after: [], into: null, giveUpAfterMs: null })
    expect(spec.retry).toEqual({ maxAttempts: 1, on: [] })
    expect(new Set(Object.values(spec.resources))).toEqual(new Set([null, false]))
  })
})

describe("a field as it is written, and as it is kept", () => {
  const table: [UserSpec, Partial<JobSpec>][] = [
    [{ key: "relax/Al" }, { name: "relax/Al" }],
    [{ key: "k", name: "n" }, { name: "n" }],
    [
      { command: null, script: "#!/bin/sh\necho" },
      { command: null, script: "#!/bin/sh\necho", name: "script" },
    ],
    [{ env: { A: "x", N: 4, S: { fromEnv: "HOME" } } }, { env: { A: "x", N: "4", S: { fromEnv: "HOME" } } }],
    [{ inputs: ["a/b.in"] }, { inputs: [{ from: "/work/here/a/b.in", to: "b.in" }] }],
    [
      { inputs: ["../x/", "/y"] },
      {
        inputs: [
          { from: "/work/x", to: "x" },
          { from: "/y", to: "y" },
        ],
      },
    ],
    [{ inputs: ["~/a"] }, { inputs: [{ from: "/home/me/a", to: "a" }] }],
    [{ inputs: ["."] }, { inputs: [{ from: "/work/here", to: "here" }] }],
    [{ inputs: [{ from: "a", to: "./b//c" }] }, { inputs: [{ from: "/work/here/a", to: "b/c" }] }],
    [{ inputs: [{ from: "a", to: "b/" }] }, { inputs: [{ from: "/work/here/a", to: "b/a" }] }],
    [{ inputs: [{ from: "a", to: "." }] }, { inputs: [{ from: "/work/here/a", to: "a" }] }],
    [{ inputs: ["a", "./a"] }, { inputs: [{ from: "/work/here/a", to: "a" }] }],
    [{ outputs: ["*.out", "log/**", "./x", "d/"] }, { outputs: ["*.out", "log/**", "x", "d/**"] }],
    [{ stdin: "./in.dat" }, { stdin: "in.dat" }],
    [{ into: "out" }, { into: "/work/here/out" }],
    [
      { prologue: ["a", "b"], epilogue: "c" },
      { prologue: "a\nb", epilogue: "c" },
    ],
    [{ container: "docker://alpine" }, { container: { runtime: "apptainer", image: "docker://alpine", options: [] } }],
    [{ container: { image: "i", runtime: "podman" } }, { container: { runtime: "podman", image: "i", options: [] } }],
    [
      { after: ["a", { job: "b", when: "ended" }] },
      {
        after: [
          { job: "a", when: "completed" },
          { job: "b", when: "ended" },
        ],
      },
    ],
    [{ after: ["a", { job: "a" }] }, { after: [{ job: "a", when: "completed" }] }],
    [{ signal: { name: "USR1", before: "1m" } }, { signal: { name: "USR1", beforeSeconds: 60 } }],
    [{ giveUpAfter: "12h" }, { giveUpAfterMs: 43_200_000 }],
    [
      { retry: { maxAttempts: 2, on: ["preempted", "node-failure"] } },
      { retry: { maxAttempts: 2, on: ["node-failure", "preempted"] } },
    ],
    [
      { retry: { maxAttempts: 2, on: [{ exitCode: 75 }, { exitCode: [3, 75] }] } },
      { retry: { maxAttempts: 2, on: [{ exitCode: [3, 75] }] } },
    ],
    [
      { name: null, env: null, inputs: null, resources: { queue: null } },
      { name: "true", env: {}, inputs: [] },
    ],
  ]

  test.each(table.map(([written, kept]) => [JSON.stringify(written), written, kept] as const))(
    "%s",
    (_title, written, kept) => {
      expect(parsed(written).spec).toMatchObject(kept)
    },
  )

  test.each<[NonNullable<UserSpec["retry"]>["backoff"], object]>([
    ["30s", { firstMs: 30_000, factor: 2, maxMs: 3_600_000 }],
    ["2h", { firstMs: 7_200_000, factor: 2, maxMs: 7_200_000 }],
    [
      { first: "1s", factor: "×1.5", max: "1m" },
      { firstMs: 1_000, factor: 1.5, maxMs: 60_000 },
    ],
  ])("backoff %j", (backoff, kept) => {
    expect(parsed({ retry: { maxAttempts: 2, backoff } }).spec.retry.backoff).toEqual(kept)
  })

  test("escalation is kept as factors, bytes, seconds and a list of queues", () => {
    const escalate = {
      memory: "×1.5",
      walltime: { factor: 2, max: "4h" },
      queue: "big",
      excludeNodes: true,
    }
    expect(parsed({ retry: { maxAttempts: 2, escalate } }).spec.retry.escalate).toEqual({
      memory: { factor: 1.5, max: null },
      walltime: { factor: 2, max: 14_400 },
      queue: ["big"],
      excludeNodes: true,
    })
  })

  test("checkpoint globs are read like outputs", () => {
    const { checkpoint } = parsed({ retry: { maxAttempts: 2, checkpoint: ["./a/*", "d/"] } }).spec.retry
    expect(checkpoint).toEqual(["a/*", "d/**"])
  })

  test.each<[UserSpec["retry"], object]>([
    [{ requeue: true }, { maxAttempts: 1, on: [], requeue: true }],
    [
      { requeue: true, maxAttempts: 1, on: ["exit"] },
      { maxAttempts: 1, on: [], requeue: true },
    ],
    [
      { requeue: true, maxAttempts: 2, on: ["exit"] },
      { maxAttempts: 2, on: ["exit"], requeue: true },
    ],
    [
      { requeue: null, maxAttempts: 2, on: ["exit"] },
      { maxAttempts: 2, on: ["exit"] },
    ],
  ])("the manager's own requeue stands beside attempts, or alone: %j", (retry, kept) => {
    expect(parsed({ retry }).spec.retry).toEqual(kept)
  })

  test("what a retry does not say is absent: a spec of an earlier version is the same spec", () => {
    expect(Object.keys(parsed({ retry: { maxAttempts: 2 } }).spec.retry)).toEqual(["maxAttempts", "on"])
  })

  test("a retry without causes covers all but what would repeat itself or may still be running", () => {
    const { on } = parsed({ retry: { maxAttempts: 3 } }).spec.retry
    expect(on).toEqual(expect.arrayContaining(["exit", "node-failure", "timeout"]))
    for (const cause of ["lost", "rejected", "dependency", "abandoned"]) expect(on).not.toContain(cause)
  })
})

describe("resources as they are written, and as they are kept", () => {
  const table: [UserSpec["resources"], Partial<JobSpec["resources"]>][] = [
    [
      { nodes: 2, tasks: "4", tasksPerNode: 2, cpusPerTask: 8 },
      { nodes: 2, tasks: 4, tasksPerNode: 2, cpusPerTask: 8 },
    ],
    [{ memory: "4G" }, { memory: 4 * G }],
    [{ memoryPerCpu: 512 }, { memoryPerCpu: G / 2 }],
    [{ walltime: 90 }, { walltime: 5400 }],
    [{ walltime: "unlimited" }, { walltime: -1 }],
    [{ gpus: 2 }, { gpus: { count: 2, type: null } }],
    [{ gpus: "2" }, { gpus: { count: 2, type: null } }],
    [{ gpus: "a100:2" }, { gpus: { count: 2, type: "a100" } }],
    [{ gpus: { count: 1, type: "h100" } }, { gpus: { count: 1, type: "h100" } }],
    [{ mail: "me@example.org" }, { mail: { user: "me@example.org", on: ["end", "fail"] } }],
    [{ mail: { on: "all" } }, { mail: { user: null, on: ["all"] } }],
    [{ mail: { on: ["fail", "begin", "fail"] } }, { mail: { user: null, on: ["begin", "fail"] } }],
    [{ begin: "2031-05-01T18:00+02:00" }, { begin: "2031-05-01T16:00:00.000Z" }],
    [
      { exclusive: true, queue: "q", account: "a" },
      { exclusive: true, queue: "q", account: "a" },
    ],
  ]

  test.each(table.map(([written, kept]) => [JSON.stringify(written), written, kept] as const))(
    "%s",
    (_title, resources, kept) => {
      expect(parsed({ resources }).spec.resources).toMatchObject(kept)
    },
  )
})

describe("what is wrong is named, with what would be right", () => {
  const table: [wrong: unknown, field: string, why: string, want: string][] = [
    [null, "", "is empty (null)", '{"command": ["hostname"]}'],
    [[], "", "is a list", "an object"],
    [{}, "command", "is missing", "or a script"],
    [{ command: "ls -l" }, "command", 'is "ls -l"', "shell text goes into script"],
    [{ command: [] }, "command", "is an empty list", "argv"],
    [{ command: ["sleep", 5] }, "command[1]", "is 5", "in quotes"],
    [{ command: ["a\0"] }, "command[0]", "NUL", "text"],
    [{ command: ["a"], script: "b" }, "script", "stands beside command", "one of both"],
    [{ comand: ["a"], script: "b" }, "comand", "is not a known field", "Did you mean command?"],
    [{ script: "b", walltime: 3 }, "walltime", "is not a known field", "resources.walltime"],
    [{ script: "b", partition: "q" }, "partition", "is not a known field", "resources.queue"],
    [{ script: "b", toString: 3 }, "toString", "is not a known field", "Known"],
    [{ script: "b", key: "" }, "key", "is empty", "name"],
    [{ script: "b", key: "a\nb" }, "key", "control character", "name"],
    [{ script: "b", env: { "A-B": 3 } }, "env.A-B", "can't be the name", "letters"],
    [{ script: "b", env: { A: null } }, "env.A", "neither text nor a number", "fromEnv"],
    [{ script: "b", env: { A: { fromEnv: "x y" } } }, "env.A", "neither text nor a number", "fromEnv"],
    [{ script: "b", inputs: "a" }, "inputs", 'is "a"', "a list"],
    [{ script: "b", inputs: ["a", 3] }, "inputs[1]", "is 3", "{from, to}"],
    [{ script: "b", inputs: [{ from: "a", too: "b" }] }, "inputs[0].too", "is not a known field", "Did you mean to?"],
    [{ script: "b", inputs: [{ to: "b" }] }, "inputs[0].from", "is missing", "local path"],
    [{ script: "b", inputs: [{ from: "a", to: "../b" }] }, "inputs[0]", "leaves the working directory", "inside"],
    [{ script: "b", inputs: [{ from: "a", to: "x/../../b/" }] }, "inputs[0]", "leaves the working directory", "inside"],
    [{ script: "b", inputs: [{ from: "a", to: "/b" }] }, "inputs[0]", "absolute", "inside"],
    [{ script: "b", inputs: ["~you/b"] }, "inputs[0]", "one's own ~/", "./~you/b"],
    [{ script: "b", inputs: ["/"] }, "inputs[0]", "has no name", "path"],
    [{ script: "b", inputs: ["x/a", "y/a"] }, "inputs", "at the same place, a", "another to"],
    [{ script: "b", outputs: ["../x"] }, "outputs[0]", "leaves", "inside"],
    [{ script: "b", stdin: "/dev/null" }, "stdin", "absolute", "working directory"],
    [{ script: "b", container: {} }, "container.image", "is missing", "image"],
    [{ script: "b", container: { image: "i", runtime: "docker" } }, "container.runtime", '"docker"', "podman"],
    [{ script: "b", after: [{ job: "a", when: "complete" }] }, "after[0].when", "not known here", "completed"],
    [{ script: "b", key: "k", after: ["k"] }, "after", "names the job itself", "other"],
    [{ script: "b", retry: 3 }, "retry", "is 3", "maxAttempts"],
    [{ script: "b", retry: { maxAttempts: 0 } }, "retry.maxAttempts", "is 0", "from 1"],
    [{ script: "b", retry: { on: ["exit"] } }, "retry.maxAttempts", "is missing", "such as 3"],
    [{ script: "b", retry: { on: ["exit"], requeue: true } }, "retry.maxAttempts", "is missing", "such as 3"],
    [{ script: "b", retry: {} }, "retry.maxAttempts", "is missing", "such as 3"],
    [{ script: "b", retry: { requeue: "yes" } }, "retry.requeue", '"yes"', "true or false"],
    [{ script: "b", retry: { maxAttempts: 2, on: ["oom"] } }, "retry.on[0]", "not known here", "out-of-memory"],
    [{ script: "b", retry: { maxAttempts: 2, on: [{ exitCode: 0 }] } }, "retry.on[0].exitCode", "is 0", "1 to 255"],
    [{ script: "b", retry: { maxAttempts: 2, backof: "1s" } }, "retry.backof", "not a known field", "backoff?"],
    [{ script: "b", retry: { maxAttempts: 2, backoff: "30" } }, "retry.backoff", "lacks a unit", "700s"],
    [{ script: "b", retry: { maxAttempts: 2, backoff: true } }, "retry.backoff", "is true", "30s"],
    [{ script: "b", retry: { maxAttempts: 2, backoff: {} } }, "retry.backoff.first", "is missing", "30s"],
    [
      { script: "b", retry: { maxAttempts: 2, backoff: { first: "1s", factor: 0.5 } } },
      "retry.backoff.factor",
      "is 0.5",
      "from 1",
    ],
    [{ script: "b", retry: { maxAttempts: 2, escalate: 2 } }, "retry.escalate", "is 2", "memory: 1.5"],
    [
      { script: "b", retry: { maxAttempts: 2, escalate: { mem: 2 } } },
      "retry.escalate.mem",
      "not a known field",
      "memory",
    ],
    [
      { script: "b", retry: { maxAttempts: 2, escalate: { memory: 0.5 } } },
      "retry.escalate.memory",
      "is 0.5",
      "from 1",
    ],
    [
      { script: "b", retry: { maxAttempts: 2, escalate: { memory: { factor: 2, max: "4X" } } } },
      "retry.escalate.memory.max",
      '"4X"',
      "4G",
    ],
    [
      { script: "b", retry: { maxAttempts: 2, escalate: { walltime: { factor: "much" } } } },
      "retry.escalate.walltime.factor",
      '"much"',
      "1000",
    ],
    [{ script: "b", retry: { maxAttempts: 2, escalate: { queue: 3 } } }, "retry.escalate.queue", "is 3", "in turn"],
    [{ script: "b", retry: { maxAttempts: 2, escalate: { queue: [] } } }, "retry.escalate.queue", "a list", "in turn"],
    [
      { script: "b", retry: { maxAttempts: 2, escalate: { excludeNodes: "n1" } } },
      "retry.escalate.excludeNodes",
      '"n1"',
      "true",
    ],
    [{ script: "b", retry: { maxAttempts: 2, checkpoint: ["../x"] } }, "retry.checkpoint[0]", "leaves", "inside"],
    [{ script: "b", retry: { maxAttempts: 2, checkpoint: "x" } }, "retry.checkpoint", '"x"', "a list"],
    [{ script: "b", signal: "USR1" }, "signal", '"USR1"', "before: 5m"],
    [{ script: "b", signal: { name: "TERM", before: "1m" } }, "signal.name", '"TERM"', "USR1, USR2, XCPU"],
    [{ script: "b", signal: { name: "USR1", before: "soon" } }, "signal.before", '"soon"', "2h30m"],
    [{ script: "b", signal: { name: "USR1", before: 0 } }, "signal.before", "is 0", "more than 0"],
    [{ script: "b", retry: { maxAttempts: 2, signal: {} } }, "retry.signal", "not a known field", "beside retry"],
    [{ script: "b", giveUpAfter: 12 }, "giveUpAfter", "lacks a unit", "2h30m"],
    [{ script: "b", resources: 3 }, "resources", "is 3", "an object"],
    [{ script: "b", resources: { wall_time: 3, waltime: 3 } }, "resources.waltime", "not a known field", "walltime?"],
    [{ script: "b", resources: { walltime: "5x" } }, "resources.walltime", '"5x"', "2h30m"],
    [{ script: "b", resources: { walltime: 0 } }, "resources.walltime", "different things", "unlimited"],
    [{ script: "b", resources: { memory: "4X" } }, "resources.memory", '"4X"', "4G"],
    [
      { script: "b", resources: { memory: "4G", memoryPerCpu: "1G" } },
      "resources.memoryPerCpu",
      "beside memory",
      "one of both",
    ],
    [{ script: "b", resources: { tasks: 1.5 } }, "resources.tasks", "is 1.5", "whole number"],
    [
      { script: "b", resources: { nodes: 2, tasksPerNode: 2, tasks: 5 } },
      "resources.tasks",
      "more than 2 nodes",
      "fewer",
    ],
    [{ script: "b", resources: { gpus: "a100" } }, "resources.gpus", '"a100"', "a100:2"],
    [{ script: "b", resources: { gpus: { count: 0 } } }, "resources.gpus.count", "is 0", "count"],
    [{ script: "b", resources: { gpus: { amount: 1 } } }, "resources.gpus.amount", "not a known field", "count"],
    [{ script: "b", resources: { exclusive: "yes" } }, "resources.exclusive", '"yes"', "true"],
    [{ script: "b", resources: { mail: { on: ["begn"] } } }, "resources.mail.on[0]", '"begn"', "begin"],
    [{ script: "b", resources: { begin: "tomorrow" } }, "resources.begin", '"tomorrow"', "ISO 8601"],
    [{ script: "b", resources: { begin: "2031-02-30T00:00:00Z" } }, "resources.begin", "not a time", "ISO 8601"],
    [{ script: "b", resources: { begin: "2031-05-01T18:00:00" } }, "resources.begin", "with its zone", "ISO 8601"],
  ]

  test.each(table.map((row) => [JSON.stringify(row[0]), ...row] as const))("%s", (_title, wrong, field, why, want) => {
    const found = problems(wrong).find((problem) => problem.field === field)
    expect(found, JSON.stringify(problems(wrong))).toBeDefined()
    expect(found?.why).toContain(why)
    expect(found?.want).toContain(want)
  })

  test("all of it at once, not the first alone", () => {
    const fields = problems({ comand: ["x"], nmae: "x", resources: { memory: "4X", walltime: "5x" } }).map(
      ({ field }) => field,
    )
    expect(fields.sort()).toEqual(["comand", "nmae", "resources.memory", "resources.walltime"])
  })

  test("a value in env is never repeated: it may be a secret", () => {
    expect(JSON.stringify(problems({ script: "b", env: { A: ["hunter2"], "B-C": "hunter2" } }))).not.toContain(
      "hunter2",
    )
  })

  test("~/ without a known home directory is a problem; with one it is a path", () => {
    expect(parseSpec({ script: "b", into: "~/x" }, { base: "/b" }).ok).toBe(false)
    expect(parseSpec({ script: "b", into: "~/x" }, { base: "/b", home: "/h" })).toMatchObject({
      value: { spec: { into: "/h/x" } },
    })
  })
})

describe("the key", () => {
  test("given beside the spec wins over the one inside, and names the job", () => {
    const reading = parseSpec({ script: "b", key: "inside" }, { ...options, key: "beside" })
    expect(reading).toMatchObject({ value: { key: "beside", spec: { name: "beside" } } })
  })

  test("given beside the spec is checked like the one inside", () => {
    expect(parseSpec({ script: "b" }, { ...options, key: "" })).toMatchObject({ problems: [{ field: "key" }] })
  })
})

const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true })
const fields = [
  "command",
  "script",
  "env",
  "inputs",
  "outputs",
  "container",
  "after",
  "retry",
  "resources",
  "into",
  "giveUpAfter",
  "__proto__",
]
const resourceNames = ["tasks", "memory", "walltime", "gpus", "mail", "begin", "exclusive"]

test("no data makes it throw", () => {
  const resources = fc.dictionary(fc.constantFrom(...resourceNames), anything)
  const speclike = fc.dictionary(fc.constantFrom(...fields), fc.oneof(anything, resources, fc.array(anything)))
  fc.assert(
    fc.property(
      fc.oneof(
        anything,
        speclike,
        resources.map((one) => ({ script: "x", resources: one })),
      ),
      (raw) => {
        const reading = parseSpec(raw, options)
        if (!reading.ok) for (const { why, want } of reading.problems) expect([why, want]).not.toContain("")
      },
    ),
    { numRuns: 500 },
  )
})

test("two spellings of one spec are one spec; a different word is another", () => {
  const one = parsed({ key: "k", env: { A: 1, B: "2" }, resources: { walltime: "90", memory: "1024M", gpus: 1 } })
  const two = parsed({
    resources: { gpus: { count: 1 }, memory: "1GiB", walltime: "1h30m" },
    env: { B: "2", A: "1" },
    key: "k",
  })
  expect(specHash(two.spec)).toBe(specHash(one.spec))
  expect(specHash(parsed({ key: "k", env: { A: 1, B: "3" } }).spec)).not.toBe(specHash(one.spec))
})
