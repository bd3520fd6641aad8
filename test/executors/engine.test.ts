/** The engine from submission to collection, on a manager that does what it is asked. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { Stand, ended, submit } from "../support/stand.ts"

test("a job is submitted, runs, and its output comes back", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const job = await submit(fleet, { command: stand.leaving("a"), outputs: ["*.none"] }, { key: "a" })
  const done = await ended(fleet, job)
  expect(done).toMatchObject({ state: "completed", exitCode: 0, cause: null })
  expect(readFileSync(done.stdout, "utf8")).toBe("a\n")
  expect(done.directory).toBe(join(stand.path("state"), "jobs", job.id))
  expect(stand.ran).toEqual(["a"])
  expect(stand.manager.natives()).toHaveLength(1)
  expect(fleet.isIdle).toBe(true)
})
