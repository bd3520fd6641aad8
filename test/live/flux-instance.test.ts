/** Flux instances of our own, with a real Flux: started by Hawser, killed, started again; on this host and in Slurm. */
import { execFileSync, spawnSync } from "node:child_process"
import { readFileSync, readdirSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { JobView } from "../../src/job/index.ts"
import { type Study, pause, study } from "../support/cli.ts"
import { rig } from "../support/rig.ts"

const path = (process.env["PATH"] ?? "").split(delimiter)
const bin = path.find((folder) => spawnSync(join(folder, "flux"), ["version"]).error === undefined)
const why = bin === undefined ? " (skipped: flux is not on the PATH)" : ""
const isSlow = process.env["HAWSER_SLOW_TESTS"] === "1"

let home: string
let work: Study

/** Everything below a home of its own, so that the files of a login don't reach in. */
async function begin(config: string): Promise<Study> {
  return study(config, { HOME: home })
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 900 && !(await holds()); tries += 1) await pause(100)
  expect(await holds()).toBe(true)
}

const show = (key: string): Promise<JobView> => work.json<JobView>("show", key, "--json")

async function pilots(executor: string): Promise<JobView[]> {
  return (await work.jobs()).filter(({ serves }) => serves === executor)
}

function trace(): string[] {
  try {
    return readFileSync(join(home, "trace"), "utf8").trim().split("\n")
  } catch {
    return []
  }
}

/** A payload that says when it starts and ends, and whether another one of its job still lives then. */
function tracing(key: string, seconds: number, more = ":"): readonly string[] {
  const text = [
    'cd "$0" || exit 9',
    // One that is dead and has not been waited for yet does not live.
    'if [ -r "pid.$1" ] && read -r pid <"pid.$1"; then',
    '  case $(sed "s/.*) //" "/proc/$pid/stat" 2>/dev/null) in',
    '    "" | Z* | X*) ;;',
    '    *) echo "overlap $1 $(tr "\\0" " " <"/proc/$pid/cmdline")" >>trace ;;',
    "  esac",
    "fi",
    'echo $$ >"pid.$1"',
    'echo "start $1" >>trace',
    more,
    'sleep "$2"',
    'echo "end $1" >>trace',
  ]
  return ["sh", "-c", text.join("\n"), home, key, String(seconds)]
}

async function batch(specs: readonly object[]): Promise<void> {
  const stdin = specs.map((spec) => JSON.stringify(spec)).join("\n")
  expect((await work.hawser(["batch", "-"], { stdin: `${stdin}\n` })).code).toBe(0)
}

/** Of this host's processes those with this word in their argv, and what they have started. */
function processes(word: string): { readonly pid: number; readonly argv: readonly string[] }[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const argv = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0")
      return argv.some((one) => one.includes(word)) ? [{ pid: Number(name), argv }] : []
    } catch {
      return []
    }
  })
}

/** The broker of the pilot, known by the script of its job directory. */
function brokerOf({ remoteDirectory }: JobView): number {
  const brokers = processes(`${remoteDirectory}/script`).filter(({ argv }) => argv[0]?.endsWith("flux-broker"))
  expect(brokers).toHaveLength(1)
  return brokers[0]?.pid ?? 0
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "hawser-home-"))
})

