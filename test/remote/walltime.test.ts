import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { Home, type Running, lives, membersOf, startWrapper, until } from "../support/remote.ts"
import { shells } from "../support/shells.ts"

const token = "hzwalltime00001"

describe.concurrent.each(shells)("the walltime, under $name", (shell) => {
  const run = (home: Home, payload: string, walltime: number): Running => {
    writeFileSync(join(home.job(token, payload), "walltime"), `${walltime}\n`)
    return startWrapper(shell, home, token)
  }

  const secondsSince = (start: number): number => (Date.now() - start) / 1000

  test("a payload whose time is over gets TERM with all that it has started, and the record says so", async () => {
    using home = new Home()
    const start = Date.now()
    const wrapper = run(home, "sh -c 'sleep 600 & echo $! >pid; wait'; echo after", 2)
    const pid = Number(await until(() => home.read(token, "work/pid")?.trim()))
    expect((await wrapper.end).code).toBe(143)
    expect(secondsSince(start)).toBeGreaterThan(1.9)
    expect(secondsSince(start)).toBeLessThan(60)
    await until(() => !lives(pid) && membersOf(wrapper.pid).length === 0)
    expect(home.records(shell, token).exits).toMatchObject([
      { exitCode: 143, limit: "walltime", wrapperSignal: null, launchFailure: null },
    ])
  })

  test("one that ends in time is no longer than it was, and its watcher ends with it", async () => {
    using home = new Home()
    const wrapper = run(home, "sleep 0.2; exit 3", 60)
    expect((await wrapper.end).code).toBe(3)
    expect(membersOf(wrapper.pid)).toEqual([])
    expect(home.records(shell, token).exits).toMatchObject([{ exitCode: 3, limit: null }])
  })

  test.each(["USR1", "USR2", "XCPU"])("%s comes in time before the end, and ends nothing", async (name) => {
    using home = new Home()
    const job = home.job(
      token,
      `exec sh -c 'trap "echo told; date +%s >told" ${name}; date +%s >begun; while [ ! -e told ]; do sleep 0.1; done; exit 75'`,
    )
    writeFileSync(join(job, "walltime"), "60\n")
    writeFileSync(join(job, "warning"), `${name} 57\n`)
    const wrapper = startWrapper(shell, home, token)
    expect((await wrapper.end).code).toBe(75)
    const waited = Number(home.read(token, "work/told")) - Number(home.read(token, "work/begun"))
    expect(waited).toBeGreaterThanOrEqual(2)
    expect(waited).toBeLessThan(57)
    expect(home.read(token, "stdout")).toBe("told\n")
    expect(home.records(shell, token).exits).toMatchObject([{ exitCode: 75, limit: null, wrapperSignal: null }])
    expect(membersOf(wrapper.pid)).toEqual([])
  })

  test("after a warning that was heard and not heeded, the walltime still ends it", async () => {
    using home = new Home()
    const job = home.job(token, `exec sh -c 'trap "echo told" USR1; while :; do sleep 0.1; done'`)
    writeFileSync(join(job, "walltime"), "3\n")
    writeFileSync(join(job, "warning"), "USR1 2\n")
    expect((await startWrapper(shell, home, token).end).code).toBe(143)
    expect(home.read(token, "stdout")).toBe("told\n")
    expect(home.records(shell, token).exits).toMatchObject([{ limit: "walltime" }])
  })

  test("one that does not listen to TERM gets KILL", { timeout: 30_000 }, async () => {
    using home = new Home()
    const wrapper = run(home, "exec sh -c 'trap \"\" TERM; while :; do sleep 0.1; done'", 1)
    expect((await wrapper.end).code).toBe(137)
    expect(home.records(shell, token).exits).toMatchObject([{ signal: "KILL", limit: "walltime" }])
    expect(membersOf(wrapper.pid)).toEqual([])
  })

  test("what it does after TERM counts, and stays a timeout", async () => {
    using home = new Home()
    const wrapper = run(home, "exec sh -c 'trap \"echo saved; exit 0\" TERM; while :; do sleep 0.1; done'", 1)
    expect((await wrapper.end).code).toBe(0)
    expect(home.read(token, "stdout")).toBe("saved\n")
    expect(home.records(shell, token).exits).toMatchObject([{ exitCode: 0, limit: "walltime" }])
  })

  // The watcher is a job of the wrapper's shell, too: `jobs` tells of both.
  test.each([
    ["exit 0", 0, null],
    ["exit 129", 129, null],
    ["exec sh -c 'exit 137'", 137, null],
    ["exec ./nothing", 127, null],
    ["kill -9 $$", 137, "KILL"],
    ["exec sh -c 'kill -TERM $$'", 143, "TERM"],
    ["exec sh -c 'sleep 0.3; kill -SEGV $$'", 139, "SEGV"],
  ])("%s is recorded as it ended, also with a watcher", async (payload, exitCode, signal) => {
    using home = new Home()
    const wrapper = run(home, payload, 60)
    expect((await wrapper.end).code).toBe(exitCode)
    expect(home.records(shell, token).exits).toMatchObject([{ exitCode, signal, limit: null, wrapperSignal: null }])
    expect(membersOf(wrapper.pid)).toEqual([])
  })

  test("one that ends before its watcher has begun does not wait for it, also where many start at once", async () => {
    const homes = Array.from({ length: 30 }, () => new Home())
    const codes = await Promise.all(homes.map(async (home) => (await run(home, "exit 3", 60).end).code))
    for (const home of homes) home[Symbol.dispose]()
    expect(new Set(codes)).toEqual(new Set([3]))
  })

  test("a cancel before that is the cancel that it was", async () => {
    using home = new Home()
    const wrapper = run(home, "echo >ready; exec sleep 60", 60)
    await until(() => home.read(token, "work/ready"))
    process.kill(wrapper.pid, "SIGTERM")
    expect((await wrapper.end).code).toBe(143)
    expect(home.records(shell, token).exits).toMatchObject([{ limit: null, wrapperSignal: "TERM" }])
    expect(membersOf(wrapper.pid)).toEqual([])
  })

  test("without its wrapper, the payload still ends in time", async () => {
    using home = new Home()
    const wrapper = run(home, "echo >ready; exec sleep 60", 8)
    await until(() => home.read(token, "work/ready"))
    process.kill(wrapper.pid, "SIGKILL")
    await until(() => membersOf(wrapper.pid).length === 0)
    expect(home.records(shell, token).exits).toEqual([])
  })

  test("a job without a walltime has no watcher", async () => {
    using home = new Home()
    home.job(token, "echo >ready; while [ ! -e stop ]; do sleep 0.1; done")
    const wrapper = startWrapper(shell, home, token)
    await until(() => home.read(token, "work/ready"))
    // The wrapper, the payload and perhaps its sleep.
    expect(membersOf(wrapper.pid).length).toBeLessThanOrEqual(3)
    writeFileSync(join(home.path, "jobs", token, "work/stop"), "")
    expect((await wrapper.end).code).toBe(0)
  })
})
