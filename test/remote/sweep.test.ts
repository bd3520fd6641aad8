/** What is left of a job on its hosts is ended; ssh is a script that runs its words here. */
import { spawn, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { launchPrograms } from "../../src/remote/programs.ts"
import { lives, until } from "../support/remote.ts"
import { shells } from "../support/staging-shells.ts"

// Of this run alone: whatever carries it on this machine is ended.
const run = process.pid.toString(36).padStart(7, "0").slice(-7)
const token = `hzswee${run}01`
const other = `hzswee${run}02`
let folder: string
let started: number[]
beforeEach(() => {
  started = []
  folder = mkdtempSync(join(tmpdir(), "hawser-sweep-"))
  mkdirSync(join(folder, "path"))
  writeFileSync(join(folder, "sweep.sh"), launchPrograms().sweep.text)
})
afterEach(() => {
  for (const pid of started.filter(lives)) process.kill(pid, "SIGKILL")
  rmSync(folder, { recursive: true, force: true })
})

/** A process with this token, in a session of its own. */
function carrier(itsToken: string, argv: readonly string[] = ["sleep", "600"]): number {
  const env = { PATH: process.env["PATH"], HAWSER_TOKEN: itsToken }
  const { pid } = spawn(argv[0]!, argv.slice(1), { detached: true, stdio: "ignore", env })
  started.push(pid!)
  return pid!
}

describe.each(shells)("under $name", ({ argv: [shell, ...flags] }) => {
  /** Its stderr. */
  function sweep(hosts: readonly string[], leader: number | "-"): string {
    writeFileSync(join(folder, "hosts"), ["sweep somewhere", ...hosts.map((host) => `host ${host} 1`), ""].join("\n"))
    const ssh = [
      "#!/bin/sh",
      `printf '%s\\n' "$*" >>'${folder}/asked'`,
      "while :; do case $1 in -o) shift 2 ;; -*) shift ;; *) break ;; esac; done",
      '[ "$1" != away ] || exit 255',
      'shift; eval "$*"',
    ]
    writeFileSync(join(folder, "path/ssh"), `${ssh.join("\n")}\n`, { mode: 0o755 })
    const words = [join(folder, "sweep.sh"), "all", folder, token, String(leader)]
    const env = { PATH: `${folder}/path:${process.env["PATH"]}` }
    return spawnSync(shell!, [...flags, ...words], { encoding: "utf8", env }).stderr
  }
  const asked = (): string[] => readFileSync(join(folder, "asked"), "utf8").split("\n").slice(0, -1)

  test("what carries the token is ended, and nothing else", async () => {
    const [mine, stranger] = [carrier(token), carrier(other)]
    await until(() => lives(mine) && lives(stranger))
    expect(sweep(["localhost"], "-")).toBe("")
    expect([lives(mine), lives(stranger)]).toEqual([false, true])
  })

  test("the wrapper that asks for it stays, with all that it has", async () => {
    const leader = carrier(token, ["sh", "-c", "sleep 600 & wait"])
    const orphan = carrier(token)
    await until(() => lives(leader) && lives(orphan))
    sweep(["localhost", "elsewhere"], leader)
    expect([lives(leader), lives(orphan)]).toEqual([true, false])
    process.kill(-leader, "SIGKILL")
  })

  test("other hosts are asked once each, this one is not asked over ssh, and one that is away is named", () => {
    expect(sweep(["localhost", "n1", "away", "n2"], "-")).toBe(
      `hawser: away can not be asked whether something of ${token} is left there\n`,
    )
    const hosts = asked().map((line) => / (away|n\d) exec \/bin\/sh -s here /.exec(line)?.[1])
    expect(hosts.sort()).toEqual(["away", "n1", "n2"])
    expect(asked().every((line) => line.includes("BatchMode=yes"))).toBe(true)
  })
})