afterEach(async () => {
  const open = (await work.jobs()).filter(({ state }) => !["completed", "failed", "cancelled"].includes(state))
  if (open.length > 0) {
    await work.hawser(["cancel", ...open.map(({ id }) => id)])
    await work.hawser(["wait", ...open.map(({ id }) => id), "--timeout", "60s"])
  }
  await work[Symbol.asyncDispose]()
  await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

describe.skipIf(bin === undefined)(`a Flux instance of our own on this host${why}`, { timeout: 300_000 }, () => {
  const retry = { maxAttempts: 3, on: ["node-failure", "preempted"] }
  const config = (more = ""): string =>
    `executors:\n  own: {scheduler: flux, instance: {on: local, cores: 24${more}}, defaults: {retry: ${JSON.stringify(retry)}}}\n`

  test("its broker is killed while 20 jobs run: those that had ended stay so, each other one is tried again once, none overlap, and no orphan is left", async () => {
    work = await begin(config())
    const ended = ["d1", "d2", "d3"]
    await batch(ended.map((key) => ({ key, command: tracing(key, 0) })))
    await work.hawser(["wait", ...ended])
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
    // It leaves the session and the process group, as an MPI daemon may.
    const orphan = `600.${process.pid}`
    const leave = `[ "$HAWSER_ATTEMPT" != 1 ] || setsid sleep ${orphan} &`
    await batch(keys.map((key) => ({ key, command: tracing(key, 20, leave) })))
    await until(() => keys.every((key) => trace().includes(`start ${key}`)))
    const [pilot] = await pilots("own")
    const orphans = (): number => processes(orphan).filter(({ argv }) => argv[1] === orphan).length
    expect(orphans()).toBe(20)
    process.kill(brokerOf(pilot!), "SIGKILL")
    expect((await work.hawser(["wait", ...keys, ...ended])).code).toBe(0)
    const jobs = await Promise.all([...ended, ...keys].map(show))
    expect(jobs.map(({ key, state, attempt }) => [key, state, attempt])).toEqual([
      ...ended.map((key) => [key, "completed", 1]),
      ...keys.map((key) => [key, "completed", 2]),
    ])
    for (const { attempts } of jobs.slice(3)) expect(attempts[0]).toMatchObject({ cause: "node-failure" })
    const lines = trace()
    expect(lines.filter((line) => line.startsWith("overlap"))).toEqual([])
    for (const key of keys) {
      expect(lines.filter((line) => line === `start ${key}`)).toHaveLength(2)
      expect(lines.filter((line) => line === `end ${key}`)).toHaveLength(1)
    }
    expect(orphans()).toBe(0)
    // The pilot has started it again by itself.
    expect(await pilots("own")).toMatchObject([{ id: pilot?.id, state: "running" }])
  })

  test("its pilot is killed with all of Flux: another one takes its state directory, and what waited in it keeps its id", async () => {
    work = await begin(config(", idle: 1h").replace("cores: 24", "cores: 1"))
    await batch([
      { key: "runs", command: tracing("runs", 0, '[ "$HAWSER_ATTEMPT" != 1 ] || sleep 120') },
      { key: "waits", command: tracing("waits", 0) },
    ])
    await until(() => trace().includes("start runs"))
    await until(async () => (await show("waits")).nativeId !== null)
    const [pilot] = await pilots("own")
    const { nativeId } = await show("waits")
    for (const { pid } of processes(pilot?.remoteDirectory ?? "-")) process.kill(pid, "SIGKILL")
    expect((await work.hawser(["wait", "runs", "waits"])).code).toBe(0)
    expect(await show("runs")).toMatchObject({ state: "completed", attempt: 2 })
    expect(await show("waits")).toMatchObject({ state: "completed", attempt: 1, nativeId })
    expect(trace().filter((line) => line.startsWith("overlap"))).toEqual([])
    expect(await pilots("own")).toMatchObject([{ state: "failed" }, { key: "instance/own/2", state: "running" }])
  })

  test("a controller that is killed finds it again, and one that has nothing to do leaves it alone until it ends by itself", async () => {
    work = await begin(config(", idle: 15s"))
    await batch([{ key: "a", command: tracing("a", 6) }])
    await until(() => trace().includes("start a"))
    await work.killController()
    expect((await work.hawser(["wait", "a"])).code).toBe(0)
    expect(await show("a")).toMatchObject({ state: "completed", attempt: 1 })
    const [pilot] = await pilots("own")
    await work.hawser(["down"])
    await until(() => processes(pilot?.remoteDirectory ?? "-").length === 0)
    // The same instance: it knows what has ended in its life before.
    await batch([{ key: "b", command: ["true"] }])
    expect((await work.hawser(["wait", "b"])).code).toBe(0)
    expect(await pilots("own")).toMatchObject([{ id: pilot?.id, state: "completed" }, { key: "instance/own/2" }])
  })

  test("doctor starts it, and says where it is", async () => {
    work = await begin(config(", idle: 15s"))
    const { code, stdout } = await work.hawser(["doctor", "own"])
    expect(stdout).toMatch(/ok +instance +instance\/own\/1, running on own\.instance/)
    expect(stdout).toMatch(/ok +scheduler +Flux \d/)
    expect(code).toBe(0)
    expect((await work.hawser(["status"])).stdout).toContain("own: its Flux instance is instance/own/1 (running on ")
  })

  test("with scope job each job is the first process of an instance of its own", async () => {
    work = await begin("executors:\n  each: {scheduler: flux, instance: {scope: job, on: local}}\n")
    const line = "flux getattr size; flux run -n2 echo task"
    expect((await work.hawser(["run", "-e", "each", "--", "sh", "-c", line])).stdout).toBe("1\ntask\ntask\n")
    expect((await work.hawser(["run", "-e", "each", "--", "sh", "-c", "exit 7"])).code).toBe(7)
  })

  test.skipIf(!isSlow)(
    "before its walltime is over it starts nothing more, and what is left goes on in the next one",
    async () => {
      work = await begin(config(", walltime: 2m").replace("cores: 24", "cores: 1"))
      const keys = ["a", "b", "c", "d", "e"]
      await batch(keys.map((key) => ({ key, command: tracing(key, 25) })))
      expect((await work.hawser(["wait", ...keys])).code).toBe(0)
      expect(trace().filter((line) => line.startsWith("overlap"))).toEqual([])
      for (const key of keys) expect(trace().filter((line) => line === `end ${key}`)).toHaveLength(1)
      expect((await pilots("own")).length).toBeGreaterThan(1)
    },
  )
})

const noRig = typeof rig === "string" ? ` (skipped: ${rig})` : ""

describe.skipIf(bin === undefined || typeof rig === "string")(
  `a Flux instance of our own in Slurm${why || noRig}`,
  { timeout: 300_000 },
  () => {
    /** A login with flux on its PATH. */
    function login(): string[] {
      if (typeof rig === "string" || bin === undefined) return []
      const { host, port, user, identityFile, knownHostsFile } = rig
      const options = ["-F", "none", "-o", "BatchMode=yes", "-o", `UserKnownHostsFile=${knownHostsFile}`]
      return [
        "ssh",
        ...options,
        "-i",
        identityFile,
        "-p",
        String(port),
        `${user}@${host}`,
        `PATH=${dirname(join(bin, "flux"))}:$PATH exec sh`,
      ]
    }

    const config = (instance: string): string => `executors:
  hpc: {scheduler: slurm, transport: {command: ${JSON.stringify(login())}}}
  pilot:
    scheduler: flux
    instance: {${instance}}
    defaults: {retry: {maxAttempts: 3, on: [node-failure, preempted]}}
`

    /** As the job user, independent of what is under test. */
    function onCluster(line: string): string {
      const [ssh = "ssh", ...words] = login()
      return execFileSync(ssh, words, { encoding: "utf8", input: `${line}\n` })
    }

    test("one allocation serves many jobs; the controller is killed, the allocation cancelled: another one is asked for, and what ran is tried again", async () => {
      work = await begin(config("on: hpc, cores: 4, walltime: 10m, idle: 1m"))
      const small = Array.from({ length: 12 }, (_, index) => `s${index}`)
      await batch(small.map((key) => ({ key, executor: "pilot", command: ["true"] })))
      expect((await work.hawser(["wait", ...small])).code).toBe(0)
      expect(await pilots("pilot")).toHaveLength(1)
      await batch(["a", "b"].map((key) => ({ key, executor: "pilot", command: ["sleep", "20"] })))
      await until(async () => (await show("a")).state === "running" && (await show("b")).state === "running")
      await work.killController()
      const [first] = await pilots("pilot")
      onCluster(`scancel ${first?.nativeId}`)
      expect((await work.hawser(["wait", "a", "b", ...small])).code).toBe(0)
      for (const key of ["a", "b"]) {
        const job = await show(key)
        expect(job).toMatchObject({ state: "completed", attempt: 2 })
        expect(["preempted", "node-failure"]).toContain(job.attempts[0]?.cause)
      }
      const all = await pilots("pilot")
      expect(all).toMatchObject([{ state: "cancelled" }, { state: "running", executor: "hpc" }])
      expect(all[1]?.nativeId).not.toBe(all[0]?.nativeId)
      for (const key of small) expect(await show(key)).toMatchObject({ state: "completed", attempt: 1 })
    })

    test("on two nodes it is one instance", async () => {
      work = await begin(config("scope: workflow, on: slurm, nodes: 2, walltime: 10m"))
      expect((await work.hawser(["run", "-e", "pilot", "--", "flux", "getattr", "size"])).stdout).toBe("2\n")
      await until(async () => (await pilots("pilot"))[0]?.state === "cancelled")
    })
  },
)
