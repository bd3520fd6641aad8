import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { JobSpec } from "../../src/job/index.ts"
import { payloadProgram } from "../../src/remote/programs.ts"
import { type JobParts, jobFiles } from "../../src/remote/script.ts"
import { partsOf, specOf } from "../support/jobs.ts"
import { shells } from "../support/staging-shells.ts"

const token = "hzpayload000001"
let home: string
let work: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "hawser-payload-"))
  work = join(home, "jobs", token, "work")
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function write(spec: JobSpec, changes: Partial<JobParts> = {}): void {
  mkdirSync(work, { recursive: true })
  mkdirSync(join(home, "bin"))
  for (const { name, mode, text } of jobFiles(partsOf(home, token, spec, changes))) {
    writeFileSync(join(home, "jobs", token, name), text, { mode })
  }
  writeFileSync(join(home, "bin", payloadProgram().name), payloadProgram().text)
}

interface End {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

interface Running {
  readonly child: ChildProcess
  readonly end: Promise<End>
  /** Resolves when stdout has this text. */
  readonly said: (text: string) => Promise<void>
}

describe.each(shells)("under $name", ({ argv: [program, ...flags] }) => {
  function start(env: Record<string, string> = {}): Running {
    const child = spawn(program!, [...flags, join(home, "jobs", token, "payload.sh")], {
      cwd: "/",
      env: { PATH: process.env["PATH"], HOME: home, ...env },
      detached: true,
    })
    let [stdout, stderr] = ["", ""]
    child.stdout.on("data", (part: Buffer) => (stdout += part.toString()))
    child.stderr.on("data", (part: Buffer) => (stderr += part.toString()))
    const end = new Promise<End>((resolve) =>
      child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr })),
    )
    const said = (text: string) =>
      new Promise<void>((resolve) => {
        const look = () => stdout.includes(text) && resolve()
        child.stdout.on("data", look)
        look()
      })
    return { child, end, said }
  }

  async function run(spec: Partial<JobSpec>, changes: Partial<JobParts> = {}, env = {}): Promise<End> {
    write(specOf(spec), changes)
    return start(env).end
  }

  const sh = (text: string) => ["/bin/sh", "-c", text]

  test.each([0, 1, 3, 126, 127, 128, 200, 255])(
    "the exit code %i is passed on, with and without an epilogue",
    async (n) => {
      expect(await run({ command: sh(`exit ${n}`) })).toMatchObject({ code: n, stderr: "" })
      rmSync(home, { recursive: true })
      const end = await run({ command: sh(`exit ${n}`), epilogue: "echo after $HAWSER_EXIT_CODE; exit 9" })
      expect(end).toMatchObject({ code: n, stdout: `after ${n}\n`, stderr: "" })
    },
  )

  test.each(["TERM", "KILL", "SEGV", "USR1"])(
    "a death by SIG%s is passed on, with and without an epilogue",
    async (name) => {
      const command = sh(`ulimit -c 0; kill -s ${name} $$`)
      expect(await run({ command })).toMatchObject({ code: null, signal: `SIG${name}` })
      rmSync(home, { recursive: true })
      const end = await run({ command, epilogue: "echo after" })
      expect(end).toMatchObject({ code: null, signal: `SIG${name}`, stdout: "after\n" })
    },
  )

  test("an exit code that looks like a signal that stops does not stop the job", async () => {
    expect(await run({ command: sh("exit 147"), epilogue: ":" })).toMatchObject({ code: 147 })
  })

  test("without an epilogue the payload takes the place of the shell, so that signals reach it", async () => {
    write(specOf({ command: sh('trap "echo caught; exit 7" TERM; echo $$; while :; do sleep 0.05; done') }))
    const { child, end, said } = start()
    await said("\n")
    child.kill("SIGTERM")
    expect(await end).toMatchObject({ code: 7, stdout: `${child.pid}\ncaught\n` })
  })

  test("with an epilogue a signal to the process group ends the payload, and the epilogue still runs", async () => {
    write(
      specOf({
        command: sh('trap "echo caught; exit 7" TERM; echo ready; while :; do sleep 0.05; done'),
        epilogue: "echo after",
      }),
    )
    const { child, end, said } = start()
    await said("ready")
    process.kill(-child.pid!, "SIGTERM")
    expect(await end).toMatchObject({ code: 7, stdout: "ready\ncaught\nafter\n" })
  })

  test("words, variables and texts arrive as they are, whatever is in them", async () => {
    const trap = `a b'c"d$HOME\`id\`\\n*?\n;&|<>(){}[]!#~ é漢\t`
    const end = await run({
      command: ["printf", "%s|", trap, "", "-n"],
      env: { TRAP: trap, EMPTY: "" },
      epilogue: `printf "%s|%s|" "$TRAP" "$EMPTY"`,
    })
    expect(end).toMatchObject({ code: 0, stdout: `${trap}||-n|${trap}||`, stderr: "" })
  })

  test("the payload knows what it is", async () => {
    const names = ["JOB_ID", "KEY", "ATTEMPT", "TOKEN", "DIRECTORY"]
    const { stdout } = await run({ command: sh(names.map((name) => `echo "$HAWSER_${name}"`).join(";")) })
    expect(stdout.split("\n")).toEqual(["id-1", "a key", "1", token, join(home, "jobs", token), ""])
  })

  test("it runs in the working directory, wherever the prologue went", async () => {
    const end = await run({ command: ["pwd"], prologue: "mkdir sub; cd sub; pwd; exported=1; cd /" })
    expect(end.stdout).toBe(`${work}/sub\n${work}\n`)
  })

  test("the prologue runs in the payload's shell and the epilogue sees what it has set", async () => {
    const end = await run({
      command: sh("echo $A; exit 4"),
      prologue: "A=1; export A; B='x  y'",
      epilogue: 'echo "$A $B $HAWSER_EXIT_CODE"',
    })
    expect(end).toMatchObject({ code: 4, stdout: "1\n1 x  y 4\n" })
  })

  test.each([
    ["set -e", "set -e; false || :"],
    ["set -u", "set -u"],
    ["set -f", "set -f"],
    ["another IFS", "IFS=x"],
    ["a trap", "trap 'echo trapped' TERM"],
  ])("%s in the prologue keeps neither the payload nor the epilogue from running", async (_title, prologue) => {
    const spec = {
      command: sh("echo $SECRET; exit 3"),
      prologue,
      epilogue: "echo after",
      env: { SECRET: { fromEnv: "S" } },
    }
    const end = await run(spec, { secrets: { S: "axb" } })
    expect(end).toMatchObject({ code: 3, stdout: "axb\nafter\n", stderr: "" })
  })

  test("an epilogue with a syntax error changes nothing of the payload's exit code", async () => {
    expect(await run({ command: ["true"], epilogue: "if then (" })).toMatchObject({ code: 0 })
  })

  test("a prologue with a syntax error ends the job before the payload", async () => {
    const end = await run({ command: ["echo", "payload"], prologue: "echo 'open" })
    expect(end.code).not.toBe(0)
    expect(end.stdout).toBe("")
  })

  test("a script is run by its #! line, else by /bin/sh", async () => {
    const text = "echo $0; case $0 in */script) exit 5; esac\n"
    expect(await run({ command: null, script: `#!/bin/sh -e\nfalse\necho not here` })).toMatchObject({
      code: 1,
      stdout: "",
    })
    rmSync(home, { recursive: true })
    const end = await run({ command: null, script: text })
    expect(end).toMatchObject({ code: 5, stdout: `${join(home, "jobs", token, "script")}\n` })
  })

  test("stdin is a file of the working directory, else empty", async () => {
    write(specOf({ command: ["cat"], stdin: "-in put's" }))
    writeFileSync(join(work, "-in put's"), "given")
    expect(await start().end).toMatchObject({ code: 0, stdout: "given" })
    rmSync(home, { recursive: true })
    expect(await run({ command: ["cat"] })).toMatchObject({ code: 0, stdout: "" })
    rmSync(home, { recursive: true })
    const end = await run({ command: ["cat"], stdin: "nowhere" })
    expect(end).toMatchObject({
      code: 1,
      stdout: "",
      stderr: "hawser: the payload's stdin ./nowhere is not readable\n",
    })
  })

  test("a command that is not there is 127, one that is no program 126", async () => {
    expect(await run({ command: ["./nowhere"] })).toMatchObject({ code: 127 })
    rmSync(home, { recursive: true })
    expect(await run({ command: ["/etc/passwd"] })).toMatchObject({ code: 126 })
  })

  describe("secrets", () => {
    const secrets = { S: "it's $ecret" }
    const env = { SECRET: { fromEnv: "S" } }

    test("are gone from the disk before the payload runs, and in nobody's environment but the payload's", async () => {
      // Of the shell around the payload, then the payload's own.
      const environs = 'for p in $PPID $$; do tr "\\0" "\\n" </proc/$p/environ | grep -c [$]ecret; done; '
      const end = await run(
        {
          command: sh(`ls ..; echo "$SECRET"; ${environs} exit 3`),
          env,
          prologue: 'echo "in the shell: $SECRET"; sh -c \'echo "in a child: $SECRET"\'; ls ..',
          epilogue: 'echo "after: $SECRET"; sh -c \'echo "child after: $SECRET"\'',
        },
        { secrets },
      )
      expect(end.code).toBe(3)
      expect(end.stdout.match(/^secrets$/m)).toBeNull()
      expect(
        end.stdout.split("\n").filter((line) => !/^(token|job.sh|payload.sh|patterns.sh|work)$/.test(line)),
      ).toEqual(["in the shell: it's $ecret", "in a child: ", "it's $ecret", "0", "1", "after: ", "child after: ", ""])
      expect(existsSync(join(home, "jobs", token, "secrets"))).toBe(false)
      for (const name of ["payload.sh", "job.sh", "token", "patterns.sh"]) {
        expect(readFileSync(join(home, "jobs", token, name), "utf8")).not.toContain("$ecret")
      }
    })

    test("of a file that was cut are none: the job ends before the payload", async () => {
      write(specOf({ command: sh('echo "$SECRET"'), env }), { secrets })
      writeFileSync(join(home, "jobs", token, "secrets"), "SECRET=half\n")
      const end = await start({ hz_secrets_of: "" }).end
      expect(end).toMatchObject({ code: 1, stdout: "" })
      expect(end.stderr).toContain("can't be read to their end")
      expect(existsSync(join(home, "jobs", token, "secrets"))).toBe(false)
    })

    test("can be read once: a second start fails, also where the variable comes from outside", async () => {
      await run({ command: ["true"], env }, { secrets })
      const end = await start({ SECRET: "of somebody else" }).end
      expect(end).toMatchObject({ code: 1, stdout: "" })
      expect(end.stderr).toContain("the secrets of this job are gone")
    })

    test("without a value are an error that names them, and not their value", () => {
      expect(() => write(specOf({ env }))).toThrow(expect.objectContaining({ code: "SECRET_MISSING" }))
    })
  })

  describe("modules", () => {
    const module = `module() { echo "module $*"; case $2 in bad*) echo "no such module" >&2; return 1;; esac; LOADEDMODULES=\${LOADEDMODULES-}:$2; }`

    function installation(text: string): Record<string, string> {
      mkdirSync(join(home, "modules/init"), { recursive: true })
      writeFileSync(join(home, "modules/init/sh"), text)
      return { MODULESHOME: join(home, "modules") }
    }

    test("are loaded in their order, after the variables of the job and before the prologue", async () => {
      write(specOf({ command: sh("echo payload"), modules: ["gcc/12", "open mpi"], prologue: "echo prologue" }))
      const end = await start(installation(`cd /; ${module}`)).end
      expect(end).toMatchObject({ code: 0, stdout: "module load gcc/12\nmodule load open mpi\nprologue\npayload\n" })
    })

    test("one that fails ends the job with 1 before the payload", async () => {
      write(specOf({ command: sh("echo payload"), modules: ["bad/1"], epilogue: "echo after" }))
      const end = await start(installation(module)).end
      expect(end).toMatchObject({ code: 1, stdout: "module load bad/1\n" })
      expect(end.stderr).toContain("hawser: module bad/1 can't be loaded")
    })

    test("version 3, which returns 0 when it fails, is asked for what it has loaded", async () => {
      const three = `MODULE_VERSION=3.2.10; LOADEDMODULES=there/1; ${module.replace("return 1", "return 0")}`
      write(specOf({ command: ["true"], modules: ["there", "there/1", "good", "bad"] }))
      const end = await start(installation(three)).end
      expect(end).toMatchObject({ code: 1 })
      expect(end.stderr).toContain("hawser: module bad can't be loaded")
    })

    test("on a host that has no modules end the job with 1", async () => {
      write(specOf({ command: sh("echo payload"), modules: ["gcc"] }))
      const end = await start(installation("")).end
      expect(end).toMatchObject({ code: 1, stdout: "" })
      expect(end.stderr).toContain("knows no command")
    })
  })
})
