import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { submitOnce } from "../../src/remote/submit.ts"
import { Home, lives, startVerb, until, verb, verbResult } from "../support/remote.ts"
import { shells } from "../support/shells.ts"

// Of this run alone: what carries them is looked for on all of this machine.
const run = String(process.pid % 1_000_000).padStart(6, "0")
const token = `hzproces1${run}`
const other = `hzproces2${run}`

describe.each(shells)("processes, under $name", (shell) => {
  const answer = (argv: readonly string[], env: Record<string, string> = {}) =>
    verbResult(shell, argv, env)
      .stdout.split("\n")
      .map((line) => line.split(" "))
  const stateOf = (home: Home, its = token) => answer(["hz_processes", home.path, its])[1]
  const kill = (home: Home, signal: string, owner = "1") => answer(["hz_kill", home.path, owner, token, signal])[0]?.[2]

  function jobOf(home: Home, payload: string, its = token): string {
    const directory = home.job(its, payload)
    const wrapper = `'${home.wrapper}' '${home.path}' ${its} "$HAWSER_NATIVE_ID" 0`
    writeFileSync(join(directory, "job.sh"), `#!/bin/sh\nexec /bin/sh ${wrapper}\n`)
    return directory
  }

  /** Starts it; its native id and pid. */
  async function spawn(home: Home, payload: string, its = token): Promise<{ nativeId: string; pid: number }> {
    jobOf(home, payload, its)
    const [line, end] = answer(["hz_spawn", home.path, its])
    expect([line?.slice(0, 2), end]).toEqual([["process", its], ["end"]])
    const [nativeId, machine, boot, , pid, birth] = line!.slice(2)
    home.owns({ pid: Number(pid) })
    expect(nativeId).toBe(`${boot!.slice(0, 8)}.${pid}.${birth}`)
    expect(machine).not.toBe("")
    await until(() => home.read(its, "stdout") !== null)
    return { nativeId: nativeId!, pid: Number(pid) }
  }

  test("a process goes on when the shell that started it is gone, and its record is a native's", async () => {
    using home = new Home()
    const { nativeId, pid } = await spawn(home, "echo >ready; while [ ! -e stop ]; do sleep 0.05; done; exit 4")
    await until(() => home.read(token, "work/ready"))
    expect(stateOf(home)).toEqual(["process", token, "alive", nativeId])
    const session = Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[3])
    expect(session).toBe(pid)
    writeFileSync(join(home.path, "jobs", token, "work/stop"), "")
    await until(() => !lives(pid))
    expect(stateOf(home)).toEqual(["process", token, "over", nativeId])
    const { guards, exits } = home.records(shell, token)
    expect(exits).toMatchObject([{ nativeId, exitCode: 4 }])
    expect(guards[0]?.owner).toMatch(`native:${nativeId}:0:`)
  })

  test("HUP for the process group of its shell does not reach it", async () => {
    using home = new Home()
    jobOf(home, "echo >ready; exec sleep 60")
    const running = startVerb(shell, ["sh", "-c", "sleep 60"])
    const started = startVerb(shell, ["hz_spawn", home.path, token])
    const pid = Number((await started.end).stdout.split(" ")[6])
    home.owns({ pid })
    for (const shellPid of [started.pid, running.pid]) {
      try {
        process.kill(-shellPid, "SIGHUP")
      } catch {
        // That one is gone, with its group.
      }
    }
    await running.end
    await until(() => home.read(token, "work/ready"))
    expect(lives(pid)).toBe(true)
  })

  /** A job with processes on other hosts, too: what ends them writes down its words. */
  function withHosts(home: Home): void {
    const sweep = join(home.path, "bin/sweep.0.sh")
    writeFileSync(sweep, `printf '%s\\n' "$*" >>'${home.path}/swept'\n`)
    writeFileSync(join(home.path, "jobs", token, "hosts"), `sweep ${sweep}\nhost n1 2\nhost n2 2\n`)
  }
  const sweeps = (home: Home) => readFileSync(join(home.path, "swept"), "utf8").split("\n").slice(0, -1)

  test("a job on several hosts is gone only when its hosts were asked, which is done once", async () => {
    using home = new Home()
    const { pid } = await spawn(home, "sleep 60")
    withHosts(home)
    expect(stateOf(home)?.[2]).toBe("alive")
    process.kill(-pid, "SIGKILL")
    await until(() => !lives(pid))
    await until(() => stateOf(home)?.[2] === "gone")
    expect(stateOf(home)?.[2]).toBe("gone")
    expect(sweeps(home)).toEqual([`all jobs/${token} ${token} -`])
  })

  test("KILL for a job on several hosts is KILL there, too; TERM is mpirun's affair", async () => {
    using home = new Home()
    const { pid } = await spawn(home, "trap '' TERM; while :; do sleep 0.05; done")
    withHosts(home)
    expect(kill(home, "TERM")).toBe("signalled")
    expect(existsSync(join(home.path, "swept"))).toBe(false)
    expect(kill(home, "KILL")).toBe("signalled")
    expect(sweeps(home)).toEqual([`all jobs/${token} ${token} -`])
    await until(() => !lives(pid))
  })

  test("the wrapper asks them after a payload that failed, and before it says so", async () => {
    using home = new Home()
    const { pid } = await spawn(home, "echo >ready; while [ ! -e stop ]; do sleep 0.05; done; exit 4")
    await until(() => home.read(token, "work/ready"))
    withHosts(home)
    writeFileSync(join(home.path, "jobs", token, "work/stop"), "")
    await until(() => home.read(token, "exit.0"))
    expect(sweeps(home)).toEqual([`all ${home.path}/jobs/${token} ${token} ${pid}`])
  })

  test("through hz_submit, it is started once", async () => {
    using home = new Home()
    jobOf(home, "echo run >>../runs; exec sleep 60")
    const command = submitOnce({ home: home.path, owner: 1 }, token, 1, {
      argv: ["hz_spawn", home.path, token],
      parse: ({ stdout }) => stdout.split(" ")[2],
    })
    const first = verb(shell, command)
    home.owns({ pid: Number(first.status === "answered" ? first.value?.split(".")[1] : undefined) })
    expect(first).toMatchObject({ status: "answered", repeated: false })
    expect(verb(shell, command)).toEqual({ ...first, repeated: true })
    await until(() => home.read(token, "runs"))
    expect(home.read(token, "runs")).toBe("run\n")
  })

  test("TERM reaches the payload once, and the wrapper says that it was told", async () => {
    using home = new Home()
    const { pid } = await spawn(
      home,
      "exec sh -c 'trap \"echo told\" TERM; echo >ready; while [ ! -e stop ]; do sleep 0.05; done'",
    )
    await until(() => home.read(token, "work/ready"))
    expect(kill(home, "TERM")).toBe("signalled")
    await until(() => home.read(token, "stdout"))
    await new Promise((resolve) => setTimeout(resolve, 100))
    writeFileSync(join(home.path, "jobs", token, "work/stop"), "")
    await until(() => !lives(pid))
    expect(home.read(token, "stdout")).toBe("told\n")
    expect(home.records(shell, token).exits).toMatchObject([{ exitCode: 0, wrapperSignal: "TERM" }])
  })

  test("KILL ends the whole tree: groups and sessions of their own, and orphans in them", async () => {
    using home = new Home()
    const child = "sh -c 'echo $$ >>../pids; exec sleep 60'"
    const { pid } = await spawn(home, `${child} & setsid ${child} & (setsid ${child} &) ; sleep 0.3; echo >ready; wait`)
    await until(() => home.read(token, "work/ready"))
    const pids = home.read(token, "pids")!.trim().split("\n").map(Number)
    expect([pids.length, pids.every(lives), lives(pid)]).toEqual([3, true, true])
    expect(kill(home, "KILL")).toBe("signalled")
    await until(() => ![...pids, pid].some(lives))
    expect(stateOf(home)?.[2]).toBe("gone")
    expect(kill(home, "KILL")).toBe("gone")
  })

  test("a leader that was killed alone leaves the others, who are found and ended", async () => {
    using home = new Home()
    const { pid, nativeId } = await spawn(home, "echo $$ >pid; exec sleep 60")
    const payload = Number(await until(() => home.read(token, "work/pid")?.trim()))
    process.kill(pid, "SIGKILL")
    await until(() => !lives(pid))
    expect(stateOf(home)).toEqual(["process", token, "left", nativeId])
    expect(kill(home, "TERM")).toBe("signalled")
    await until(() => !lives(payload))
    expect(stateOf(home)?.[2]).toBe("gone")
  })

  test("a payload in a session of its own is found when its wrapper was killed, and not mistaken for gone", async () => {
    using home = new Home()
    const { pid } = await spawn(home, "setsid sh -c 'echo $$ >pid; exec sleep 60' & wait")
    const payload = home.owns({ pid: Number(await until(() => home.read(token, "work/pid")?.trim())) }).pid
    process.kill(-pid, "SIGKILL")
    await until(() => !lives(pid))
    expect([stateOf(home)?.[2], lives(payload)]).toEqual(["left", true])
    expect(kill(home, "TERM")).toBe("signalled")
    await until(() => !lives(payload))
    expect(stateOf(home)?.[2]).toBe("gone")
  })

  test("what a job that has ended leaves behind does not keep it alive", async () => {
    using home = new Home()
    const { pid } = await spawn(
      home,
      "setsid sh -c 'echo $$ >pid; exec sleep 60' & while [ ! -s pid ]; do sleep 0.02; done",
    )
    home.owns({ pid: Number(await until(() => home.read(token, "work/pid")?.trim())) })
    await until(() => !lives(pid))
    expect(stateOf(home)?.[2]).toBe("over")
  })

  test("one that was told to end is not over before its process group is", async () => {
    using home = new Home()
    const { pid } = await spawn(home, "sh -c 'trap \"\" TERM; echo $$ >pid; while :; do sleep 0.05; done' & wait")
    const payload = Number(await until(() => home.read(token, "work/pid")?.trim()))
    expect(kill(home, "TERM")).toBe("signalled")
    await until(() => !lives(pid))
    expect(home.records(shell, token).exits).toMatchObject([{ wrapperSignal: "TERM" }])
    expect([stateOf(home)?.[2], lives(payload)]).toEqual(["left", true])
    expect(kill(home, "KILL")).toBe("signalled")
    await until(() => !lives(payload))
    expect(stateOf(home)?.[2]).toBe("gone")
  })

  test("who is superseded kills nothing", async () => {
    using home = new Home()
    const { pid } = await spawn(home, "exec sleep 60")
    symlinkSync("x", join(home.path, "owner.2"))
    expect(verbResult(shell, ["hz_kill", home.path, "1", token, "KILL"]).exitCode).toBe(93)
    expect(lives(pid)).toBe(true)
    expect(kill(home, "KILL", "2")).toBe("signalled")
    await until(() => !lives(pid))
  })

  test.each([
    ["boot", /boot .*/, "boot 00000000-0000", "gone"],
    ["machine", /machine .*/, "machine other", "elsewhere"],
    ["pid namespace", /pidns .*/, "pidns 1", "elsewhere"],
    ["end", /end\n/, "", "unknown"],
  ])("a process of another %s is not ours, and is left alone", async (_, pattern, replacement, state) => {
    using home = new Home()
    const { pid } = await spawn(home, "exec sleep 60")
    const path = join(home.path, "jobs", token, "process")
    const record = readFileSync(path, "utf8")
    writeFileSync(path, record.replace(pattern, replacement))
    expect(stateOf(home)?.[2]).toBe(state)
    expect(kill(home, "KILL")).toBe(state)
    expect(lives(pid)).toBe(true)
    writeFileSync(path, record)
    expect(stateOf(home)?.[2]).toBe("alive")
  })

  test("a stranger who has got the number of a job's process is left alone", async () => {
    using home = new Home()
    const { pid } = await spawn(home, "exec sleep 60")
    const stranger = home.owns(startVerb(shell, ["eval", "sleep 60; :"]))
    const record = home.read(token, "process")!
    process.kill(-pid, "SIGKILL")
    await until(() => !lives(pid))
    writeFileSync(join(home.path, "jobs", token, "process"), record.replace(/^pid .*/m, `pid ${stranger.pid}`))
    expect([stateOf(home)?.[2], kill(home, "KILL"), lives(stranger.pid)]).toEqual(["gone", "gone", true])
  })

  test("a name with blanks and parentheses does not hide the start time", async () => {
    using home = new Home()
    // What execs by this name is called so in /proc/PID/stat.
    const { pid, nativeId } = await spawn(home, "exec sleep 60")
    const child = startVerb(shell, ["eval", "printf ') R 1 (' >/proc/$$/comm; while :; do sleep 1; done"])
    const stat = (pid_: number) =>
      verbResult(shell, ["eval", `hz_process ${pid_} && echo "$hz_state $hz_group $hz_birth"`]).stdout
    home.owns(child)
    await until(() => readFileSync(`/proc/${child.pid}/stat`, "utf8").includes(") R 1 ("))
    // Asleep, once it has begun to wait.
    await until(() => new RegExp(`^S ${child.pid} \\d+\n$`).test(stat(child.pid)))
    expect(stat(pid)).toMatch(new RegExp(` ${pid} ${nativeId.split(".")[2]}\n$`))
  })

  test("one call tells of all, with the machine that answers", async () => {
    using home = new Home()
    const { nativeId } = await spawn(home, "exec sleep 60")
    jobOf(home, "exit 0", other)
    const [host, ...states] = answer(["hz_processes", home.path, token, other])
    expect([host?.[0], host?.length]).toEqual(["host", 4])
    expect(states).toEqual([["process", token, "alive", nativeId], ["process", other, "unknown", "-"], ["end"], [""]])
  })

  test("without its file, a process is found by the token on its command line", async () => {
    using home = new Home()
    const { nativeId } = await spawn(home, "echo >ready; sleep 60; exit 1")
    await until(() => home.read(token, "work/ready"))
    rmSync(join(home.path, "jobs", token, "process"))
    expect(stateOf(home)?.slice(2)).toEqual(["unknown", "-"])
    const [host, ...found] = answer(["hz_find_processes", other, token])
    expect(host?.[0]).toBe("host")
    expect(found).toEqual([["found", token, nativeId], ["end"], [""]])
    expect(answer(["hz_find_processes"]).slice(1)).toEqual([["end"], [""]])
  })

  test("the job has the locale and umask of the login, not of our shells", async () => {
    using home = new Home()
    await spawn(home, 'echo "${LC_ALL-none} $(umask) $HAWSER_TOKEN" >out; mv out done')
    expect(await until(() => home.read(token, "work/done"))).toBe(`none 0022 ${token}\n`)
  })

  test("what can't be started is said", () => {
    using home = new Home()
    const { exitCode, stderr } = verbResult(shell, ["hz_spawn", home.path, token])
    expect([exitCode, stderr.includes("no process was started")]).toEqual([96, true])
  })
})
