/** The command line as a newcomer types it, on local processes: what is shown, how it ends, what stays behind. */
import { execFileSync } from "node:child_process"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, test } from "vitest"
import type { Status } from "../../src/hawser.ts"
import type { JobView } from "../../src/job/index.ts"
import { noTerminal, pause, study } from "../support/cli.ts"

const patience = { timeout: 120_000 }
const work = await study("executors:\n  local: {cores: 4}\n")
afterAll(async () => work[Symbol.asyncDispose]())

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300 && !(await holds()); tries += 1) await pause(100)
  expect(await holds()).toBe(true)
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const named = (key: string): Promise<JobView> => work.json<JobView>("show", key, "--json")

describe("run", patience, () => {
  test("the job's output is ours, and so is its exit code", async () => {
    const { code, stdout, stderr } = await work.hawser(["run", "--", "sh", "-c", "echo out; echo err >&2"])
    expect({ code, stdout }).toEqual({ code: 0, stdout: "out\n" })
    expect(stderr).toContain("err\n")
  })

  test.each([
    [["false"], 1],
    [["sh", "-c", "exit 7"], 7],
    [["sh", "-c", "kill -TERM $$"], 143],
    [["sh", "-c", "kill -KILL $$"], 137],
  ])("%o ends with %i", async (command, code) => {
    expect((await work.hawser(["run", "--", ...command])).code).toBe(code)
  })

  test("large output comes whole, and stdin is empty", async () => {
    const { code, stdout } = await work.hawser(["run", "--", "sh", "-c", "cat; seq 300000"], { stdin: "not for it" })
    expect(code).toBe(0)
    expect(stdout).toHaveLength(1_988_895)
    expect(stdout.endsWith("\n300000\n")).toBe(true)
  })

  test("--timeout gives the wait up with 124; the job goes on", async () => {
    const { code, stderr } = await work.hawser(["run", "--key", "late", "--timeout", "1s", "--", "sleep", "4"])
    expect(code).toBe(124)
    expect(stderr).toContain("the job goes on")
    expect((await work.hawser(["wait", "late"])).code).toBe(0)
  })

  test("--json, before the command's name or after it, prints the job and nothing else", async () => {
    for (const args of [
      ["--json", "run", "--", "echo", "x"],
      ["run", "--json", "--", "echo", "x"],
    ]) {
      const { stdout } = await work.hawser(args)
      expect(JSON.parse(stdout)).toMatchObject({ state: "completed", exitCode: 0 })
    }
  })

  test("a job that waits for cores says so while it waits", async () => {
    await work.hawser(["submit", "--key", "wide", "-c", "4", "--", "sleep", "600"])
    const { code, stderr } = await work.hawser(["run", "--timeout", "12s", "--key", "behind", "-c", "2", "--", "true"])
    expect(code).toBe(124)
    expect(stderr).toContain("waiting: behind is new: It waits for 2 of 4 cores.")
    await work.hawser(["cancel", "wide"])
    expect((await work.hawser(["wait", "behind"])).code).toBe(0)
  })
})

describe("at a terminal", patience, () => {
  test.skipIf(noTerminal !== undefined)("Ctrl-C of run detaches with 130, and the job goes on", async () => {
    const terminal = work.terminal(["run", "--key", "left", "--", "sh", "-c", "echo begun; sleep 5"])
    await terminal.until(/begun/)
    terminal.type("\u0003")
    expect(await terminal.code).toBe(130)
    expect(terminal.shown()).toContain("Detached; left goes on.")
    expect((await work.hawser(["wait", "left"])).code).toBe(0)
  })

  test.skipIf(noTerminal !== undefined)("a second Ctrl-C within the second cancels", async () => {
    const terminal = work.terminal(["run", "--key", "stopped", "--", "sh", "-c", "echo begun; sleep 60"])
    await terminal.until(/begun/)
    terminal.type("\u0003")
    await terminal.until(/Detached/)
    terminal.type("\u0003")
    expect(await terminal.code).toBe(130)
    expect(terminal.shown()).toContain("Cancelling stopped.")
    expect((await work.hawser(["wait", "stopped"])).code).toBe(1)
    expect((await named("stopped")).state).toBe("cancelled")
  })

  test.skipIf(noTerminal !== undefined)("wait shows a bar", async () => {
    await work.hawser(["submit", "--key", "barred", "--", "sleep", "3"])
    const terminal = work.terminal(["wait", "barred"])
    expect(await terminal.code).toBe(0)
    expect(terminal.shown()).toContain("] 0 of 1")
    expect(terminal.shown()).toContain("] 1 of 1")
  })
})

