import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { JobSpec } from "../../src/job/index.ts"
import { wrapperExit } from "../../src/remote/answer.ts"
import { type JobParts, jobFiles, specHash } from "../../src/remote/script.ts"
import { plainLaunch } from "../../src/launchers/launcher.ts"
import { partsOf, specOf } from "../support/jobs.ts"
import { shells } from "../support/staging-shells.ts"

const token = "hzscript0000001"
let home: string
beforeEach(() => {
  home = join(mkdtempSync(join(tmpdir(), "hawser-script-")), "it's here")
})
afterEach(() => rmSync(join(home, ".."), { recursive: true, force: true }))

function textOf(name: string, spec: Partial<JobSpec>, changes: Partial<JobParts> = {}): string | undefined {
  return jobFiles(partsOf(home, token, specOf(spec), changes)).find((file) => file.name === name)?.text
}

const lastLine = (text: string | undefined): string | undefined => text?.trimEnd().split("\n").at(-1)

describe("job.sh", () => {
  const jobVariables = { nativeId: "SLURM_JOB_ID", restarts: "SLURM_RESTART_COUNT" }

  test("begins with the directives, and looks for the wrapper then", () => {
    const lines = textOf("job.sh", {}, { directives: ["#SBATCH --nodes=1", "#SBATCH --requeue"] })?.split("\n")
    expect(lines?.slice(0, 3)).toEqual(["#!/bin/sh", "#SBATCH --nodes=1", "#SBATCH --requeue"])
    expect(lines?.length).toBe(7)
  })

  test.each(shells)(
    "says as the wrapper would that its node does not see where that is, under $name",
    ({ argv: [program, ...flags] }) => {
      mkdirSync(home, { recursive: true })
      writeFileSync(join(home, "alone"), (textOf("job.sh", {}) ?? "").replaceAll(`${home}/bin/`, "/nonexistent/"))
      expect(spawnSync(program!, [...flags, join(home, "alone")], { encoding: "utf8" })).toMatchObject({
        status: wrapperExit.missing,
        stderr: "",
      })
    },
  )

  test.each(shells)(
    "hands home, token, native id and restarts to the wrapper, under $name",
    ({ argv: [program, ...flags] }) => {
      mkdirSync(join(home, "bin"), { recursive: true })
      writeFileSync(join(home, "bin/wrapper.0.sh"), 'printf "%s|" "$@"')
      writeFileSync(join(home, "named"), textOf("job.sh", {}, { jobVariables }) ?? "")
      writeFileSync(join(home, "unnamed"), textOf("job.sh", {}) ?? "")
      const run = (name: string, env: Record<string, string>) =>
        spawnSync(program!, [...flags, join(home, name)], { env, encoding: "utf8" }).stdout
      const both = { SLURM_JOB_ID: "47_1", SLURM_RESTART_COUNT: "2" }
      expect(run("named", both)).toBe(`${home}|${token}|47_1|2|`)
      expect(run("named", {})).toBe(`${home}|${token}|-|0|`)
      expect(run("unnamed", both)).toBe(`${home}|${token}|-|0|`)
    },
  )
})

test("the token file holds the token and a hash that changes with the spec", () => {
  const [first, second] = (textOf("token", {}) ?? "").split("\n")
  expect(first).toBe(token)
  expect(second).toBe(specHash(specOf()))
  expect(specHash(specOf({ command: ["false"] }))).not.toBe(second)
})

test("start-before is there where a job has a deadline, in whole seconds", () => {
  expect(textOf("start-before", {}, { startBefore: 1_700_000_000_999 })).toBe("1700000000\n")
  expect(textOf("start-before", {})).toBeUndefined()
})

test("only its owner reads what is in a job directory, and secrets are not there without need", () => {
  const files = jobFiles(partsOf(home, token, specOf({ script: "x", command: null })))
  expect(files.every(({ mode }) => (mode & 0o077) === 0)).toBe(true)
  expect(files.map(({ name }) => name)).toEqual(["token", "job.sh", "payload.sh", "patterns.sh", "script"])
})

describe("the command", () => {
  test("is started by the launcher, which may also start a container", () => {
    const container = { runtime: "apptainer", image: "a b.sif", options: ["--nv"] } as const
    const launch = plainLaunch(["srun", "-n", "2"])
    const work = `'${home.replaceAll("'", "'\\''")}/jobs/${token}/work'`
    const directory = `${home}/jobs/${token}`.replaceAll("'", "'\\''")
    expect(lastLine(textOf("payload.sh", { command: ["./a", "b"], container }, { launch }))).toBe(
      `hz_run '' /dev/null srun -n 2 /bin/sh '${directory}/rank.sh'`,
    )
    expect(lastLine(textOf("rank.sh", { command: ["./a", "b"], container }, { launch }))).toBe(
      `hz_rank '${directory}' one apptainer exec --pwd ${work} --bind ${work} --nv 'a b.sif' ./a b`,
    )
  })

  test("in podman gets its variables by name, so that no value stands in an argv", () => {
    const container = { runtime: "podman", image: "debian", options: ["--network=none"] } as const
    const env = { PLAIN: "plain value", SECRET: { fromEnv: "S" } }
    const changes = { secrets: { S: "secret value" } }
    const line = lastLine(textOf("payload.sh", { command: ["id"], container, env, stdin: "in" }, changes))
    expect(line).toMatch(/^hz_exec \.\/in podman run --rm --interactive -v /)
    expect(line).toContain("--env PLAIN --env HAWSER_JOB_ID")
    expect(line).toMatch(/ --env SECRET --network=none debian id$/)
    expect(line).not.toContain("value")
  })

  test("as a script is visible in a container", () => {
    const container = { runtime: "podman", image: "debian", options: [] } as const
    const line = lastLine(textOf("payload.sh", { command: null, script: "#!/bin/sh\n", container }))
    expect(line?.match(/jobs\/hzscript0000001\/script/g)?.length).toBe(3)
  })
})

test.each(["../x", "/etc/passwd", "."])("stdin can't be %s", (stdin) => {
  expect(() => textOf("payload.sh", { stdin })).toThrow(expect.objectContaining({ code: "SPEC_INVALID" }))
})
