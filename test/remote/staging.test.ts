import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { jobFiles } from "../../src/remote/script.ts"
import { collectJobs, stageJobs } from "../../src/remote/staging.ts"
import { partsOf, specOf } from "../support/jobs.ts"
import { shellSession, shells, tars } from "../support/staging-shells.ts"

let folder: string
let home: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-staging-"))
  home = join(folder, "home")
  mkdirSync(home)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const token = "hzabcdefghijklm"

describe.each(shells)("under $name", (shell) => {
  describe.each(tars)("with $name", (tar) => {
    test("a job goes there and its results come back", async () => {
      const session = shellSession({ shell, tar })
      writeFileSync(join(folder, "in.dat"), "data")
      const spec = specOf({ inputs: [{ from: join(folder, "in.dat"), to: "sub/in.dat" }], outputs: ["sub"] })
      const job = { token, files: jobFiles(partsOf(home, token, spec)), inputs: spec.inputs }
      expect(await stageJobs(session, { home, owner: 1 }, [job], { nonce: "n1" })).toEqual([
        { token, status: "staged", reason: null },
      ])
      expect(readFileSync(join(home, "jobs", token, "work/sub/in.dat"), "utf8")).toBe("data")
      expect(await stageJobs(session, { home, owner: 1 }, [job], { nonce: "n2" })).toEqual([
        { token, status: "exists", reason: null },
      ])
      writeFileSync(join(home, "jobs", token, "stdout"), "out\n")
      const request = { token, directory: join(folder, "back"), outputs: spec.outputs, expected: null }
      const [reply] = await collectJobs(session, { home, owner: 1 }, [request])
      expect(reply).toMatchObject({ present: true, files: ["stdout", "sub/in.dat"], unsteady: false, notes: [] })
      expect(readFileSync(join(folder, "back/sub/in.dat"), "utf8")).toBe("data")
    })
  })
})