describe("the other commands", patience, () => {
  test("submit prints the id alone on stdout; wait in a pipe prints plain lines", async () => {
    const { code, stdout, stderr } = await work.hawser(["submit", "--key", "plain", "--", "sleep", "2"])
    expect(code).toBe(0)
    expect(stdout).toBe(`${(await named("plain")).id}\n`)
    expect(stderr).toMatch(/^plain is (queued|running) on local as /)
    const waited = await work.hawser(["wait", "plain"])
    expect(waited).toMatchObject({ code: 0, stdout: "", stderr: "plain completed\n1 job: 1 completed\n" })
  })

  test("the same key is the same job; another command under it is refused", async () => {
    const twice = await work.hawser(["submit", "--key", "plain", "--", "sleep", "2"])
    expect(twice.stderr).toContain("is the same job as before")
    const other = await work.hawser(["submit", "--key", "plain", "--", "sleep", "3"])
    expect(other.code).toBe(2)
    expect(other.stderr.trim().split("\n")).toHaveLength(3)
  })

  test("logs -f follows a job to its end", async () => {
    await work.hawser(["submit", "--key", "talks", "--", "sh", "-c", "echo one; sleep 2; echo two"])
    expect(await work.hawser(["logs", "-f", "talks"])).toMatchObject({ code: 0, stdout: "one\ntwo\n" })
    expect((await work.hawser(["logs", "talks"])).stdout).toBe("one\ntwo\n")
  })

  test("cancel ends a job", async () => {
    await work.hawser(["submit", "--key", "unwanted", "--", "sleep", "60"])
    expect((await work.hawser(["cancel", "unwanted"])).stderr).toBe("unwanted: cancelling\n")
    expect((await work.hawser(["wait", "unwanted"])).code).toBe(1)
    expect((await named("unwanted")).state).toBe("cancelled")
  })

  test("batch takes stdin; a rejected line makes it 1, and the others run", async () => {
    const lines = ['{"key":"b/1","command":["true"]}', '{"key":"b/2","command":[]}', '{"key":"b/3","command":["true"]}']
    const { code, stdout, stderr } = await work.hawser(["batch", "-"], { stdin: lines.join("\n") })
    expect(code).toBe(1)
    expect(stdout.trim().split("\n")).toHaveLength(2)
    expect(stderr).toContain("line 2: ")
    expect(stderr).toContain("2 accepted, 1 rejected")
    expect((await work.hawser(["wait", "b/1", "b/3"])).code).toBe(0)
  })

  test("an array is so many jobs, each with its index, and one that waits for all of them", async () => {
    const command = ["sh", "-c", 'echo "$HAWSER_ARRAY_INDEX $HAWSER_KEY"']
    const lines = [
      { key: "array", command, array: "0,4-6:2%2", into: "array/%a" },
      { key: "sum", command: ["true"], after: ["array[0,4,6]"] },
    ]
    const { code, stderr } = await work.hawser(["batch", "-"], {
      stdin: lines.map((one) => JSON.stringify(one)).join("\n"),
    })
    expect([code, stderr]).toEqual([0, expect.stringContaining("4 accepted, 0 rejected")])
    expect((await work.hawser(["wait", "sum"])).code).toBe(0)
    for (const index of [0, 4, 6]) {
      const { stdout } = await work.hawser(["logs", `array[${index}]`])
      expect(stdout).toBe(`${index} array[${index}]\n`)
      expect((await named(`array[${index}]`)).directory).toMatch(new RegExp(`/array/${index}$`))
    }
  })

  test("an array as typed prints each id, again the same ones, and is no job to run", async () => {
    const typed = ["submit", "--key", "typed", "--array", "1-3", "--", "true"]
    const first = await work.hawser(typed)
    expect(first.code).toBe(0)
    expect(
      first.stdout
        .trim()
        .split("\n")
        .map((line) => line.split("\t")[1]),
    ).toEqual(["typed[1]", "typed[2]", "typed[3]"])
    const again = await work.hawser(typed)
    expect([again.stdout, again.stderr]).toEqual([first.stdout, expect.stringContaining("3 accepted (3 were known)")])
    const wrong = await work.hawser(["submit", "--array", "3-1", "--", "true"])
    expect([wrong.code, wrong.stdout]).toEqual([2, ""])
    expect(wrong.stderr).toContain('array is "3-1"')
    expect((await work.hawser(["run", "--array", "1-3", "--", "true"])).code).toBe(2)
  })

  test("what is not JSON is told with its line, and nothing is submitted", async () => {
    const { code, stderr } = await work.hawser(["batch", "-"], { stdin: '{"key":"c/1","command":["true"]}\n{' })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^Line 2 is not JSON\.\n/)
    expect((await work.hawser(["show", "c/1"])).code).toBe(2)
  })

  test("prune wants to know what may go, and then lets it go", async () => {
    expect((await work.hawser(["prune"])).code).toBe(2)
    expect((await work.hawser(["prune", "plain", "--local"])).stderr).toBe("1 pruned\n")
    expect((await work.hawser(["show", "plain"])).code).toBe(2)
  })

  test.each(["run", "submit", "batch", "wait", "list", "show", "logs", "cancel", "recover", "prune", "doctor"])(
    "%s --help tells its options",
    async (name) => {
      const { code, stdout } = await work.hawser([name, "--help"])
      expect(code).toBe(0)
      expect(stdout).toContain(`Usage: hawser ${name}`)
    },
  )

  test("a command that comes later is an unknown one", async () => {
    for (const name of ["explain", "hold", "retry", "ui"]) expect((await work.hawser([name])).code).toBe(2)
  })
})

