/** Real Grid Engine: the ways in which a job ends or waits, each told for what it is. */
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import type { JobView } from "../../src/job/index.ts"
import { study } from "../support/cli.ts"
import { Trace, batchOf, eventsOf, onCluster, until, viewsOf } from "../support/cluster.ts"
import { accountedStarts, gridEngine, gridEngineConfig, gridEngineVariables } from "../support/gridengine.ts"
import type { Rig } from "../support/rig.ts"

const skipped = typeof gridEngine === "string"
const target = gridEngine as Rig

const sh = (text: string): object => ({ command: ["sh", "-c", text] })

describe.concurrent("on Grid Engine", () => {
  test.skipIf(skipped)("each end has its state, cause and code", { timeout: 240_000 }, async () => {
    await using trace = new Trace()
    await using work = await study(gridEngineConfig(target))
    await work.write("in.txt", "salt\n")
    const counted = (code: number): object => ({ script: `${trace.line()}exit ${code}\n` })
    const nowhere = { native: ["-l hostname=!*"] }
    const specs: Record<string, object> = {
      zero: { ...sh("tr a-z A-Z <in.txt >out.txt"), inputs: ["in.txt"], outputs: ["out.txt"] },
      seven: sh("exit 7"),
      "two hundred": sh("exit 200"),
      "order to start again": counted(99),
      "order to keep it": counted(100),
      killed: sh("kill -KILL $$"),
      "no command": { command: ["./is-not-there"] },
      "out of time": { command: ["sleep", "300"], resources: { walltime: "3s" } },
      "three slots": { ...sh('echo "$NSLOTS $PE"'), resources: { cpusPerTask: 3 } },
      "cancelled waiting": { command: ["true"], ...nowhere },
      "cancelled running": { command: ["sleep", "300"] },
      released: { command: ["true"], native: ["-h"] },
      "no directory": { command: ["true"], native: ["-h"] },
    }
    const text = Object.entries(specs).map(([key, spec]) => `${JSON.stringify({ ...spec, key })}\n`)
    expect((await work.hawser(["batch", "-"], { stdin: text.join("") })).code).toBe(0)

    let jobs: ReadonlyMap<string, JobView> = new Map()
    const read = async (): Promise<void> => {
      jobs = new Map((await viewsOf(work)).map((job) => [job.key, job]))
    }
    const untilAre = (states: Readonly<Record<string, string>>, msMax?: number): Promise<void> =>
      until(
        JSON.stringify(states),
        async () => {
          await read()
          return Object.entries(states).every(([key, state]) => jobs.get(key)?.state === state)
        },
        msMax,
      )
    await untilAre({
      released: "held",
      "no directory": "held",
      "cancelled waiting": "queued",
      "cancelled running": "running",
    })
    // Its directory is not there when it is to start.
    const directory = jobs.get("no directory")?.remoteDirectory
    await onCluster(target, `mv '${directory}' '${directory}.away'`)
    const wish = async (verb: string, ...keys: string[]): Promise<void> =>
      expect((await work.hawser([verb, ...keys])).code).toBe(0)
    await wish("hold", "cancelled waiting")
    await wish("suspend", "cancelled running")
    await untilAre({ "cancelled waiting": "held", "cancelled running": "suspended" })
    await wish("resume", "cancelled running")
    await wish("release", "released", "no directory")
    await untilAre({ "cancelled running": "running" })
    await work.hawser(["cancel", "cancelled waiting", "cancelled running"])
    await until("an error state, with its reason", async () => {
      await read()
      return jobs.get("no directory")?.reason?.includes("can't chdir to") === true
    })
    expect(jobs.get("no directory")?.state).toBe("held")
    await onCluster(target, `mv '${directory}.away' '${directory}'`)
    await wish("release", "no directory")
    const waited = await work.hawser(["wait", "--all", "--timeout", "150s"])
    expect(waited.stderr).not.toContain("stack")
    await read()

    expect([...jobs.values()].map((job) => [job.key, job.state, job.cause, job.exitCode, job.signal])).toEqual([
      ["zero", "completed", null, 0, null],
      ["seven", "failed", "exit", 7, null],
      ["two hundred", "failed", "exit", 200, null],
      ["order to start again", "failed", "exit", 99, null],
      ["order to keep it", "failed", "exit", 100, null],
      ["killed", "failed", "signal", null, "KILL"],
      ["no command", "failed", "exit", 127, null],
      ["out of time", "failed", "timeout", null, "KILL"],
      ["three slots", "completed", null, 0, null],
      ["cancelled waiting", "cancelled", null, null, null],
      ["cancelled running", "cancelled", null, null, "KILL"],
      ["released", "completed", null, 0, null],
      ["no directory", "completed", null, 0, null],
    ])
    expect(await readFile(join(jobs.get("zero")?.directory ?? "", "out.txt"), "utf8")).toBe("SALT\n")
    expect(await readFile(jobs.get("three slots")?.stdout ?? "", "utf8")).toBe("3 smp\n")
    const runs = (await trace.runs()).map((line) => line.replace(/ hz\w+.*/, ""))
    expect(runs.sort()).toEqual(["order to keep it", "order to start again"])
    // Its record says that a job has ended before Grid Engine has taken it off its list.
    await until("nothing is left of them", async () => {
      const left = await onCluster(target, "qstat -xml")
      return ![...jobs.values()].some((job) => left.includes(job.attempts[0]?.token ?? "?"))
    })
  })

  test.skipIf(skipped || process.getuid?.() !== 0)(
    "a submission whose answer was lost is found by its name, and runs once",
    { timeout: 180_000 },
    async () => {
      await using trace = new Trace()
      const bin = await mkdtemp(join(tmpdir(), "hawser-qsub-"))
      try {
        // It submits, and what it says then is that it does not know.
        const lost =
          "error: failed receiving gdi request response for mid=1 (got syncron message receive timeout error)."
        await writeFile(join(bin, "qsub"), `#!/bin/sh\n/usr/bin/qsub "$@" >/dev/null\necho '${lost}' >&2\nexit 1\n`)
        await chmod(join(bin, "qsub"), 0o755)
        await chmod(bin, 0o755)
        const home = (await onCluster(target, "pwd")).trim()
        const env = { HOME: home, USER: target.user, PATH: `${bin}:/usr/bin:/bin`, ...gridEngineVariables(target) }
        const words = Object.entries(env).map(([name, value]) => `${name}=${value}`)
        const command = ["runuser", "-u", target.user, "--", "env", "-i", ...words, "sh"]
        await using work = await study(
          `executors:\n  ge:\n    scheduler: sge\n    transport: {command: ${JSON.stringify(command)}}\n`,
        )
        const batch = await work.hawser(["batch", "-"], {
          stdin: batchOf(3, "lost", { script: trace.payload(0), resources: {} }),
        })
        expect(batch.code).toBe(0)
        expect((await work.hawser(["wait", "--all", "--timeout", "120s"])).code).toBe(0)
        const doubts = (await eventsOf(work)).filter((event) => event.type === "in-doubt")
        expect(doubts.length).toBeGreaterThanOrEqual(3)
        const jobs = await viewsOf(work)
        expect(jobs.map((job) => [job.state, job.attempts.length])).toEqual(jobs.map(() => ["completed", 1]))
        const tokens = jobs.map((job) => job.attempts[0]?.token ?? "")
        expect((await trace.runs()).map((line) => line.split(" ")[1]).sort()).toEqual([...tokens].sort())
        expect(await accountedStarts(target, tokens)).toEqual([1, 1, 1])
      } finally {
        await rm(bin, { recursive: true })
      }
    },
  )
})
