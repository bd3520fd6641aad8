/** Commands for a Flux instance of our own, and the script that is one, with a stand-in for flux. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { quoteAll } from "../../src/quote.ts"
import { pilotScript, pilotTroubles } from "../../src/remote/instance.ts"
import { prelude } from "../../src/remote/prelude.ts"
import { parseRecords } from "../../src/remote/records.ts"
import { shellText } from "../../src/remote/shellText.ts"
import { shells } from "../support/shells.ts"

const token = "in0123456789abc"

/** A folder with a `flux` of these lines in its bin. */
class Place implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "hawser-flux-"))
  readonly directory = join(this.folder, "flux")
  readonly home = join(this.folder, "home")

  constructor(...lines: readonly string[]) {
    for (const name of ["bin", "flux", "home/jobs", "home/events"])
      mkdirSync(join(this.folder, name), { recursive: true })
    if (lines.length > 0) this.write("bin/flux", ["#!/bin/sh", ...lines].join("\n"), 0o755)
  }

  get env(): NodeJS.ProcessEnv {
    return { PATH: `${join(this.folder, "bin")}:/usr/bin:/bin`, HOME: this.folder }
  }

  write(name: string, text: string, mode = 0o600): void {
    writeFileSync(join(this.folder, name), `${text}\n`, { mode })
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), "utf8")
  }

  says(facts: Readonly<Record<string, string>>, isWhole = true): void {
    const lines = Object.entries({ uri: "local:///run/x/local-0", host: hostname(), token, ...facts })
    this.write("flux/instance", [...lines.map((words) => words.join(" ")), ...(isWhole ? ["end"] : [])].join("\n"))
  }

  /** A job that had been submitted to the instance `of`, and has started. */
  job(name: string, exit: readonly string[] | null, of = token): void {
    mkdirSync(join(this.home, "jobs", name))
    this.write(`home/jobs/${name}/instance`, of)
    this.write(`home/jobs/${name}/started.0`, `\nstarted ${name} 0\nnative 47\nhost h\npid 1\nat 100\nend`)
    if (exit !== null) this.write(`home/jobs/${name}/exit.0`, ["", `exit ${name} 0`, "native 47", ...exit].join("\n"))
  }

  exits(name: string): unknown {
    const path = `home/jobs/${name}/exit.0`
    if (!existsSync(join(this.folder, path))) return null
    return parseRecords(this.read(path), [name])[0]?.exits[0] ?? "torn"
  }

  pilot(): { readonly status: number | null; readonly stderr: string } {
    const settings = { directory: "~/flux", home: this.home, token, pilot: 1, nodes: 1, cores: 2 }
    this.write("script", pilotScript({ ...settings, walltime: null, drain: 0, idle: 600 }), 0o755)
    const { status, stderr } = spawnSync(join(this.folder, "script"), { env: this.env, encoding: "utf8" })
    return { status, stderr }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const kvs = `case $1$2 in kvsget) echo ${token} ;; kvsput) echo synced >>"$HOME/said" ;; *) echo "$FLUX_URI" "$HAWSER_INSTANCE" "$@" ;; esac`

describe.each(shells)("a command for an instance of our own, under $name", ({ argv: [program, ...flags], isThere }) => {
  const run = (place: Place, argv: readonly string[]): { readonly code: number | null; readonly out: string } => {
    const input = `${shellText(["facts.sh"])}${prelude()}cd ${quoteAll([place.home])}\n(\n${quoteAll(argv)}\n)\n`
    const { status, stdout, stderr } = spawnSync(program, [...flags, "-s"], { input, encoding: "utf8", env: place.env })
    return { code: status, out: stdout + stderr }
  }
  const inside = ["hz_in_instance", "~/flux", token]

  test.skipIf(!isThere)("is run with its socket, and with its name for what it starts", () => {
    using place = new Place(kvs)
    place.says({})
    expect(run(place, [...inside, "flux", "jobs", "a b"])).toEqual({
      code: 0,
      out: `local:///run/x/local-0 ${token} jobs a b\n`,
    })
  })

  test.skipIf(!isThere)("goes by ssh to an instance on another host", () => {
    using place = new Place(kvs)
    place.says({ host: "n7" })
    expect(run(place, [...inside, "flux", "jobs"]).out).toBe(`ssh://n7/run/x/local-0 ${token} jobs\n`)
  })

  test.skipIf(!isThere).each<[string, (place: Place) => void, string]>([
    ["that is not there", () => undefined, "is not there yet, or no longer"],
    ["whose file is cut short", (place) => place.says({}, false), "is not there yet, or no longer"],
    ["with another token", (place) => place.says({ token: "inother" }), "is not ours: its token is inother"],
    [
      "that was told to end",
      (place) => {
        place.says({})
        place.write("flux/ending", "100")
      },
      "was told to end",
    ],
  ])("is not run for one %s", (_, prepare, why) => {
    using place = new Place(kvs)
    prepare(place)
    expect(run(place, [...inside, "flux", "jobs"])).toEqual({
      code: 1,
      out: `hawser: the Flux instance at ${place.directory} ${why}\n`,
    })
  })

  test.skipIf(!isThere)("is not run for one whose KVS has another token, or does not answer", () => {
    using other = new Place('[ "$1" != kvs ] || echo insomebodyelse')
    other.says({})
    expect(run(other, [...inside, "flux", "jobs"]).out).toContain("is not ours: its token is insomebodyelse")
    using dead = new Place('[ "$1" != kvs ] || { echo "flux-kvs: flux_open: Connection refused" >&2; exit 1; }')
    dead.says({})
    expect(run(dead, [...inside, "flux", "jobs"]).out).toContain(
      "does not answer: flux-kvs: flux_open: Connection refused",
    )
  })

  test.skipIf(!isThere)("that submits says in the job's directory where, and its answer is durable", () => {
    using place = new Place(kvs)
    place.says({})
    const { code, out } = run(place, [...inside, "hz_flux_durable", "flux", "submit"])
    expect({ code, out }).toEqual({ code: 0, out: `local:///run/x/local-0 ${token} submit\n` })
    expect(place.read("home/instance")).toBe(`${token}\n`)
    expect(place.read("said")).toBe("synced\n")
  })

  test.skipIf(!isThere)("that submits fails where that can't be made durable, or nothing was submitted", () => {
    using full = new Place(`case $1$2 in kvsget) echo ${token} ;; kvsput) exit 1 ;; *) echo f23 ;; esac`)
    full.says({})
    expect(run(full, [...inside, "hz_flux_durable", "flux", "submit"])).toEqual({ code: 1, out: "f23\n" })
    using refusing = new Place(
      `case $1$2 in kvsget) echo ${token} ;; kvsput) echo synced >>"$HOME/said" ;; *) exit 2 ;; esac`,
    )
    refusing.says({})
    expect(run(refusing, [...inside, "hz_flux_durable", "flux", "submit"]).code).toBe(2)
    expect(existsSync(join(refusing.folder, "said"))).toBe(false)
  })
})

const whole = (code: number, ...more: readonly string[]): string[] => [
  `code ${code}`,
  ...more,
  "started 100",
  "ended 205",
  "end",
]

/** Ends at once, and well. */
const brief = 'case $1 in start) echo start >>"$HOME/said" ;; R) echo R ;; esac'

describe("a pilot", () => {
  test("ends without a flux, and says so in its exit code", () => {
    using place = new Place()
    const { status, stderr } = place.pilot()
    expect(pilotTroubles[status ?? 0]).toContain("no flux on the PATH")
    expect(stderr).toContain("hawser: flux is not on the PATH")
  })

  test("starts Flux with its state directory, its cores and no scheduler", () => {
    using place = new Place(
      'case $1 in start) echo "$@" "$FLUX_SCHED_MODULE" "$HAWSER_INSTANCE" >>"$HOME/said" ;; R) echo "$@" ;; esac',
    )
    expect(place.pilot().status).toBe(0)
    const { folder, directory } = place
    expect(place.read("said")).toBe(
      `start -c ${directory}/flux.toml -S statedir=${directory}/state /bin/sh ${folder}/script first none ${token}\n`,
    )
    expect(place.read("flux/R")).toBe("R encode --ranks=0 --cores=0-1\n")
    expect(place.read("flux/flux.toml")).toContain(`path = "${directory}/R"`)
  })

  test("starts it again after a signal, five times at most, and not after an end of its own", () => {
    using killed = new Place('case $1 in start) echo start >>"$HOME/said"; kill -s KILL $$ ;; R) echo R ;; esac')
    expect(killed.pilot().status).toBe(137)
    expect(killed.read("said")).toBe("start\n".repeat(5))
    using broken = new Place('case $1 in start) echo start >>"$HOME/said"; exit 1 ;; R) echo R ;; esac')
    expect(broken.pilot().status).toBe(1)
    expect(broken.read("said")).toBe("start\n")
  })

  test("tells of jobs that had started in it and left no record, and of no others", () => {
    using place = new Place(brief)
    place.job("hz000000000000a", null)
    place.job("hz000000000000b", ["code 1"])
    place.job("hz000000000000c", whole(143, "signal TERM"))
    place.job("hz000000000000d", null, "inother")
    place.pilot()
    const dead = { exitCode: 137, signal: "KILL", limit: "instance", nativeId: "47", startedAt: 100_000 }
    expect(place.exits("hz000000000000a")).toMatchObject(dead)
    // Cut short: its wrapper was killed when it wrote it.
    expect(place.exits("hz000000000000b")).toMatchObject(dead)
    expect(place.exits("hz000000000000c")).toMatchObject({ signal: "TERM", limit: null })
    expect(place.exits("hz000000000000d")).toBeNull()
    expect(existsSync(join(place.home, "events", "hz000000000000a.0"))).toBe(true)
    expect(existsSync(join(place.home, "events", "hz000000000000c.0"))).toBe(false)
  })

  test("tells of those that were ended since it was told to end, and were not over by themselves", () => {
    using place = new Place(brief)
    place.job("hz000000000000a", null)
    place.job("hz000000000000b", whole(143, "signal TERM"))
    place.job("hz000000000000c", whole(0, "wrapper TERM"))
    place.job("hz000000000000d", whole(0))
    place.job("hz000000000000e", whole(7))
    place.job("hz000000000000f", ["code 143", "signal TERM", "started 100", "ended 150", "end"])
    place.write("flux/ending", "204")
    place.pilot()
    expect(place.exits("hz000000000000a")).toMatchObject({ limit: "allocation" })
    expect(place.exits("hz000000000000b")).toMatchObject({ limit: "allocation", exitCode: 143, endedAt: 205_000 })
    expect(place.exits("hz000000000000c")).toMatchObject({ limit: "allocation", exitCode: 0 })
    for (const one of ["d", "e", "f"]) expect(place.exits(`hz000000000000${one}`)).toMatchObject({ limit: null })
    expect(existsSync(join(place.directory, "ending"))).toBe(false)
  })

  test("ends what earlier lives have left before it starts Flux, and nothing else", async () => {
    using place = new Place(brief)
    const orphan = sleeper({ HAWSER_INSTANCE: token, HAWSER_LIFE: "1.1" })
    const stranger = sleeper({ HAWSER_INSTANCE: "inother" })
    const gone = once(orphan, "exit")
    await Promise.all([once(orphan, "spawn"), once(stranger, "spawn")])
    expect(place.pilot().status).toBe(0)
    expect(await gone).toEqual([null, "SIGKILL"])
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull()
    stranger.kill("SIGKILL")
  })
})

function sleeper(env: NodeJS.ProcessEnv): ChildProcess {
  return spawn("sleep", ["60"], { env: { PATH: "/usr/bin:/bin", ...env }, stdio: "ignore" })
}
