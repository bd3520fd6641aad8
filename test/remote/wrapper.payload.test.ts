import { readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { Home, lives, startWrapper, until } from "../support/remote.ts"
import { shells } from "../support/shells.ts"

const token = "hzpayload000002"

describe.concurrent.each(shells)("the payload, under $name", (shell) => {
  const run = (home: Home, env: Record<string, string> = {}) => startWrapper(shell, home, token, "4711", ["0"], env)
  const signal = (pid: number, name: NodeJS.Signals) => process.kill(pid, name)

  test.each([
    ["exit 0", 0, null],
    ["exit 1", 1, null],
    ["exec /", 126, null],
    ["exec ./nothing", 127, null],
    ["exit 129", 129, null],
    ["exec sh -c 'exit 137'", 137, null],
    ["exit 255", 255, null],
    ["kill -9 $$", 137, "KILL"],
    ["exec sh -c 'kill -9 $$'", 137, "KILL"],
    ["exec sh -c 'kill -TERM $$'", 143, "TERM"],
    ["exec sh -c 'kill -SEGV $$'", 139, "SEGV"],
  ])("%s is recorded as it ended", async (payload, exitCode, name) => {
    using home = new Home()
    home.job(token, payload)
    const before = Date.now()
    const { code } = await run(home).end
    const after = Date.now()
    expect(code).toBe(exitCode)
    const { exits, started } = home.records(shell, token)
    expect(exits).toMatchObject([
      { start: 0, nativeId: "4711", exitCode, signal: name, wrapperSignal: null, launchFailure: null, outputs: [] },
    ])
    // Whole seconds, of two clocks.
    expect(exits[0]?.endedAt).toBeGreaterThan(before - 1_000)
    expect(exits[0]?.endedAt).toBeLessThanOrEqual(after + 1_000)
    expect(exits[0]?.startedAt).toBe(started[0]?.at)
    expect(readdirSync(join(home.path, "events"))).toEqual([`${token}.0`])
  })

  test.each([99, 100])(
    "what is an order to Grid Engine is not passed on to it: %i is recorded as it is",
    async (exitCode) => {
      using home = new Home()
      home.job(token, `exit ${exitCode}`)
      expect((await run(home, { SGE_JOB_SPOOL_DIR: "/spool/1.1" }).end).code).toBe(1)
      expect(home.records(shell, token).exits).toMatchObject([{ exitCode, signal: null, wrapperSignal: null }])
      using elsewhere = new Home()
      elsewhere.job(token, `exit ${exitCode}`)
      expect((await run(elsewhere).end).code).toBe(exitCode)
    },
  )

  test("its streams are the files of the job; stdin is empty, and the folder is work", async () => {
    using home = new Home()
    home.job(token, 'cat; echo "in ${PWD##*/}"; echo oops >&2')
    const { stdout, stderr } = await run(home).end
    expect([home.read(token, "stdout"), home.read(token, "stderr")]).toEqual(["in work\n", "oops\n"])
    expect([stdout, stderr]).toEqual(["", ""])
  })

  test("TERM reaches the command and what it has started; the record says that the wrapper was told", async () => {
    using home = new Home()
    home.job(token, "sh -c 'sleep 60 & echo $! >pid; wait'; echo after")
    const wrapper = run(home)
    const pid = Number(await until(() => home.read(token, "work/pid")?.trim()))
    signal(wrapper.pid, "SIGTERM")
    expect((await wrapper.end).code).toBe(143)
    await until(() => !lives(pid))
    expect(home.records(shell, token).exits).toMatchObject([{ exitCode: 143, wrapperSignal: "TERM" }])
    expect(home.read(token, "stdout")).toBe("")
  })

  test("a command that takes its time after TERM is waited for, and its own exit code counts", async () => {
    using home = new Home()
    home.job(token, "exec sh -c 'trap \"echo saving; sleep 1; exit 5\" TERM; echo >ready; while :; do sleep 0.1; done'")
    const wrapper = run(home)
    await until(() => home.read(token, "work/ready"))
    signal(wrapper.pid, "SIGTERM")
    expect((await wrapper.end).code).toBe(5)
    expect(home.read(token, "stdout")).toContain("saving")
    expect(home.records(shell, token).exits).toMatchObject([{ exitCode: 5, signal: null, wrapperSignal: "TERM" }])
  })

  test.each([
    ["INT", "for a shell starts what runs in the background with INT ignored"],
    ["ALRM", "by which Flux tells that the walltime is over"],
  ])("%s comes as TERM, %s", async (name) => {
    using home = new Home()
    home.job(token, "echo >ready; exec sleep 60")
    const wrapper = run(home)
    await until(() => home.read(token, "work/ready"))
    signal(wrapper.pid, `SIG${name}` as NodeJS.Signals)
    expect((await wrapper.end).code).toBe(143)
    expect(home.records(shell, token).exits).toMatchObject([{ signal: "TERM", wrapperSignal: name }])
  })

  test.each([
    ["exec sh -c 'trap \"echo told\" USR1; echo >ready; while [ ! -e stop ]; do sleep 0.1; done; exit 4'"],
    ["sh -c 'trap \"echo told\" USR1; echo >ready; while [ ! -e stop ]; do sleep 0.1; done; exit 4'; exit $?"],
  ])("USR1 is for the command alone, and ends nothing: %#", async (payload) => {
    using home = new Home()
    const directory = home.job(token, payload)
    const wrapper = run(home)
    await until(() => home.read(token, "work/ready"))
    signal(wrapper.pid, "SIGUSR1")
    await until(() => home.read(token, "stdout") === "told\n")
    writeFileSync(join(directory, "work/stop"), "")
    expect((await wrapper.end).code).toBe(4)
    expect(home.records(shell, token).exits).toMatchObject([{ exitCode: 4, signal: null, wrapperSignal: null }])
  })

  test("a hundred signals don't end the wait", async () => {
    using home = new Home()
    const directory = home.job(
      token,
      "exec sh -c 'trap : USR2; echo >ready; while [ ! -e stop ]; do sleep 0.1; done; exit 9'",
    )
    const wrapper = run(home)
    await until(() => home.read(token, "work/ready"))
    for (let count = 0; count < 100; count++) {
      signal(wrapper.pid, "SIGUSR2")
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    writeFileSync(join(directory, "work/stop"), "")
    expect((await wrapper.end).code).toBe(9)
  })

  test("an environment that bends shells bends nothing", async () => {
    using home = new Home()
    home.job(token, "echo x >a.out; exit 6", ["*.out"])
    const env = {
      CDPATH: "/usr:/",
      IFS: "/0",
      SHELLOPTS: "noclobber:noglob:errexit:nounset",
      POSIXLY_CORRECT: "1",
      LS_BLOCK_SIZE: "K",
      QUOTING_STYLE: "c",
      ENV: "/nothing",
      LC_ALL: "C.UTF-8",
    }
    expect((await run(home, env).end).code).toBe(6)
    expect(home.records(shell, token).exits).toMatchObject([{ outputs: [{ path: "a.out", size: 2 }] }])
  })

  test("the payload's own environment and locale are left as they were", async () => {
    using home = new Home()
    home.job(token, 'echo "$LC_ALL:$CDPATH:$A"; set | grep -c "^hz_" || :')
    await run(home, { LC_ALL: "C.UTF-8", CDPATH: "/usr", A: "b c" }).end
    // One: `hz`, the job directory, is not exported and has no underscore.
    expect(home.read(token, "stdout")).toBe("C.UTF-8:/usr:b c\n0\n")
  })
})
