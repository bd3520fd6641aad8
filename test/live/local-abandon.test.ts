/** `hawser abandon` as people type it, with jobs of this machine. */
import { expect, test } from "vitest"
import type { Status } from "../../src/hawser.ts"
import type { JobView } from "../../src/job/index.ts"
import { noTerminal, study } from "../support/cli.ts"
import { until } from "../support/cluster.ts"

test.skipIf(noTerminal !== undefined)("at a terminal it asks, and only yes is yes", { timeout: 60_000 }, async () => {
  await using work = await study("")
  expect((await work.hawser(["submit", "--key", "a", "--", "sleep", "300"])).code).toBe(0)
  for (const [answer, code, state] of [
    ["\r", 1, "running"],
    ["no\r", 1, "running"],
    ["y\r", 0, "failed"],
  ] as const) {
    const terminal = work.terminal(["abandon", "a"])
    await terminal.until(/Abandon 1 job of local for good\? \[y\/N\] /)
    terminal.type(answer)
    expect(await terminal.code).toBe(code)
    await until(state, async () => (await work.json<JobView>("show", "a", "--json")).state === state, 10_000)
  }
})

test("elsewhere it wants --yes, and the controller stays until nothing is left", { timeout: 60_000 }, async () => {
  await using work = await study("")
  expect((await work.hawser(["submit", "--key", "a", "--", "sleep", "300"])).code).toBe(0)
  const refused = await work.hawser(["abandon", "local"])
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain('"hawser abandon --yes local" does it')
  const { code, stdout } = await work.hawser(["abandon", "local", "--yes", "--json"])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ abandoned: [{ key: "a", state: "failed", cause: "abandoned" }], over: [] })
  await until("closed", async () => (await work.json<Status>("status", "--json")).tombstones.length === 0)
  const first = await work.json<JobView>("show", "a", "--json")
  expect(first.attempts[0]?.tombstone?.settled).toMatch(/^\d/)
  expect((await work.hawser(["run", "--key", "a", "--", "echo", "again"])).stdout).toBe("again\n")
  const second = await work.json<JobView>("show", "a", "--json")
  expect(second).toMatchObject({ state: "completed", generation: 1, earlier: first.id })
  expect((await work.hawser(["show", first.id])).stdout).toContain(`${second.id} has this key now`)
})
