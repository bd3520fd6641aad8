/** Checkpoint files: from the working directory of an earlier attempt into that of the next, over there. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { describe, expect, test } from "vitest"
import type { StageJob } from "../../src/remote/pack.ts"
import { jobFiles } from "../../src/remote/script.ts"
import { type StageReply, stageJobs } from "../../src/remote/staging.ts"
import { partsOf, specOf } from "../support/jobs.ts"
import { shellSession, shells, tarsFor } from "../support/staging-shells.ts"
import { pictureOf } from "../support/zoo.ts"

const [first, second, third] = ["hzcheckpoint001", "hzcheckpoint002", "hzcheckpoint003"]
const cases = shells.flatMap((shell) =>
  tarsFor(shell).map((tar) => ({ name: `${shell.name}, ${tar.name}`, shell, tar })),
)

class Side {
  readonly folder = mkdtempSync(join(tmpdir(), "hawser-checkpoint-"))
  readonly home = join(this.folder, "the home")

  constructor() {
    for (const name of ["bin", "events", "jobs"]) mkdirSync(join(this.home, name), { recursive: true })
  }

  work(token: string, ...names: string[]): string {
    return join(this.home, "jobs", token, "work", ...names)
  }

  /** Files as a payload of this attempt has left them. */
  left(token: string, files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(this.work(token, name)), { recursive: true })
      writeFileSync(this.work(token, name), text)
    }
    mkdirSync(join(this.home, "jobs", token), { recursive: true })
    writeFileSync(join(this.home, "jobs", token, "token"), `${token}\nhash\n`)
  }

  job(
    token: string,
    earlier: readonly string[],
    checkpoint: readonly string[],
    inputs: Readonly<Record<string, string>> = {},
  ): StageJob {
    const spec = specOf({
      retry: { maxAttempts: 9, on: [], checkpoint },
      inputs: Object.entries(inputs).map(([to, text]) => {
        const from = join(this.folder, `input-${to}`)
        writeFileSync(from, text)
        return { from, to }
      }),
    })
    return { token, files: jobFiles(partsOf(this.home, token, spec, { earlier })), inputs: spec.inputs }
  }

  async stage({ shell, tar }: (typeof cases)[number], ...jobs: StageJob[]): Promise<StageReply[]> {
    const session = shellSession({ shell, tar })
    return stageJobs(session, { home: this.home, owner: 1 }, jobs, { nonce: "abc" })
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

describe.each(cases)("under $name", (one) => {
  test("what matches is carried, whatever its name, and nothing else", async () => {
    using side = new Side()
    const name = "restart/a b\\n'c.dat"
    side.left(first, { [name]: "state", "restart/deep/x": "y", "big.out": "no", "step.txt": "3" })
    symlinkSync("step.txt", side.work(first, "restart/link"))
    chmodSync(side.work(first, "step.txt"), 0o640)
    expect(await side.stage(one, side.job(second, [first], ["restart/", "step.*", "none*"]))).toMatchObject([
      { status: "staged" },
    ])
    expect(existsSync(side.work(second, "big.out"))).toBe(false)
    rmSync(side.work(first, "big.out"))
    expect(pictureOf(side.work(second))).toEqual(pictureOf(side.work(first)))
  })

  test("it wins over an input of the same name; others stay", async () => {
    using side = new Side()
    side.left(first, { state: "new" })
    await side.stage(one, side.job(second, [first], ["state"], { state: "old", other: "o" }))
    expect([
      readFileSync(side.work(second, "state"), "utf8"),
      readFileSync(side.work(second, "other"), "utf8"),
    ]).toEqual(["new", "o"])
  })

  test("no match, no working directory or no attempt at all is no error; the newest that is there counts", async () => {
    using side = new Side()
    side.left(first, { state: "1" })
    side.left(second, {})
    const replies = await side.stage(
      one,
      side.job("hzcheckpoint004", ["hzcheckpoint000"], ["state"]),
      side.job("hzcheckpoint005", [second, first], ["state"]),
      side.job("hzcheckpoint006", [], ["state"]),
    )
    expect(replies.map(({ status }) => status)).toEqual(["staged", "staged", "staged"])
    expect(readFileSync(side.work("hzcheckpoint005", "state"), "utf8")).toBe("1")
    mkdirSync(side.work(second))
    await side.stage(one, side.job(third, [second, first], ["state"]))
    expect(readdirSync(side.work(third))).toEqual([])
  })

  test("more files than one command line takes", async () => {
    using side = new Side()
    side.left(first, Object.fromEntries(Array.from({ length: 450 }, (_, index) => [`c/${index}`, String(index)])))
    await side.stage(one, side.job(second, [first], ["c/*"]))
    expect(readdirSync(side.work(second, "c"))).toHaveLength(450)
  })

  test("what can't be put into place is told of its own job alone, and nothing of that is staged", async () => {
    using side = new Side()
    side.left(first, { "taken/x": "1", taken2: "2" })
    rmSync(side.work(first, "taken"), { recursive: true })
    mkdirSync(join(side.folder, "in/deep"), { recursive: true })
    writeFileSync(join(side.folder, "in/deep/y"), "")
    writeFileSync(side.work(first, "taken"), "a file now")
    const bad = { ...side.job(second, [first], ["taken"]), inputs: [{ from: join(side.folder, "in"), to: "taken" }] }
    const replies = await side.stage(one, bad, side.job(third, [first], ["taken2"]))
    expect(replies.map(({ status }) => status)).toEqual(["failed", "staged"])
    expect(replies[0]?.reason).toContain("taken")
    expect(existsSync(side.work(second))).toBe(false)
  })
})
