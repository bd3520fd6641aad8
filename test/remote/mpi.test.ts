/** What an mpirun is taken for, and what it is told, where the job runs. */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { JobSpec, LaunchOptions, Resources } from "../../src/job/index.ts"
import { launchers } from "../../src/launchers/index.ts"
import { launchPrograms, payloadProgram } from "../../src/remote/programs.ts"
import { type JobParts, jobFiles } from "../../src/remote/script.ts"
import { shellText } from "../../src/remote/shellText.ts"
import { partsOf, specOf } from "../support/jobs.ts"
import { shells } from "../support/staging-shells.ts"

const token = "hzmpi0000000001"
const fixture = (name: string): string => readFileSync(new URL(`../../fixtures/mpi/${name}`, import.meta.url), "utf8")

let folder: string
let home: string
let directory: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-mpi-"))
  home = join(folder, "a home")
  directory = join(home, "jobs", token)
  mkdirSync(join(folder, "path"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Asked {
  readonly launcher?: string
  readonly launch?: LaunchOptions
  readonly resources?: Partial<Resources>
  readonly spec?: Partial<JobSpec>
  readonly parts?: Partial<JobParts>
}

function write({ launcher = "mpirun", launch, resources = { tasks: 2 }, spec: said = {}, parts = {} }: Asked): void {
  mkdirSync(join(directory, "work"), { recursive: true })
  mkdirSync(join(home, "bin"), { recursive: true })
  const spec = specOf({ command: ["./a", ":", "b c"], launcher, ...said, ...(launch ? { launch } : {}) }, resources)
  const launching = launchers[launcher]!.launch(spec, { ownSlots: parts.hosts !== undefined })
  for (const { name, mode, text } of jobFiles(partsOf(home, token, spec, { launch: launching, ...parts }))) {
    writeFileSync(join(directory, name), text, { mode })
  }
  const { mpi, rank } = launchPrograms()
  for (const { name, text } of [payloadProgram(), mpi, rank]) writeFileSync(join(home, "bin", name), text)
}

/** A program that says what a fixture says, and else writes its words and some variables down, and does what `then` says. */
function program(name: string, version: string, then = ""): void {
  writeFileSync(join(folder, "path", `${name}.txt`), version)
  const lines = [
    "#!/bin/sh",
    `[ "$1" != --version ] || { cat '${folder}/path/${name}.txt'; exit 0; }`,
    `printf '%s\\n' "$@" >'${folder}/words'`,
    then,
  ]
  writeFileSync(join(folder, "path", name), `${lines.join("\n")}\n`, { mode: 0o755 })
}

const words = (): string[] => readFileSync(join(folder, "words"), "utf8").split("\n").slice(0, -1)

describe.each(shells)("under $name", ({ argv: [shell, ...flags] }) => {
  function run(env: Readonly<Record<string, string>> = {}): {
    status: number | null
    signal: string | null
    stderr: string
  } {
    const { status, signal, stderr } = spawnSync(shell!, [...flags, join(directory, "payload.sh")], {
      encoding: "utf8",
      env: { PATH: `${folder}/path:/usr/bin:/bin`, HOME: home, ...env },
    })
    return { status, signal, stderr }
  }

  test.each([
    ["openmpi-4-debian.txt", "openmpi4 4.1.4"],
    ["openmpi-4.txt", "openmpi4 4.1.5"],
    ["openmpi-1-is-like-4.txt", "openmpi4 1.10.7"],
    ["openmpi-5.txt", "openmpi5 5.0.3"],
    ["openmpi-5-candidate.txt", "openmpi5 5.0.0rc12"],
    ["prterun-is-openmpi-5.txt", "openmpi5 3.0.5"],
    ["mpich-4.txt", "mpich 4.0.2"],
    ["intelmpi-2021.txt", "intelmpi 2021.9"],
    ["intelmpi-2018.txt", "intelmpi 2018"],
    ["spectrum-is-openmpi-4.txt", "openmpi4 10.4.0.03rtm4"],
    ["knows-no-version.txt", "unknown -"],
  ])("%s is %s", (name, found) => {
    const text = `${shellText(["payload.sh", "mpi.sh"])}hz_flavour_of "$1"; printf '%s' "$hz_flavour $hz_version"`
    const { stdout, stderr } = spawnSync(shell!, [...flags, "-c", text, "sh", fixture(name)], { encoding: "utf8" })
    expect([stdout, stderr]).toEqual([found, ""])
  })

  test("mpirun gets the words of its flavour, and the command in a file", () => {
    program("mpirun", fixture("mpich-4.txt"))
    write({})
    expect(run()).toEqual({ status: 0, signal: null, stderr: "" })
    expect(words()).toEqual(["-n", "2", "-genvall", "/bin/sh", join(directory, "rank.sh")])
    expect(readFileSync(join(directory, "launcher"), "utf8")).toBe(`mpich 4.0.2 ${folder}/path/mpirun\n`)
  })

  test("one that a prologue brings is the one that is asked", () => {
    program("mpirun", fixture("mpich-4.txt"))
    mkdirSync(join(folder, "other"))
    program("../other/mpirun", fixture("openmpi-5.txt"))
    write({ launch: { oversubscribe: true }, spec: { prologue: `set -euf; IFS=/; PATH='${folder}/other':$PATH` } })
    expect(run()).toEqual({ status: 0, signal: null, stderr: "" })
    expect(words().slice(0, 4)).toEqual(["-n", "2", "--map-by", "slot:OVERSUBSCRIBE"])
  })

  test("a flavour that was asked for is looked for under all its names", () => {
    program("mpirun", fixture("openmpi-4.txt"))
    program("mpiexec.hydra", fixture("mpich-4.txt"))
    write({ launcher: "mpich" })
    expect(run().status).toBe(0)
    expect(readFileSync(join(directory, "launcher"), "utf8")).toContain("path/mpiexec.hydra")
  })

  test("where there is none of the flavour, the job fails and says what is there", () => {
    program("mpirun", fixture("openmpi-4.txt"))
    program("mpiexec", fixture("knows-no-version.txt"))
    write({ launcher: "intelmpi" })
    const { status, stderr } = run()
    expect(status).toBe(1)
    expect(stderr).toMatch(/there is no mpirun .*mpirun is openmpi4 4\.1\.5.*mpiexec is unknown -.*: load its module/)
  })

  test("Open MPI is told the names of all variables but those of host, session and launchers, and no value", () => {
    program("mpirun", fixture("openmpi-4.txt"), `printf '%s\\n' "$SECRET/$PLAIN" >'${folder}/values'`)
    const env = { PLAIN: "a\nexport NOVARIABLE='x'", SECRET: { fromEnv: "S" } }
    write({ spec: { env, prologue: "export FROM_PROLOGUE=1" }, parts: { secrets: { S: "hush" } } })
    expect(run({ SLURM_JOB_ID: "1", OMPI_MCA_x: "1", SSH_CLIENT: "1", LICENSE: "yes" }).status).toBe(0)
    const names = words().flatMap((word, index, all) => (word === "-x" ? [all[index + 1]] : []))
    expect(names).toEqual(
      expect.arrayContaining(["PATH", "PLAIN", "SECRET", "FROM_PROLOGUE", "LICENSE", "HAWSER_TOKEN"]),
    )
    for (const name of ["HOME", "PWD", "SLURM_JOB_ID", "OMPI_MCA_x", "SSH_CLIENT", "NOVARIABLE"]) {
      expect(names).not.toContain(name)
    }
    expect(words().join()).not.toContain("hush")
    expect(readFileSync(join(folder, "values"), "utf8")).toBe("hush/a\nexport NOVARIABLE='x'\n")
  })

  test.each([
    ["openmpi-4.txt", "--hostfile", "n1 slots=2\nn2 slots=1\n"],
    ["mpich-4.txt", "-f", "n1:2\nn2:1\n"],
  ])("hosts of ours are given to %s as a file", (version, option, text) => {
    program("mpirun", fixture(version))
    const hosts = [
      { host: "n1", slots: 2 },
      { host: "n2", slots: 1 },
    ]
    write({ resources: { tasks: 3 }, parts: { hosts } })
    expect(run().status).toBe(0)
    const at = words().indexOf(option)
    expect(words()[at + 1]).toBe(join(directory, "hostfile"))
    expect(readFileSync(join(directory, "hostfile"), "utf8")).toBe(text)
  })

  test("hosts of an allocation that Open MPI may have no eyes for are given to it, each with its slots", () => {
    program("mpirun", fixture("openmpi-4.txt"))
    writeFileSync(join(folder, "nodes"), "n1\nn2\nn1\nn3")
    write({})
    expect(run({ PBS_NODEFILE: join(folder, "nodes") }).status).toBe(0)
    expect(readFileSync(join(directory, "hostfile"), "utf8")).toBe("n1 slots=2\nn2 slots=1\nn3 slots=1\n")
  })

  test("what its first process to fail left is how the job ended", () => {
    // Hydra's own code is that of those that it killed.
    program("mpirun", fixture("mpich-4.txt"), `printf '1 7 n2\\n' >'${directory}/rank-ended'; exit 9`)
    write({})
    const { status, stderr } = run()
    expect(status).toBe(7)
    expect(stderr).toBe("hawser: the first process to fail was rank 1 on n2, with exit code 7\n")
  })

  test("a process that was killed is a job that was killed", () => {
    program("mpirun", fixture("mpich-4.txt"), `printf '3 139 n2\\n' >'${directory}/rank-ended'; exit 11`)
    write({})
    const { signal, stderr } = run()
    expect([signal, stderr.split("\n")[0]]).toEqual([
      "SIGSEGV",
      "hawser: the first process to fail was rank 3 on n2, with signal SEGV",
    ])
  })

  test("what an earlier start left says nothing of this one", () => {
    program("mpirun", fixture("mpich-4.txt"), "exit 5")
    write({})
    writeFileSync(join(directory, "rank-ended"), "0 143 n1\n")
    expect(run()).toEqual({ status: 5, signal: null, stderr: "" })
  })

  test.each(["", "trap : TERM; "])("a launcher that goes on for long after a rank has failed is ended: %j", (deaf) => {
    writeFileSync(join(folder, "path", "sleep"), "#!/bin/sh\nexec /bin/sleep 0.05\n", { mode: 0o755 })
    const hang = `echo '1 7 n1' >'${directory}/rank-ended'; ${deaf}while :; do /bin/sleep 0.3; done`
    program("mpirun", fixture("mpich-4.txt"), hang)
    write({})
    const { status, stderr } = run()
    expect(status).toBe(7)
    expect(stderr).toContain("hawser: the first process to fail was rank 1 on n1, with exit code 7\n")
  })

  test("one that ends late, but by itself, is left alone", () => {
    program(
      "mpirun",
      fixture("mpich-4.txt"),
      `echo '1 7 n1' >'${directory}/rank-ended'; /bin/sleep 3; echo late >&2; exit 9`,
    )
    write({})
    expect(run().stderr).toContain("late\n")
  })

  test("the epilogue runs after it, with its code", () => {
    program("mpirun", fixture("openmpi-4.txt"), "exit 5")
    write({ spec: { epilogue: 'echo "code $HAWSER_EXIT_CODE" >&2' } })
    expect(run()).toEqual({ status: 5, signal: null, stderr: "code 5\n" })
  })
})
