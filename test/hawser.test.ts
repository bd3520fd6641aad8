/** The parts put together as a configuration says. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { loadConfig } from "../src/config/index.ts"
import { openReader } from "../src/hawser.ts"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-reader-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test.each([
  ["no hawser.yaml", null, ["local"]],
  ["Slurm", "executors:\n  hpc: {scheduler: slurm, host: nowhere.example}\n", ["hpc", "local"]],
  [
    "a Flux instance of our own",
    "executors:\n  own: {scheduler: flux, instance: {on: local}}\n",
    ["local", "own", "own.instance"],
  ],
])("a state directory in which nothing is yet can be looked into: %s", async (_, config, names) => {
  if (config !== null) writeFileSync(join(folder, "hawser.yaml"), config)
  await using reader = await openReader(loadConfig({ cwd: folder, env: {} }))
  expect(await reader.list({})).toEqual([])
  expect((await reader.status()).executors.map(({ name }) => name).sort()).toEqual(names)
})
