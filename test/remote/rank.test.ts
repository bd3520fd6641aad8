/** One process of several, under the shells of other hosts. */
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { shellText } from "../../src/remote/shellText.ts"
import { shells } from "../support/staging-shells.ts"

let directory: string
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "hawser-rank-"))))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const ended = (): string | null =>
  existsSync(join(directory, "rank-ended")) ? readFileSync(join(directory, "rank-ended"), "utf8") : null

describe.each(shells)("under $name", ({ argv: [shell, ...flags] }) => {
  function rank(script: string, output: "own" | "one", env: Readonly<Record<string, string>>, input = "") {
    const words = ["hz_rank", directory, output, "/bin/sh", "-c", script]
    return spawnSync(shell!, [...flags, "-c", `${shellText(["rank.sh"])}"$@"`, "sh", ...words], {
      cwd: directory,
      encoding: "utf8",
      input,
      // bash with a socket as stdin reads the user's .bashrc.
      env: { PATH: process.env["PATH"], HOME: directory, ...env },
    })
  }

  test("a process that is fine leaves nothing, and reads what it is given", () => {
    const { status, stdout } = rank("cat", "one", { PMI_RANK: "0" }, "input\n")
    expect([status, stdout, ended()]).toEqual([0, "input\n", null])
  })

  test.each<[string, Readonly<Record<string, string>>]>([
    ["OMPI_COMM_WORLD_RANK", { OMPI_COMM_WORLD_RANK: "3", SLURM_PROCID: "0", PMIX_RANK: "9" }],
    ["PMI_RANK", { PMI_RANK: "3", SLURM_PROCID: "0" }],
    ["PMIX_RANK", { PMIX_RANK: "3" }],
    ["SLURM_PROCID", { SLURM_PROCID: "3" }],
    ["FLUX_TASK_RANK", { FLUX_TASK_RANK: "3" }],
  ])("its number is that of %s, and names its files", (_, env) => {
    const { status, stdout } = rank("echo out; echo err >&2", "own", env)
    expect([status, stdout]).toEqual([0, ""])
    expect(readFileSync(join(directory, "ranks/3.out"), "utf8")).toBe("out\n")
    expect(readFileSync(join(directory, "ranks/3.err"), "utf8")).toBe("err\n")
  })

  test("the first to fail says so, and those after it do not", () => {
    expect(rank("exit 7", "one", { PMI_RANK: "1" }).status).toBe(7)
    expect(rank("exit 8", "one", { PMI_RANK: "2" }).status).toBe(8)
    expect(ended()).toBe(`1 7 ${hostname()}\n`)
  })

  test("one that is killed by a signal dies by it, so that its launcher sees how", () => {
    expect(rank("kill -s SEGV $$", "one", { PMI_RANK: "1" }).signal).toBe("SIGSEGV")
    expect(ended()).toBe(`1 139 ${hostname()}\n`)
  })

  test("a signal to both of them is the command's affair", () => {
    // As launchers send it: to the group.
    const { status, stdout } = rank("trap 'echo told; exit 3' TERM; kill -s TERM $PPID $$; sleep 5", "one", {
      PMI_RANK: "0",
    })
    expect([status, stdout]).toEqual([3, "told\n"])
  })
})
