import { chmod, cp, readFile, readdir, rm, stat, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { inspect, needsPerson, openStore, repair, systemHost } from "../../src/persist/index.ts"
import { freshDirectory, openAs } from "./directory.ts"
import { contentsOf, life } from "./life.ts"

const clock = systemClock

async function used(): Promise<string> {
  const directory = await freshDirectory()
  await chmod(directory, 0o700)
  const first = await openAs(1, directory)
  for (const job of ["a", "b"]) {
    await first.append(life(job))
    await first.snapshot()
  }
  await first.append(life("c"))
  await first.close()
  return directory
}

async function contentsIn(directory: string): Promise<ReturnType<typeof contentsOf>> {
  return contentsOf(await openStore(directory, { clock, readOnly: true }))
}

/** Every file of the directory, but for the folders in it. */
async function textsIn(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isFile())
  const texts = names.map(async ({ name }) => [name, await readFile(join(directory, name), "latin1")])
  return Object.fromEntries(await Promise.all(texts)) as Record<string, string>
}

const newest = "journal.1.3.ndjson"

describe("a repair", () => {
  const cases: { title: string; how: (directory: string) => Promise<void>; done: RegExp[] }[] = [
    {
      title: "sets a damaged snapshot aside and writes a fresh one",
      how: (directory) => writeFile(join(directory, "snapshot.json"), "{}", { mode: 0o600 }),
      done: [/^took epoch 2/, /^set snapshot.json aside/, /^wrote a fresh snapshot/],
    },
    {
      title: "writes a snapshot that is missing",
      how: (directory) => rm(join(directory, "snapshot.json")),
      done: [/^took epoch 2/, /^wrote a fresh snapshot/],
    },
    {
      title: "makes private what others may read",
      how: async (directory) => {
        await chmod(directory, 0o777)
        await chmod(join(directory, newest), 0o644)
      },
      done: [/^took epoch 2/, /^made \. private/, /^made journal.1.3.ndjson private/, /^wrote a fresh snapshot/],
    },
    {
      title: "removes what was left unfinished",
      how: (directory) => writeFile(join(directory, "claim.abc.tmp"), "half", { mode: 0o600 }),
      done: [/^took epoch 2/, /^removed claim.abc.tmp/, /^wrote a fresh snapshot/],
    },
    {
      title: "leaves a torn record behind",
      how: async (directory) => {
        const path = join(directory, newest)
        await writeFile(path, `${await readFile(path, "utf8")}0123456789abcdef {`)
      },
      done: [/^took epoch 2/, /^wrote a fresh snapshot/],
    },
    {
      title: "goes on from a snapshot whose journal is lost",
      how: async (directory) => {
        for (const name of await readdir(directory)) if (name.startsWith("journal")) await rm(join(directory, name))
      },
      done: [/^took epoch 2/, /^wrote a fresh snapshot/],
    },
  ]
  test.each(cases)("$title, changes no job, and copies everything first", async ({ how, done }) => {
    const directory = await used()
    await how(directory)
    const [before, texts] = [await contentsIn(directory), await textsIn(directory)]
    const { copies, actions, after } = await repair(directory, { clock })
    expect(actions).toEqual(done.map((pattern) => expect.stringMatching(pattern) as unknown))
    expect(await textsIn(join(directory, copies ?? ""))).toEqual(texts)
    expect((await stat(join(directory, copies ?? ""))).mode & 0o777).toBe(0o700)
    expect(after.remarks.filter(needsPerson)).toEqual([])
    expect(after.remarks.filter(({ severity }) => severity === "heals")).toEqual([])
    expect(await contentsIn(directory)).toEqual(before)
    expect(await repair(directory, { clock })).toMatchObject({ copies: null, actions: [] })
    const next = await openAs(5, directory)
    expect(contentsOf(next)).toEqual(before)
    expect(next.findings).toEqual([])
    await next.close()
  })

  test("of a directory in which all is well: nothing is touched", async () => {
    const directory = await used()
    const before = await textsIn(directory)
    expect(await repair(directory, { clock })).toMatchObject({ copies: null, actions: [] })
    expect(await textsIn(directory)).toEqual(before)
  })

  test("does not hide a loss behind a fresh snapshot: it is left and told, and the rest is put right", async () => {
    const directory = await used()
    const path = join(directory, newest)
    await writeFile(path, (await readFile(path, "utf8")).replace('"type":"intent"', '"type":"intend"'))
    await truncate(join(directory, "snapshot.prev.json"), 50)
    const before = await textsIn(directory)
    const { actions, after } = await repair(directory, { clock })
    expect(actions).toEqual([expect.stringContaining("took epoch 2"), "set snapshot.prev.json aside"])
    expect(after.remarks.filter(needsPerson).map(({ severity }) => severity)).toContain("beyond-repair")
    const now = await textsIn(directory)
    for (const name of Object.keys(before).filter((one) => one.startsWith("journal"))) {
      expect([name, now[name]]).toEqual([name, before[name]])
    }
    expect(now["snapshot.json"]).toBe(before["snapshot.json"])
  })

  test("is refused while a controller runs, by force too; and nothing is touched", async () => {
    const directory = await used()
    const running = await openStore(directory, { clock })
    await writeFile(join(directory, "claim.abc.tmp"), "half")
    const before = await textsIn(directory)
    for (const takeOver of [false, true]) {
      await expect(repair(directory, { clock, takeOver })).rejects.toMatchObject({ code: "LEASE_HELD" })
    }
    expect(await textsIn(directory)).toEqual(before)
    await running.close()
    expect((await repair(directory, { clock })).actions).toContain("removed claim.abc.tmp")
  })

  test("is refused while another host holds the directory, unless a person says that it has ended", async () => {
    const directory = await used()
    const far = { ...(await systemHost.self()), host: "far", machineId: "m2", bootId: "b2" }
    await openStore(directory, { clock, host: { ...systemHost, self: async () => far } })
    await rm(join(directory, "snapshot.json"))
    await expect(repair(directory, { clock })).rejects.toMatchObject({ code: "LEASE_HELD_ELSEWHERE" })
    expect((await repair(directory, { clock, takeOver: true })).after.lease).toMatchObject({ state: "free", epoch: 3 })
    expect((await inspect(directory)).remarks.filter(needsPerson)).toEqual([])
  })
})

