import { spawnSync } from "node:child_process"
import { describe, expect, test } from "vitest"
import { prelude, wrapperName, wrapperText } from "../../src/remote/prelude.ts"
import { shells } from "../support/shells.ts"

describe("the text for the other side", () => {
  test("the wrapper's file is named for what is in it", () => {
    expect(wrapperName()).toMatch(/^wrapper\.[0-9a-f]{12}\.sh$/)
    expect(wrapperText()).toContain("hz_expand()")
  })

  test.each([[";"], ["A B"], ["$(x)"], ["A'"], [""]])("%j is no pattern for names", (pattern) => {
    expect(() => prelude([pattern])).toThrow(/pattern/)
  })
})

describe.each(shells)("under $name", ({ argv: [program, ...flags] }) => {
  const run = (text: string, env: Record<string, string> = {}) =>
    spawnSync(program, [...flags, "-s"], { input: text, encoding: "utf8", env: { PATH: process.env["PATH"], ...env } })

  test("the prelude is read in silence, as the lines of a session", () => {
    const { status, stdout, stderr } = run(`${prelude(["SBATCH_*"])}hz_token hz0123456789abc && echo fine\n`)
    expect([status, stdout, stderr]).toEqual([0, "fine\n", ""])
  })

  test("foreign variables are unset, and no others", () => {
    const env = {
      SBATCH_PARTITION: "x",
      SLURM_CONF: "/etc/slurm.conf",
      SLURM_JOB_ID: "1",
      OTHER: "1\nSLURM_CONF=2\nSBATCH_Q=; echo pwned",
      "SBATCH_BAD-NAME": "1",
    }
    const shown = 'echo "${SBATCH_PARTITION-gone} ${SLURM_CONF-gone} ${SLURM_JOB_ID-gone} ${OTHER+kept}"\n'
    const { stdout, stderr } = run(prelude(["SBATCH_*", "SLURM_*", "!SLURM_CONF"]) + shown, env)
    expect([stdout, stderr]).toEqual(["gone /etc/slurm.conf gone kept\n", ""])
    expect(run(prelude() + shown, env).stdout).toBe("x /etc/slurm.conf 1 kept\n")
  })
})
