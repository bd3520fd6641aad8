/** hawser.yaml: what it may say, and how it is told what it may not. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { emptyConfig, type ExecutorConfig, parseConfig, type ParsedConfig } from "../../src/config/index.ts"
import { designNames } from "./names.ts"
import { UsageError } from "../../src/errors.ts"

const context = { file: "/project/hawser.yaml", home: "/home/me", names: designNames }
const parse = (text: string): ParsedConfig => parseConfig(text, context)
/** The executor `hpc` with these lines, each indented. */
const hpc = (...lines: string[]): string =>
  ["executors:", "  hpc:", ...lines.map((line) => `    ${line}`), ""].join("\n")
const one = (...lines: string[]): ExecutorConfig | undefined => parse(hpc(...lines)).executors["hpc"]

function errorOf(text: string): UsageError {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof UsageError) return error
    throw error
  }
  throw new Error(`This was taken:\n${text}`)
}

describe("an executor", () => {
  test("that says all that can be said", () => {
    const executor = one(
      "scheduler: slurm",
      "launcher: srun",
      "transport: ssh2",
      "host: login.example.org",
      "port: 2222",
      "user: me",
      "identityFile: ~/.ssh/id_ed25519",
      "knownHostsFile: hosts",
      "rememberPassphrase: false",
      "root: /scratch//me/",
      "defaults: {queue: batch, walltime: 10m, memory: 2G, env: {A: 1}, modules: [gcc], giveUpAfter: 1d}",
      "limits: {maxQueued: 500, maxSubmitPerMinute: 600, maxConnections: 2, minPollSeconds: 0.5}",
      "packing: {max: 1000}",
      "retention: 14d",
    )
    expect(executor).toEqual({
      name: "hpc",
      scheduler: "slurm",
      launcher: "srun",
      transport: {
        name: "ssh2",
        command: null,
        host: "login.example.org",
        port: 2222,
        user: "me",
        identityFile: "/home/me/.ssh/id_ed25519",
        knownHostsFile: "/project/hosts",
        rememberPassphrase: false,
      },
      root: "/scratch/me",
      defaults: {
        launcher: { name: "srun", options: {} },
        resources: { queue: "batch", walltime: 600, memory: 2 * 1024 ** 3 },
        env: { A: "1" },
        modules: ["gcc"],
        giveUpAfter: 86_400_000,
      },
      limits: { maxQueued: 500, maxSubmitPerMinute: 600, maxConnections: 2, minPollSeconds: 0.5 },
      packing: { max: 1000 },
      parallelEnvironment: null,
      capacity: { cores: null, memory: null, gpus: null, hosts: null },
      instance: null,
      serves: null,
      retentionMs: 14 * 86_400_000,
    })
  })

  test("that says next to nothing is unlimited and unpacked", () => {
    expect(one("scheduler: flux")).toMatchObject({
      launcher: "auto",
      transport: { name: "local", host: null, rememberPassphrase: true },
      root: "~/.hawser",
      limits: { maxQueued: null, maxSubmitPerMinute: null, maxConnections: null, minPollSeconds: null },
      packing: null,
      retentionMs: null,
    })
  })

  test.each<[string[], string]>([
    [["scheduler: slurm"], "local"],
    [["scheduler: slurm", "transport: local"], "local"],
    [["scheduler: slurm", "host: login"], "ssh2"],
    [["scheduler: slurm", "host: login", "transport: openssh"], "openssh"],
    [["scheduler: process", "transport: {command: [docker, exec, -i, box, sh]}"], "command"],
  ])("with %j is reached by %s", (lines, transport) => {
    expect(one(...lines)?.transport.name).toBe(transport)
  })

  test("of Grid Engine may name its parallel environment", () => {
    expect(one("scheduler: sge", "parallelEnvironment: smp")?.parallelEnvironment).toBe("smp")
    expect(one("scheduler: sge")?.parallelEnvironment).toBeNull()
  })

  test.each(["off", "false", "null", ""])("packing: %s is off", (word) => {
    expect(one("scheduler: slurm", `packing: ${word}`)?.packing).toBeNull()
  })

  test("takes common lines from another one by a YAML merge", () => {
    const { executors } = parse("executors:\n  a: &a {scheduler: slurm, host: h}\n  b: {<<: *a, user: me}\n")
    expect(executors["b"]?.transport).toMatchObject({ host: "h", user: "me" })
  })
})

