/** The command line against Slurm over sshd: what is said when something is wrong, and how it ends. */
import { execFileSync } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type Study, study } from "../support/cli.ts"
import { type Rig, rig } from "../support/rig.ts"

const patience = { timeout: 120_000 }

function executor(name: string, settings: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries({ scheduler: "slurm", ...settings }).map(([field, value]) => `    ${field}: ${value}`)
  return [`  ${name}:`, ...lines].join("\n")
}

function configOf({ host, port, user, identityFile, knownHostsFile }: Rig, keys: string): string {
  const good = { host, port, user, identityFile, knownHostsFile }
  return [
    "default: hpc",
    "executors:",
    executor("hpc", good),
    executor("changed", { ...good, knownHostsFile: join(keys, "changed") }),
    executor("unknown", { ...good, knownHostsFile: join(keys, "empty") }),
    executor("refused", { ...good, port: 1 }),
    executor("user", { ...good, user: "nobody-here" }),
    executor("nokey", { ...good, identityFile: join(keys, "absent") }),
    executor("otherkey", { ...good, identityFile: join(keys, "other") }),
    executor("nowhere", { ...good, host: "no-such-host.invalid" }),
    "",
  ].join("\n")
}

describe.skipIf(typeof rig === "string")("the command line on Slurm", patience, () => {
  let keys: string
  let work: Study

  beforeAll(async () => {
    if (typeof rig === "string") return
    keys = await mkdtemp(join(tmpdir(), "hawser-keys-"))
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(keys, "other")])
    const other = execFileSync("ssh-keygen", ["-y", "-f", join(keys, "other")], { encoding: "utf8" })
    await writeFile(join(keys, "changed"), `[${rig.host}]:${rig.port} ${other}`)
    await writeFile(join(keys, "empty"), "")
    work = await study(configOf(rig, keys))
  })

  afterAll(async () => {
    if (typeof rig === "string") return
    await work[Symbol.asyncDispose]()
    await rm(keys, { recursive: true })
  })

  test.each([
    ["changed", /host key .*changed[^]*SHA256:/],
    ["unknown", /host key .*not known[^]*SHA256:/],
    ["refused", /refused the connection[^]*ECONNREFUSED/],
    ["user", /did not let nobody-here log in/],
    ["nokey", /absent: no such file/],
    ["otherkey", /Refused: key .*other/],
    ["nowhere", /can't be resolved/],
  ])("a first contact that fails (%s) has three lines and exit code 3, and records nothing", async (name, words) => {
    const { code, stdout, stderr } = await work.hawser(["submit", "-e", name, "--", "true"])
    expect(code).toBe(3)
    expect(stdout).toBe("")
    expect(stderr).toMatch(words)
    expect(stderr.trim().split("\n")).toHaveLength(3)
    expect((await work.jobs()).filter((job) => job.executor === name)).toEqual([])
  })

  test("run is as on this machine: output, tasks, exit codes, signals", async () => {
    const tasks = await work.hawser(["run", "-n", "2", "--", "echo", "x"])
    expect(tasks).toMatchObject({ code: 0, stdout: "x\nx\n" })
    expect((await work.hawser(["run", "--", "sh", "-c", "exit 7"])).code).toBe(7)
    expect((await work.hawser(["run", "--", "sh", "-c", "kill -KILL $$"])).code).toBe(137)
  })

  test.each(["run", "submit"])("%s of a rejected job says why at once, in Slurm's words", async (command) => {
    const { code, stderr } = await work.hawser([command, "--queue", "nope", "--", "true"])
    expect(code).toBe(1)
    const lines = stderr.trim().split("\n").slice(-3)
    expect(lines[0]).toContain("failed (rejected)")
    expect(lines[1]).toContain("invalid partition specified: nope")
    expect(lines[2]).toContain("hawser doctor hpc")
  })

  test("run of a job that Slurm lets wait tells Slurm's reason, and --timeout ends it", async () => {
    const args = ["run", "--key", "waits", "--queue", "down", "--timeout", "10s", "--", "true"]
    const { code, stderr } = await work.hawser(args)
    expect(code).toBe(124)
    expect(stderr).toMatch(/waiting: waits is queued as \d+: \S/)
    await work.hawser(["cancel", "waits"])
    expect((await work.hawser(["wait", "waits"])).code).toBe(1)
  })

  test("doctor finds everything in order", async () => {
    const { code, stdout } = await work.hawser(["doctor", "hpc"])
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/ok +test job/) })
  })

  test("doctor of a host that refuses the connection ends with 3", async () => {
    expect((await work.hawser(["doctor", "refused"])).code).toBe(3)
  })
})
