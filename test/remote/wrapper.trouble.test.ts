import { spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { wrapperExit } from "../../src/remote/answer.ts"
import { Home, startWrapper, until } from "../support/remote.ts"
import { shells } from "../support/shells.ts"

const token = "hztrouble000001"

/** A disk of 256 kB. */
class Disk {
  readonly path: string = mkdtempSync(join(tmpdir(), "hawser-disk-"))
  /** False: this user may not mount one. */
  readonly isThere: boolean = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", this.path]).status === 0

  /** A home on it, once at a time. */
  home(): Home {
    return new Home(join(this.path, "home"))
  }

  [Symbol.dispose](): void {
    // What still fills it may be there for a moment.
    if (this.isThere) spawnSync("umount", ["-l", this.path])
    rmSync(this.path, { recursive: true })
  }
}

describe.concurrent.each(shells)("trouble, under $name", (shell) => {
  const run = (home: Home) => startWrapper(shell, home, token)

  test("on a disk that the payload has filled, the exit record finds the room that was kept for it", async (context) => {
    using disk = new Disk()
    if (!disk.isThere) return context.skip("only root can mount a small disk")
    // And goes on to fill it: whatever is given back is gone soon.
    const filler = 'while [ -e ../token ]; do printf "%4096s" "" >>fill; done'
    for (const [payload, full] of [
      [`( ${filler} ) 2>/dev/null & while printf "%4096s" "" >>more; do :; done; exit 5`, true],
      ["echo >fill; exit 5", false],
    ] as const) {
      using home = disk.home()
      home.job(token, payload, ["*"])
      expect((await run(home).end).code).toBe(5)
      const { exits } = home.records(shell, token)
      expect(exits).toMatchObject([
        {
          exitCode: 5,
          outputs: expect.arrayContaining([expect.objectContaining({ path: full ? "more" : "fill" })]) as unknown,
        },
      ])
      expect(home.read(token, "reserve.0")).toBe(full ? null : "")
    }
  })

  /** A job whose disk is full. */
  const filled = (home: Home, payload: string): string => {
    const directory = home.job(token, payload)
    spawnSync("sh", ["-c", 'while printf "%4096s" "" >>fill; do :; done'], { cwd: directory })
    return directory
  }

  test("on a disk that is full and stays so the payload is not run", async (context) => {
    using disk = new Disk()
    if (!disk.isThere) return context.skip("only root can mount a small disk")
    using home = disk.home()
    filled(home, "echo run >/dev/stderr")
    const { code, stderr } = await run(home).end
    expect(code).toBe(wrapperExit.launch)
    expect(stderr).toContain("was not started")
    expect(home.records(shell, token)).toMatchObject({ started: [], guards: [{ start: 0 }] })
  })

  test("on a disk that has room again within some seconds it is run, once, behind the guard that it has had since", async (context) => {
    using disk = new Disk()
    if (!disk.isThere) return context.skip("only root can mount a small disk")
    using home = disk.home()
    const directory = filled(home, "echo ran; exit 5")
    const wrapper = run(home)
    await until(() => home.records(shell, token).guards.length === 1)
    expect(home.records(shell, token).started).toEqual([])
    rmSync(join(directory, "fill"))
    expect((await wrapper.end).code).toBe(5)
    expect(home.records(shell, token)).toMatchObject({ started: [{ start: 0 }], exits: [{ exitCode: 5 }] })
    expect(home.read(token, "stdout")).toBe("ran\n")
  })

  test("what waits for room does not start behind its deadline", async (context) => {
    using disk = new Disk()
    if (!disk.isThere) return context.skip("only root can mount a small disk")
    using home = disk.home()
    const directory = home.job(token, "echo ran")
    writeFileSync(join(directory, "start-before"), `${Math.floor(Date.now() / 1000) + 2}\n`)
    spawnSync("sh", ["-c", 'while printf "%4096s" "" >>fill; do :; done'], { cwd: directory })
    const { code, stderr } = await run(home).end
    expect([code, stderr]).toEqual([wrapperExit.launch, expect.stringContaining("it was to start before")])
    expect(home.read(token, "stdout")).toBe(null)
  })

  test("a record that can't be written is written when it can be", async (context) => {
    using disk = new Disk()
    if (!disk.isThere) return context.skip("only root can mount a small disk")
    using home = disk.home()
    // Also the room that was kept is gone. (It goes last: at the start of the payload, a bash wrapper still writes to it.)
    const fill = 'while printf "%4096s" "" >>fill; do :; done'
    const directory = home.job(token, `${fill}; sleep 0.3; rm ../reserve.0; ${fill}; echo >done; exit 5`)
    const wrapper = run(home)
    await until(() => home.read(token, "work/done") !== null)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(home.records(shell, token).exits).toEqual([])
    rmSync(join(directory, "work/fill"))
    expect((await wrapper.end).code).toBe(5)
    expect(home.records(shell, token).exits).toMatchObject([{ exitCode: 5 }])
  })

  test("when its directory is removed meanwhile, it ends without a record", async () => {
    using home = new Home()
    const directory = home.job(
      token,
      "echo >ready; while [ ! -e /nothing ] && [ -e ready ]; do sleep 0.05; done; exit 5",
    )
    const wrapper = run(home)
    await until(() => home.read(token, "work/ready"))
    // In one step: the wrapper may be about to write there.
    renameSync(directory, `${directory}.gone`)
    rmSync(`${directory}.gone`, { recursive: true })
    expect((await wrapper.end).code).toBe(5)
    expect(home.records(shell, token)).toMatchObject({ present: false, exits: [] })
  })

  test.each([["work"], ["payload.sh"], ["stdout"]])(
    "without a usable %s the launch has failed, by our record",
    async (name) => {
      using home = new Home()
      const directory = home.job(token, "exit 5")
      rmSync(join(directory, name), { recursive: true, force: true })
      if (name === "stdout") spawnSync("mkdir", [join(directory, name)])
      expect((await run(home).end).code).toBe(wrapperExit.launch)
      const { exits } = home.records(shell, token)
      expect(exits).toMatchObject([{ exitCode: wrapperExit.launch, signal: null }])
      expect(exits[0]?.launchFailure).toContain(name)
    },
  )

  test("told to end before the payload was started, it does not start it", async () => {
    using home = new Home()
    home.job(token, "exit 5")
    // The manager is quick: TERM comes while we look at the time.
    const path = join(home.path, "path")
    spawnSync("mkdir", [path])
    writeFileSync(join(path, "date"), "#!/bin/sh\nkill -s TERM $PPID\nsleep 0.1\necho 1700000000\n", { mode: 0o755 })
    const env = { PATH: `${path}:${process.env["PATH"]}` }
    expect((await startWrapper(shell, home, token, "4711", ["0"], env).end).code).toBe(wrapperExit.launch)
    const { exits } = home.records(shell, token)
    expect(exits).toMatchObject([{ wrapperSignal: "TERM", launchFailure: expect.stringContaining("TERM") as string }])
  })

  test("a folder work that nobody can write to holds nothing up", async () => {
    using home = new Home()
    const directory = home.job(token, 'cat in.dat; chmod 500 "$PWD"; exit 5', ["*"])
    writeFileSync(join(directory, "work/in.dat"), "data")
    chmodSync(join(directory, "work"), 0o500)
    expect((await run(home).end).code).toBe(5)
    expect(home.records(shell, token).exits).toMatchObject([{ exitCode: 5, outputs: [{ path: "in.dat", size: 4 }] }])
  })

  test("peak memory is that of a control group of the job's own, and of no other", async (context) => {
    const groups = readFileSync("/proc/self/cgroup", "utf8")
    const [, own = ""] = /^\d+:memory:(.*)$/m.exec(groups) ?? []
    const [, unified = ""] = /^0::(.*)$/m.exec(groups) ?? []
    const parent = own !== "" ? `/sys/fs/cgroup/memory${own}` : `/sys/fs/cgroup${unified}`
    const peaks: (number | null)[] = []
    const ours = `hawser_${randomBytes(4).toString("hex")}`
    for (const name of [`${ours}_job_4711`, `${ours}_job_47110`]) {
      const group = join(parent, name)
      try {
        mkdirSync(group)
      } catch {
        return context.skip("control groups can't be made here")
      }
      try {
        if (!["memory.peak", "memory.max_usage_in_bytes"].some((file) => existsSync(join(group, file)))) {
          return context.skip("control groups don't count memory here")
        }
        using home = new Home()
        home.job(token, "exit 0")
        const enter = {
          ...shell,
          argv: ["sh", "-c", `echo $$ >'${group}/cgroup.procs'; exec "$@"`, "sh", ...shell.argv],
        }
        expect((await startWrapper(enter, home, token).end).code).toBe(0)
        peaks.push(home.records(shell, token).exits[0]?.peakMemory ?? null)
      } finally {
        rmdirSync(group)
      }
    }
    expect(peaks).toEqual([expect.any(Number), null])
    expect(peaks[0]).toBeGreaterThan(4096)
  })
})