describe("mistakes", patience, () => {
  const mistakes: readonly (readonly [string, readonly string[], number])[] = [
    ["an unknown executor", ["run", "-e", "nope", "--", "true"], 2],
    ["a misspelt option", ["run", "--wallime", "5", "--", "true"], 2],
    ["a walltime that is none", ["run", "-t", "3x", "--", "true"], 2],
    ["a timeout without a unit", ["run", "--timeout", "9", "--", "true"], 2],
    ["an unknown job", ["show", "nothing"], 2],
    ["an input that is not there", ["submit", "--input", "absent.dat", "--", "true"], 1],
    ["more cores than there are", ["submit", "-c", "400", "--", "true"], 1],
  ]
  test.each(mistakes)("%s: what happened, why, what to do next", async (_name, args, code) => {
    const result = await work.hawser(args)
    expect(result.code).toBe(code)
    expect(result.stderr.trim().split("\n")).toHaveLength(3)
    expect(result.stderr).not.toMatch(/^\s+at /m)
  })

  test("a misspelt field of the config is told with its place, by every command", async () => {
    await using wrong = await study("executors:\n  hpc:\n    scheduler: slurm\n    hots: x\n")
    for (const command of ["list", "status", "config", "up"]) {
      const { code, stderr } = await wrong.hawser([command])
      expect(code).toBe(2)
      expect(stderr).toMatch(/hawser\.yaml:4:5: .*hots[^]*host/)
    }
    await wrong.write("hawser.yaml", "executors: {}\n")
  })
})

describe("the controller", patience, () => {
  test("up keeps one, status shows it, down ends it, and a job goes on without it", async () => {
    await using own = await study("executors:\n  local: {cores: 2}\n")
    expect((await own.hawser(["status"])).stdout).toContain("no controller runs")
    expect((await own.hawser(["up"])).code).toBe(0)
    const pid = await own.controllerPid()
    expect(pid).not.toBeNull()
    await own.hawser(["submit", "--key", "on", "--", "sh", "-c", "sleep 2; echo done > here"])
    expect((await own.hawser(["down"])).code).toBe(0)
    await until(async () => (await own.controllerPid()) === null)
    expect((await own.hawser(["wait", "on"])).code).toBe(0)
  })

  test("one that was started on demand ends by itself some ten seconds after its last job", async () => {
    await using own = await study("executors:\n  local: {cores: 2}\n")
    await own.hawser(["run", "--", "true"])
    const { controller } = await own.json<Status>("status", "--json")
    expect(controller).not.toBeNull()
    const since = Date.now()
    await until(async () => !isThere(controller?.pid ?? 0))
    expect(Date.now() - since).toBeGreaterThan(7_000)
    expect(Date.now() - since).toBeLessThan(25_000)
    expect((await own.hawser(["list"])).code).toBe(0)
    expect(await own.controllerPid()).toBeNull()
  })

  test("--no-background leaves none behind", async () => {
    await using own = await study("executors:\n  local: {cores: 2}\n")
    expect((await own.hawser(["--no-background", "run", "--", "echo", "here"])).stdout).toBe("here\n")
    expect(await own.controllerPid()).toBeNull()
    expect(await readFile(join(own.folder, ".hawser/log/controller.log"), "utf8").catch(() => "")).toBe("")
  })
})

test("the library's example of the README runs as it stands", patience, async () => {
  const root = fileURLToPath(new URL("../..", import.meta.url))
  execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.tools.json"], {
    cwd: root,
  })
  const state = join(work.folder, "of-the-example")
  const stdout = execFileSync(process.execPath, [join(root, "dist-tools/examples/library.js")], {
    cwd: work.folder,
    env: { ...process.env, HAWSER_STATE: state },
    encoding: "utf8",
  })
  expect(stdout).toMatch(/^completed /)
  expect(await readFile(stdout.trim().slice("completed ".length), "utf8")).toBe("energy -3.74\n")
})
