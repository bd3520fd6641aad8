import { describe, expect, test } from "vitest"
import { type ExecutorConfig, parseConfig } from "../../src/config/index.ts"
import type { UsageError } from "../../src/errors.ts"
import { designNames } from "./names.ts"

const names = { ...designNames, launchers: [...designNames.launchers, "flux-start"] }

function executors(...lines: readonly string[]): Readonly<Record<string, ExecutorConfig>> {
  const text = ["executors:", ...lines.map((line) => `  ${line}`)].join("\n")
  return parseConfig(text, { file: "/p/hawser.yaml", home: "/h", names }).executors
}

const hpc = "hpc: {scheduler: slurm, host: login, root: /scratch/me, defaults: {queue: batch}}"

test("on this host its pilots are processes of an executor of its own, reached as it is itself", () => {
  const { own, ...others } = executors("own: {scheduler: flux, host: node, root: /r, instance: {cores: 8}}")
  expect(own?.instance).toEqual({
    scope: "executor",
    on: "own.instance",
    nodes: 1,
    cores: 8,
    walltime: null,
    stateDirectory: null,
    idleMs: 600_000,
  })
  expect(others["own.instance"]).toMatchObject({
    scheduler: "process",
    serves: "own",
    transport: own?.transport,
    root: "/r",
    limits: { maxQueued: null },
  })
})

test("a host's own executor for pilots is none that jobs go to by default", () => {
  const text = "executors: {own: {scheduler: flux, instance: {}}}"
  expect(parseConfig(text, { file: "/p/hawser.yaml", home: "/h", names }).default).toBe("own")
})

describe("in a job of another executor", () => {
  test("it is reached as that one is, unless it says otherwise", () => {
    const all = executors(
      hpc,
      "a: {scheduler: flux, instance: {on: hpc}}",
      "b: {scheduler: flux, transport: local, instance: {on: hpc}}",
    )
    expect(all["a"]).toMatchObject({ transport: all["hpc"]?.transport, root: "/scratch/me", instance: { on: "hpc" } })
    expect(all["b"]).toMatchObject({ transport: { name: "local" }, root: "~/.hawser", instance: { on: "hpc" } })
    expect(Object.keys(all).sort()).toEqual(["a", "b", "hpc", "local"])
  })

  test("a scheduler's name means the one executor that speaks it", () => {
    expect(executors(hpc, "a: {scheduler: flux, instance: {on: slurm, nodes: 2}}")["a"]?.instance).toMatchObject({
      on: "hpc",
      nodes: 2,
    })
  })

  test("with scope workflow it does not stay for long", () => {
    const { a } = executors(hpc, "a: {scheduler: flux, instance: {on: hpc, scope: workflow, walltime: 4h}}")
    expect(a?.instance).toMatchObject({ scope: "workflow", idleMs: 60_000, walltime: 14_400 })
  })
})

test("with scope job it is the other scheduler, and Flux is what its jobs are started with", () => {
  const { a } = executors(hpc, "a: {scheduler: flux, defaults: {walltime: 1h}, instance: {on: hpc, scope: job}}")
  expect(a).toMatchObject({
    name: "a",
    scheduler: "slurm",
    launcher: "flux-start",
    root: "/scratch/me",
    instance: null,
    defaults: { launcher: { name: "flux-start" }, resources: { queue: "batch", walltime: 3_600 } },
  })
})

test.each([
  ["a: {scheduler: slurm, instance: {}}", "executors.a.instance is Flux's", "choose scheduler flux"],
  ["a: {scheduler: flux, instance: {on: hcp}}", 'instance.on is "hcp", and there is none', "Did you mean hpc?"],
  ["a: {scheduler: flux, instance: {on: a}}", "instance.on", "batch system"],
  ["a: {scheduler: flux, instance: {nodes: 2}}", "instance.nodes is 2, and process starts one broker only", "Slurm"],
  ["a: {scheduler: flux, instance: {walltime: 30s}}", "instance.walltime is too short", "two minutes"],
  [
    "a: {scheduler: flux, instance: {scope: job, nodes: 2, on: hpc}}",
    "instance.nodes is that of each job here",
    "Leave it out",
  ],
  ["a: {scheduler: flux, instance: {scope: jobs}}", "instance.scope", "Did you mean job?"],
  ["a: {scheduler: flux, instance: {idle: 10}}", "instance.idle", "unit"],
  ["a: {scheduler: flux, instance: {stateDirectory: state}}", "instance.stateDirectory", "absolute"],
  ["a: {scheduler: flux, instance: {walltme: 3h}}", "instance.walltme is not a known field", "Did you mean walltime?"],
])("%s is refused", (line, why, want) => {
  let error: UsageError | undefined
  try {
    executors(hpc, line)
  } catch (thrown) {
    error = thrown as UsageError
  }
  expect(error?.code).toBe("CONFIG_INVALID")
  expect(error?.message).toContain(why)
  expect(error?.message).toContain(want)
})

test("a scheduler that two executors speak names none of them", () => {
  expect(() => executors(hpc, "b: {scheduler: slurm}", "a: {scheduler: flux, instance: {on: slurm}}")).toThrow(
    "2 executors have that scheduler",
  )
})