describe("an executor for MPI", () => {
  test("has hosts with slots, written in three ways", () => {
    expect(one("scheduler: mpi", "hosts: [a:4, {host: b.example, slots: 2}, {host: c}, d]")?.capacity.hosts).toEqual([
      { host: "a", slots: 4 },
      { host: "b.example", slots: 2 },
      { host: "c", slots: 1 },
      { host: "d", slots: 1 },
    ])
  })

  test.each<[string[], string]>([
    [["scheduler: mpi"], "executors.hpc.hosts is missing"],
    [["scheduler: mpi", "hosts: []"], "executors.hpc.hosts is an empty list"],
    [["scheduler: mpi", "hosts: [a, a:2]"], "executors.hpc.hosts names a twice"],
    [["scheduler: mpi", "hosts: [a:0]"], "executors.hpc.hosts[0]"],
    [["scheduler: mpi", "hosts: ['-oProxyCommand=x']"], "executors.hpc.hosts[0]"],
    [["scheduler: mpi", "hosts: [a:2]", "cores: 4"], "mpi counts the slots of its hosts"],
    [["scheduler: slurm", "hosts: [a:2]"], "executors.hpc.hosts is not used by slurm"],
  ])("%j is told: %s", (lines, text) => {
    expect(errorOf(hpc(...lines)).message).toContain(text)
  })
})

describe("local", () => {
  test("is always there", () => {
    expect(Object.keys(parse("").executors)).toEqual(["local"])
    expect(emptyConfig(designNames)).toEqual(parse("executors:\n"))
  })

  test("can be given less than the whole machine", () => {
    const { capacity } = parse("executors:\n  local: {cores: 2, memory: 4G, gpus: a100:1}\n").executors["local"] ?? {}
    expect(capacity).toEqual({ cores: 2, memory: 4 * 1024 ** 3, gpus: { count: 1, type: "a100" }, hosts: null })
  })
})

describe("the default executor", () => {
  test.each([
    ["default: b\nexecutors: {a: {scheduler: slurm}, b: {scheduler: slurm}}", "b", "the one that default: names"],
    ["executors: {a: {scheduler: slurm}}", "a", "the only other one"],
    ["executors: {a: {scheduler: slurm}, local: {cores: 1}}", "a", "the only one beside local"],
    ["executors: {a: {scheduler: slurm}, b: {scheduler: slurm}}", "local", "local where there are several"],
    ["default: local\nexecutors: {a: {scheduler: slurm}}", "local", "local where it is asked for"],
    ["", "local", "local where there is nothing else"],
  ])("%j: %s, %s", (text, name) => {
    expect(parse(text).default).toBe(name)
  })
})

