import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { wrapperExit } from "../../src/remote/answer.ts"
import { Home, startWrapper } from "../support/remote.ts"
import { shells } from "../support/shells.ts"

const token = "hzwrapper000001"
const runs = 'echo run >>"$hz/runs"'

describe.concurrent.each(shells)("the guard, under $name", (shell) => {
  const run = (home: Home, id = "4711", ...words: string[]) =>
    startWrapper(shell, home, token, id, words.length === 0 ? ["0"] : words).end

  test("of two wrappers for one attempt, exactly one runs the payload", { timeout: 60_000 }, async () => {
    for (let round = 0; round < (shell.name === "dash" ? 50 : 15); round++) {
      using home = new Home()
      home.job(token, `${runs}; exit 7`)
      const ends = await Promise.all([run(home, "4711"), run(home, "4712")])
      expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([7, wrapperExit.guarded]))
      expect(home.read(token, "runs")).toBe("run\n")
      const { guards, started, exits } = home.records(shell, token)
      const winner = ends[0]?.code === 7 ? "4711" : "4712"
      expect([started[0]?.nativeId, exits[0]?.nativeId]).toEqual([winner, winner])
      expect(guards[0]?.owner).toMatch(new RegExp(`^native:${winner}:0:.{8}`))
    }
  })

  test.each([
    ["ƒ2D5AiBou", "2667543789568"],
    ["f2D5AiBou", "2667543789568"],
    ["ƒ2DLPyQWp7H", "9007241952755712"],
    ["4711.head", "4711.head"],
    ["-", "-"],
  ])("an id that Flux tells in base 58 is a decimal: %s", async (told, id) => {
    using home = new Home()
    home.job(token, "exit 7")
    expect((await run(home, told)).code).toBe(7)
    const { guards, started } = home.records(shell, token)
    expect(guards[0]?.owner).toMatch(new RegExp(`^native:${id}:0:`))
    expect(started[0]?.nativeId).toBe(id)
  })

  test("a revoked guard ends the wrapper, and nothing is touched", async () => {
    using home = new Home()
    const directory = home.job(token, runs)
    symlinkSync("revoked:3:abc", join(directory, "guard.0"))
    writeFileSync(join(directory, "stdout"), "the truth")
    const before = readdirSync(directory)
    const { code, stderr } = await run(home)
    expect(code).toBe(wrapperExit.guarded)
    expect(stderr).toContain("revoked:3:abc")
    expect(readdirSync(directory)).toEqual(before)
    expect(home.read(token, "stdout")).toBe("the truth")
  })

  test("an own nonce in the guard is ours: the answer had been lost", async () => {
    using home = new Home()
    const directory = home.job(token, `${runs}; exit 7`)
    // ln makes the link, and says that it could not.
    mkdirSync(join(home.path, "path"))
    writeFileSync(join(home.path, "path/ln"), '#!/bin/sh\n/bin/ln "$@"\n/bin/ln "$@"\n', { mode: 0o755 })
    const env = { PATH: `${home.path}/path:${process.env["PATH"]}` }
    const { code } = await startWrapper(shell, home, token, "4711", ["0"], env).end
    expect([code, home.read(token, "runs")]).toEqual([7, "run\n"])
    // The twin: the same ln, and somebody else's link.
    for (const name of ["guard.0", "runs", "exit.0", "started.0"]) rmSync(join(directory, name))
    symlinkSync("native:4711:0:other", join(directory, "guard.0"))
    const twin = await startWrapper(shell, home, token, "4711", ["0"], env).end
    expect([twin.code, home.read(token, "runs")]).toEqual([wrapperExit.guarded, null])
  })

  test("a guard that can't be taken is a failed launch, with a record where one can be left", async () => {
    using home = new Home()
    home.job(token, runs)
    mkdirSync(join(home.path, "path"))
    writeFileSync(join(home.path, "path/ln"), '#!/bin/sh\necho "ln: Read-only file system" >&2\nexit 1\n', {
      mode: 0o755,
    })
    const env = { PATH: `${home.path}/path:${process.env["PATH"]}` }
    const { code } = await startWrapper(shell, home, token, "4711", ["0"], env).end
    expect([code, home.read(token, "runs")]).toEqual([wrapperExit.launch, null])
    const { exits, started, guards } = home.records(shell, token)
    expect(exits).toMatchObject([{ exitCode: 112, launchFailure: "guard.0: ln: Read-only file system" }])
    expect([started, guards]).toEqual([[], []])
  })

  test("without its directory, or with another token in it, no payload is run and nothing is made", async () => {
    using home = new Home()
    expect((await run(home)).code).toBe(wrapperExit.missing)
    expect(readdirSync(join(home.path, "jobs"))).toEqual([])
    const directory = home.job(token, runs)
    writeFileSync(join(directory, "token"), "hzwrapper000002\n")
    expect((await run(home)).code).toBe(wrapperExit.missing)
    expect(home.read(token, "runs")).toBe(null)
    writeFileSync(join(directory, "token"), `${token}\n`)
    expect((await run(home)).code).toBe(0)
    expect(home.read(token, "runs")).toBe("run\n")
  })

  test("from its deadline on it starts nothing, and says so", async () => {
    using home = new Home()
    writeFileSync(join(home.job(token, runs), "start-before"), "1700000000\n")
    expect([(await run(home)).code, home.read(token, "runs")]).toEqual([wrapperExit.launch, null])
    expect(home.records(shell, token).exits[0]?.launchFailure).toContain("to start before 1700000000")
    using other = new Home()
    writeFileSync(join(other.job(token, runs), "start-before"), "9999999999\n")
    expect((await run(other)).code).toBe(0)
  })

  describe("after a requeue", () => {
    const exit = (start: number, code: number, lines = "") =>
      `\nexit ${token} ${start}\nnative 4711\ncode ${code}\n${lines}started 1\nended 2\nend\n`

    test.each([
      ["a start that was told to end", exit(0, 143, "signal TERM\nwrapper TERM\n"), 0],
      ["a start whose payload died by it before the wrapper was told", exit(0, 143, "signal TERM\n"), 0],
      ["a start whose shell exited by itself, its child having been told first", exit(0, 143), 0],
      ["a start whose shell exited by itself, its child having been killed first", exit(0, 137), 0],
      ["a start that died by itself", exit(0, 139, "signal SEGV\n"), wrapperExit.guarded],
      ["a start of which there is no record", null, 0],
      ["a start whose record was cut", exit(0, 0).slice(0, -4), 0],
      ["a start that ended for good", exit(0, 0), wrapperExit.guarded],
      ["a start that failed for good", exit(0, 1), wrapperExit.guarded],
    ])("%s is followed by the next: %#", async (_, record, expected) => {
      using home = new Home()
      const directory = home.job(token, runs)
      symlinkSync("native:4711:0:abc", join(directory, "guard.0"))
      writeFileSync(join(directory, "stdout"), "of start 0")
      if (record !== null) writeFileSync(join(directory, "exit.0"), record)
      const { code } = await run(home, "4711", "1")
      expect(code).toBe(expected)
      expect(home.read(token, "runs")).toBe(expected === 0 ? "run\n" : null)
      if (expected === 0) {
        expect(home.records(shell, token).exits.at(-1)).toMatchObject({ start: 1, exitCode: 0, wrapperSignal: null })
        expect([home.read(token, "stdout.0"), home.read(token, "stdout")]).toEqual(["of start 0", ""])
      }
    })

    test("what started before its deadline goes on after it; what had not is too late", async () => {
      using home = new Home()
      const directory = home.job(token, runs)
      writeFileSync(join(directory, "start-before"), "1700000000\n")
      symlinkSync("native:4711:0:abc", join(directory, "guard.0"))
      // It held the guard, and was ended before it began.
      expect((await run(home, "4711", "1")).code).toBe(wrapperExit.launch)
      rmSync(join(directory, "guard.1"))
      rmSync(join(directory, "exit.1"))
      writeFileSync(join(directory, "started.0"), "")
      expect([(await run(home, "4711", "1")).code, home.read(token, "runs")]).toEqual([0, "run\n"])
    })

    test("another native's start is nothing to follow", async () => {
      using home = new Home()
      const directory = home.job(token, runs)
      symlinkSync("native:4710:0:abc", join(directory, "guard.0"))
      expect((await run(home, "4711", "1")).code).toBe(wrapperExit.guarded)
      expect(home.read(token, "runs")).toBe(null)
    })

    test("a start that never reached us leaves its guard to the next, so that a fence at 0 still holds for all", async () => {
      using home = new Home()
      const directory = home.job(token, runs)
      expect((await run(home, "4711", "2")).code).toBe(0)
      expect(home.records(shell, token).guards.map(({ start }) => start)).toEqual([0, 1, 2])
      // The lost node wakes up, and wants to begin start 0.
      expect((await run(home, "4711", "0")).code).toBe(wrapperExit.guarded)
      expect(readFileSync(join(directory, "runs"), "utf8")).toBe("run\n")
      using fenced = new Home()
      symlinkSync("revoked:1:abc", join(fenced.job(token, runs), "guard.0"))
      expect((await run(fenced, "4711", "2")).code).toBe(wrapperExit.guarded)
      expect(fenced.read(token, "runs")).toBe(null)
    })
  })
})
