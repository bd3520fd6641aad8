import { spawnSync } from "node:child_process"
import { describe, expect, test } from "vitest"
import { quoteAll } from "../../src/quote.ts"
import { prelude } from "../../src/remote/prelude.ts"
import { shellText } from "../../src/remote/shellText.ts"
import { programs } from "../support/programs.ts"
import { shells } from "../support/shells.ts"

describe.each(shells)("Slurm's verbs, under $name", ({ argv: [program, ...flags] }) => {
  /** A requeue of 4711 under the name `hz-mine`, where squeue says this. */
  const requeue = (squeue: string, ...options: readonly string[]) => {
    const texts = { squeue: `echo "squeue $*" >&2\n${squeue}`, scontrol: 'echo "scontrol $*" >&2' }
    const argv = quoteAll(["hz_slurm_requeue", "hz-mine", "4711", "1", ...options])
    const input = `${shellText(["facts.sh"])}${prelude()}${programs(texts)}(\n${argv}\n)\nhz_code=$?\nrm -r "$hz_bin"\nexit "$hz_code"\n`
    const { status, stderr } = spawnSync(program, [...flags, "-s"], { input, encoding: "utf8" })
    const [asked, ...done] = stderr.trim().split("\n")
    expect(asked).toBe(
      ["squeue", ...options, "--noheader --jobs=4711 --Format=State:20,RestartCnt:12,Name:255"].join(" "),
    )
    return { status, done }
  }

  test.each(["RUNNING", "SUSPENDED"])("one that is %s under its name is requeued", (state) => {
    expect(requeue(`echo '${state}   1   hz-mine   '`)).toEqual({ status: 0, done: ["scontrol requeue 4711"] })
  })

  test("of a cluster that is named the answer has a head", () => {
    const { status, done } = requeue("printf '%s\\n' 'CLUSTER: east' 'RUNNING 1 hz-mine'", "--clusters=east")
    expect([status, done]).toEqual([0, ["scontrol --clusters=east requeue 4711"]])
  })

  test.each(["PENDING 1", "PENDING 2", "RUNNING 2"])(
    "one that was started again since, or will be, is left alone: %s",
    (said) => {
      expect(requeue(`echo '${said} hz-mine'`)).toEqual({ status: 0, done: [] })
    },
  )

  test.each(["echo 'RUNNING 1 hz-mine-too'", "echo 'RUNNING 1 not hz-mine'", "echo 'PENDING 1 relax'", ":"])(
    "a stranger's, or none, is left alone, and is not known: %s",
    (squeue) => {
      const { status, done } = requeue(squeue)
      expect([status, done]).toEqual([1, [expect.stringContaining("Invalid job id specified")]])
    },
  )

  test("what squeue says of its trouble is passed on", () => {
    const said = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
    expect(requeue(`echo '${said}' >&2; exit 1`)).toEqual({ status: 1, done: [said] })
  })
})
