import { readFile, readdir, rm, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { openStore, readLease } from "../../src/persist/index.ts"
import { systemClock } from "../../src/clock.ts"
import { encodeLine } from "../../src/persist/line.ts"
import { freshDirectory, openAs } from "./directory.ts"
import { created, kindsOf, life } from "./life.ts"

const clock = systemClock

/** Two lives behind snapshots, a third one in the journal alone; two owners, all in order. */
async function twoOwners(): Promise<string> {
  const directory = await freshDirectory()
  const first = await openAs(1, directory)
  await first.append(life("a"))
  await first.snapshot()
  await first.close()
  const second = await openAs(2, directory)
  await second.append(life("b"))
  await second.snapshot()
  await second.append(life("c"))
  await second.close()
  return directory
}

async function segmentsOf(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.startsWith("journal"))
}

async function removeThose(directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) await rm(join(directory, name), { force: true })
}

const losses: { title: string; how: (directory: string) => Promise<void>; findings: string[]; jobs: string[] }[] = [
  { title: "nothing", how: async () => undefined, findings: [], jobs: ["a", "b", "c"] },
  {
    title: "the journal",
    how: async (directory) => removeThose(directory, await segmentsOf(directory)),
    findings: ["snapshot-ahead"],
    jobs: ["a", "b"],
  },
  {
    title: "the journal and every lease",
    how: async (directory) => removeThose(directory, [...(await segmentsOf(directory)), "lease", "lease.released"]),
    findings: ["snapshot-ahead"],
    jobs: ["a", "b"],
  },
  {
    title: "the journal of the last owner",
    how: (directory) => removeThose(directory, ["journal.2.ndjson", "journal.2.2.ndjson", "lease.released"]),
    findings: ["snapshot-ahead"],
    jobs: ["a", "b"],
  },
  {
    title: "the segment in which the snapshot has its place",
    how: (directory) => removeThose(directory, ["journal.2.ndjson"]),
    findings: [],
    jobs: ["a", "b", "c"],
  },
]

describe("a snapshot that is newer than the journal", () => {
  test.each(losses)("$title is lost: the snapshot counts, today and for every owner to come", async (loss) => {
    const directory = await twoOwners()
    await loss.how(directory)
    const third = await openAs(3, directory)
    expect(kindsOf(third)).toEqual(loss.findings)
    expect([...third.jobs.keys()]).toEqual(loss.jobs)
    await third.append(life("d"))
    await third.close()
    for (const pid of [4, 5]) {
      const next = await openAs(pid, directory)
      expect([...next.jobs.keys()]).toEqual([...loss.jobs, "d"])
      expect(kindsOf(next)).toEqual([])
      expect(next.epoch).toBeGreaterThan(third.epoch)
      await next.append([{ type: "note", job: "d", text: `by ${pid}` }])
      await next.close()
    }
  })

  test("a directory that was copied while it was written: the journal is cut off before the snapshot's place", async () => {
    const directory = await freshDirectory()
    const first = await openAs(1, directory)
    await first.append(life("a"))
    const copied = (await readFile(join(directory, "journal.1.ndjson"))).length
    await first.append(life("b"))
    await first.snapshot()
    await rm(join(directory, "journal.1.2.ndjson"))
    await truncate(join(directory, "journal.1.ndjson"), copied)
    for (const pid of [2, 3, 4]) {
      const next = await openAs(pid, directory)
      expect([pid, ...next.jobs.keys()]).toEqual([pid, "a", "b", ...(pid > 2 ? ["c"] : [])])
      expect([pid, ...kindsOf(next)]).toEqual([pid, ...(pid === 2 ? ["snapshot-ahead"] : [])])
      if (pid === 2) await next.append(life("c"))
      await next.close()
    }
  })

  test("an owner that runs keeps its directory, also when its journal was removed under it", async () => {
    const directory = await freshDirectory()
    const store = await openStore(directory, { clock })
    await store.append(life("a"))
    await store.snapshot()
    await removeThose(directory, await segmentsOf(directory))
    expect(await readLease(directory)).toMatchObject({ state: "live", epoch: 1, owner: { pid: process.pid } })
    await expect(openStore(directory, { clock })).rejects.toMatchObject({ code: "LEASE_HELD" })
    const next = await openStore(directory, { clock, takeOver: true })
    expect([next.epoch, ...next.jobs.keys()]).toEqual([2, "a"])
    await expect(store.append([created("zombie")])).rejects.toMatchObject({ code: "STORE_SUPERSEDED" })
    await Promise.all([store.close(), next.close()])
  })
})

describe("a journal whose second record is damaged", () => {
  const damage = async (directory: string, name: string, line: number) => {
    const lines = (await readFile(join(directory, name), "utf8")).split("\n")
    lines[line - 1] = (lines[line - 1] ?? "").replace("covers", "cavers")
    await writeFile(join(directory, name), lines.join("\n"))
  }

  test("what a superseded owner added to its own does not count for all that, and drives nothing out", async () => {
    const directory = await freshDirectory()
    const old = await openAs(1, directory)
    await old.append(life("a"))
    const path = join(directory, "journal.1.ndjson")
    const seq = 9
    const next = await openAs(2, directory)
    await next.append(life("b"))
    await next.close()
    const zombie = encodeLine(JSON.stringify({ seq, at: 1, ...created("zombie") }))
    await writeFile(path, Buffer.concat([await readFile(path), Buffer.from(zombie)]))
    await damage(directory, "journal.2.ndjson", 2)
    for (const pid of [3, 4]) {
      const later = await openAs(pid, directory)
      expect([...later.jobs.keys()]).toEqual(["a", "b"])
      expect(kindsOf(later)).toEqual(
        pid === 3 ? ["superseded-tail", "damaged-line"] : ["superseded-tail", "damaged-line"],
      )
      await later.close()
    }
  })

  test("an event whose number was used before is reported, and skipped", async () => {
    const directory = await freshDirectory()
    const store = await openAs(1, directory)
    await store.append(life("a"))
    await store.close()
    const path = join(directory, "journal.1.ndjson")
    const again = encodeLine(JSON.stringify({ seq: 5, at: 1, ...created("b") }))
    await writeFile(path, Buffer.concat([await readFile(path), Buffer.from(again)]))
    const next = await openAs(2, directory)
    expect(kindsOf(next)).toEqual(["repeat"])
    expect([...next.jobs.keys()]).toEqual(["a"])
  })
})