describe("whatever has happened to the files", () => {
  test("bytes flipped and files cut off anywhere: looking never fails, and a repair changes nothing that counts", async () => {
    const pristine = await used()
    const files = (await readdir(pristine)).filter((name) => /^(?:journal|snapshot)/.test(name))
    const harm = fc.record({
      name: fc.constantFrom(...files),
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      how: fc.constantFrom("flip", "cut", "remove"),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(harm, { minLength: 1, maxLength: 3 }), async (list) => {
        const directory = await freshDirectory()
        await cp(pristine, directory, { recursive: true })
        await chmod(directory, 0o700)
        for (const { name, at, how } of list) await harmed(join(directory, name), at, how)
        const before = await contentsIn(directory)
        const { remarks } = await inspect(directory)
        const { actions, after } = await repair(directory, { clock })
        expect(await contentsIn(directory)).toEqual(before)
        // What is lost is still told after the repair; what could be repaired is gone.
        const losses = (seen: typeof remarks) => seen.some(({ severity }) => severity === "beyond-repair")
        expect(losses(after.remarks)).toBe(losses(remarks))
        expect(after.remarks.filter(({ severity }) => severity === "repairable")).toEqual([])
        const isWhole = remarks.every(({ severity }) => severity === "fine" || severity === "heals")
        if (isWhole && actions.length === 0) expect(await openAndCount(directory)).toBe(before.jobs.length)
      }),
      { numRuns: 60, seed: 3 },
    )
  }, 60_000)

  async function harmed(path: string, at: number, how: string): Promise<void> {
    const bytes = await readFile(path).catch(() => null)
    if (bytes === null) return
    const place = Math.floor(at * bytes.length)
    if (how === "remove") return rm(path)
    if (how === "cut") return truncate(path, place)
    bytes[place] = (bytes[place] ?? 0) ^ 0x15
    await writeFile(path, bytes)
  }

  async function openAndCount(directory: string): Promise<number> {
    const store = await openAs(9, directory)
    await store.close()
    return store.jobs.size
  }
})
