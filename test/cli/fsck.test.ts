import { readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, expect, test, vi } from "vitest"
import { Exit } from "../../src/cli/exit.ts"
import { program } from "../../src/cli/program.ts"
import { systemClock } from "../../src/clock.ts"
import { openStore } from "../../src/persist/index.ts"
import { freshDirectory } from "../persist/directory.ts"
import { life } from "../persist/life.ts"

afterEach(() => {
  vi.restoreAllMocks()
})

/** Its exit code and what it printed. */
async function fsck(directory: string, ...options: string[]): Promise<{ code: number; stdout: string }> {
  let stdout = ""
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    stdout += String(text)
    return true
  })
  try {
    await program().parseAsync(["node", "hawser", "fsck", "--state", directory, ...options])
    return { code: 0, stdout }
  } catch (error) {
    if (error instanceof Exit) return { code: error.exitCode, stdout }
    throw error
  } finally {
    spy.mockRestore()
  }
}

async function used(): Promise<string> {
  const directory = join(await freshDirectory(), "state")
  const store = await openStore(directory, { clock: systemClock })
  await store.append(life("a"))
  await store.snapshot()
  await store.append(life("b"))
  await store.close()
  return directory
}

test("all is well: what is there, and exit code 0", async () => {
  const { code, stdout } = await fsck(await used())
  expect(code).toBe(0)
  expect(stdout).toMatch(/format 1, 2 jobs, 14 events/)
  expect(stdout).toMatch(/journal\.1\.2\.ndjson +8 records +events 9 to 14 +all/)
  expect(stdout).toMatch(/snapshot\.json +whole +events up to 8/)
  expect(stdout).toMatch(/Nothing needs to be done\.\n$/)
})

test("something can be repaired: it says so and exits with 1; --repair does it and exits with 0", async () => {
  const directory = await used()
  await writeFile(join(directory, "snapshot.json"), "{}", { mode: 0o600 })
  const before = await fsck(directory)
  expect(before.code).toBe(1)
  expect(before.stdout).toMatch(/REPAIR +snapshot\.json: It is damaged/)
  expect(before.stdout).toMatch(/1 can be put right with "hawser fsck --repair"\.\n$/)
  const repaired = await fsck(directory, "--repair")
  expect(repaired.code).toBe(0)
  expect(repaired.stdout).toMatch(/copied to fsck\.\d{8}T\d{6}Z first/)
  expect(repaired.stdout).toMatch(/repair: wrote a fresh snapshot/)
  const again = await fsck(directory, "--repair")
  expect(again.stdout).toMatch(/Nothing had to be repaired/)
})

test("something is lost: file and line, what was in it, and exit code 1, also after --repair", async () => {
  const directory = await used()
  const path = join(directory, "journal.1.2.ndjson")
  await writeFile(path, (await readFile(path, "utf8")).replace('"type":"finished"', '"type":"finishes"'))
  for (const options of [[], ["--repair"]]) {
    const { code, stdout } = await fsck(directory, ...options)
    expect(code).toBe(1)
    expect(stdout).toMatch(/LOST +journal\.1\.2\.ndjson:8: .*Event 14 \(finishes of job b\) is lost/)
    expect(stdout).toMatch(/1 can't be repaired/)
  }
})

test("--json is one object, with all that was found and done", async () => {
  const directory = await used()
  await rm(join(directory, "lease.released"))
  const looked = JSON.parse((await fsck(directory, "--json")).stdout)
  expect(looked).toMatchObject({ directory, format: 1, jobs: 2, lease: { state: "live", epoch: 1 }, repaired: null })
})

test("where a controller runs it looks, and refuses to repair", async () => {
  const directory = await used()
  const running = await openStore(directory, { clock: systemClock })
  const { code, stdout } = await fsck(directory)
  expect([code, stdout]).toEqual([0, expect.stringContaining("A controller runs: process")])
  await expect(fsck(directory, "--repair")).rejects.toMatchObject({ code: "LEASE_HELD" })
  await running.close()
})