describe("what is wrong is pointed at, with what would be right", () => {
  const table: [lines: string[], place: string, why: string, want: string][] = [
    [
      ["scheduler: slurm", "trasport: ssh2"],
      "4:5",
      "executors.hpc.trasport is not a known field",
      "Did you mean transport?",
    ],
    [["scheduler: slrum"], "3:5", 'executors.hpc.scheduler is "slrum"', "Did you mean slurm?"],
    [["host: h"], "2:3", "executors.hpc.scheduler is missing", "process, slurm"],
    [["scheduler: slurm", "host: h", "transport: ssh"], "5:5", "transport", "Did you mean ssh2?"],
    [
      ["scheduler: slurm", "transport: {comand: [sh]}"],
      "4:17",
      "transport.comand is not a known field",
      "Did you mean command?",
    ],
    [["scheduler: slurm", "transport: {command: []}"], "4:17", "transport.command is a list", "docker"],
    [["scheduler: slurm", "transport: ssh2"], "2:3", "host is missing", "ssh2 connects"],
    [["scheduler: slurm", "launcher: sruns"], "4:5", "launcher", "Did you mean srun?"],
    [["scheduler: slurm", "user: me"], "4:5", "user is not used by transport local", "ssh2 or openssh"],
    [["scheduler: slurm", "host: me@h"], "4:5", "a user in it", "a field of its own: user"],
    [["scheduler: slurm", "host: h:22"], "4:5", "a port in it", "a field of its own: port"],
    [["scheduler: slurm", "host: -oProxyCommand=x"], "4:5", "is no host", "host name"],
    [["scheduler: slurm", "host: h", "user: -x"], "5:5", "is no login name", "login name"],
    [["scheduler: slurm", "host: h", "port: 70000"], "5:5", "port is 70000", "65535"],
    [["scheduler: slurm", "host: h", "password: hunter2"], "5:5", "password is not a known field", "keeps no secrets"],
    [["scheduler: slurm", "root: work"], "4:5", 'root is "work"', "absolute"],
    [["scheduler: slurm", 'root: "~"'], "4:5", 'root is "~"', "below ~/"],
    [["scheduler: slurm", "root: /a/../b"], "4:5", "root", "absolute"],
    [["scheduler: slurm", "cores: 4"], "4:5", "cores is for the process scheduler", "Leave it out"],
    [["scheduler: slurm", "parallelEnvironment: smp"], "4:5", "parallelEnvironment is Grid Engine's", "Leave it out"],
    [["scheduler: sge", "parallelEnvironment: -pe x"], "4:5", "which is no such name", "qconf -spl"],
    [["scheduler: sge", "pe: smp"], "4:5", "pe is not a known field", "parallelEnvironment"],
    [["scheduler: slurm", "queue: q"], "4:5", "queue is not a known field", "defaults.queue"],
    [["scheduler: slurm", "maxQueued: 3"], "4:5", "maxQueued is not a known field", "limits.maxQueued"],
    [["scheduler: slurm", "packing: on"], "4:5", 'packing is "on"', "off"],
    [["scheduler: slurm", "packing: {mx: 3, max: 3}"], "4:15", "packing.mx is not a known field", "Did you mean max?"],
    [["scheduler: slurm", "retention: 14"], "4:5", "lacks a unit", "2d"],
    [
      ["scheduler: slurm", "defaults:", "  quue: q"],
      "5:7",
      "defaults.quue is not a known field",
      "Did you mean queue?",
    ],
    [
      ["scheduler: slurm", "defaults: {retry: {maxAttempts: 2, on: [exitt]}}"],
      "4:45",
      "defaults.retry.on[0]",
      "Did you mean exit?",
    ],
    [["scheduler: slurm", "limits: {minPollSeconds: 0}"], "4:14", "minPollSeconds is 0", "seconds"],
    [["scheduler: slurm", "scheduler: flux"], "4:5", "Map keys must be unique", "Correct it there"],
    [["scheduler: [slurm"], "4:1", "no YAML", "Correct it there"],
    [["scheduler: *no"], "1:1", "Unresolved alias", "Correct it there"],
  ]

  test.each(table)("%j at %s", (lines, place, why, want) => {
    const { code, summary, reason, advice } = errorOf(hpc(...lines))
    expect({ code, summary }).toEqual({ code: "CONFIG_INVALID", summary: "hawser.yaml can't be used." })
    expect(reason).toContain(`/project/hawser.yaml:${place}: `)
    expect(reason).toContain(why)
    expect(advice).toContain(want)
  })

  test.each([
    ["default: hcp\nexecutors: {hpc: {scheduler: slurm}}", "1:1", "Did you mean hpc?"],
    ["executors: {local: {scheduler: slurm}}", "1:21", "another name"],
    ["executors: {local: {host: h}}", "1:13", "another name"],
    ["executors: {a b: {scheduler: slurm}}", "1:13", "letters"],
    ["executor: {}", "1:1", "Did you mean executors?"],
    ["- a", "1:1", "executors:"],
    ["executors: {}\n---\nexecutors: {}", "2:1", "Correct it there"],
  ])("%j at %s", (text, place, want) => {
    const { reason, advice } = errorOf(text)
    expect(reason).toContain(`/project/hawser.yaml:${place}: `)
    expect(advice).toContain(want)
  })

  test("all of it at once, in the order of the file, and no secret with it", () => {
    const { summary, reason } = errorOf(hpc("trasport: ssh2", "password: hunter2", "scheduler: slurm", "port: x"))
    expect(summary).toBe("hawser.yaml can't be used: 3 problems.")
    expect(reason?.split("\n").map((line) => line.split(" ")[0])).toEqual(
      [3, 4, 6].map((row) => `/project/hawser.yaml:${row}:5:`),
    )
    expect(reason).not.toContain("hunter2")
  })
})

test("no text makes it throw anything but a UsageError", () => {
  const yamllike = fc.string({
    unit: fc.constantFrom(..."{}[]:,-&*<>!|?#'\"%@ \n\t".split(""), "executors", "local", "a", "1"),
    maxLength: 60,
  })
  const anything = fc.anything().map((value) => JSON.stringify(value) ?? "")
  const inExecutor = fc.json().map((json) => `executors: {a: ${json}}`)
  fc.assert(
    fc.property(fc.oneof(fc.string(), yamllike, anything, inExecutor), (text) => {
      try {
        parse(text)
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError)
      }
    }),
    { numRuns: 500 },
  )
})
