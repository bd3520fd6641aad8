import { readFile, readdir, rm, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { type AnyEvent, type Job, replay } from "../../src/job/index.ts"
import { type Files, nodeFiles, openStore } from "../../src/persist/index.ts"
import { decodeLines, encodeLine } from "../../src/persist/line.ts"
import { load } from "../../src/persist/load.ts"
import { recordOf } from "../../src/persist/segment.ts"
import { freshDirectory, openAs } from "./directory.ts"
import { errno } from "./faulty-files.ts"
import { contentsOf, created, kindsOf, life } from "./life.ts"

/** A journal of one epoch with some lives in it, and nothing else in the directory. */
async function smallJournal(
  lives: readonly string[] = ["a", "b"],
): Promise<{ directory: string; path: string; bytes: Buffer }> {
  const directory = await freshDirectory()
  const store = await openAs(1, directory)
  for (const job of lives) await store.append(life(job))
  await store.close()
  for (const name of await readdir(directory)) if (!name.startsWith("journal")) await rm(join(directory, name))
  const path = join(directory, "journal.1.ndjson")
  return { directory, path, bytes: await readFile(path) }
}

/** What the whole lines say, by the reducer alone. */
function replayOf(bytes: Buffer): { jobs: [string, Job][]; refused: number } {
  const jobs = new Map<string, Job>()
  const records = [...decodeLines(bytes)].map(({ value }) => recordOf(value))
  const events = records.flatMap((record): AnyEvent[] => (record !== null && "event" in record ? [record.event] : []))
  const refused = replay(jobs, events).length
  return { jobs: [...jobs], refused }
}

const looking = { clock: systemClock, readOnly: true } as const

/** A directory with nothing but this journal in it, which needs no disk: for those that are read by the thousand. */
function holding(bytes: Buffer): Files {
  const name = "journal.1.ndjson"
  return {
    ...nodeFiles,
    list: async () => [name],
    read: async (path, from = 0) => {
      if (basename(path) !== name) throw errno("ENOENT")
      return bytes.subarray(from)
    },
  }
}

describe("a journal that is cut off", () => {
  test("at every byte: the state is the replay of the whole lines, and a torn one is dropped and reported", async () => {
    const { directory, bytes } = await smallJournal(["a"])
    for (let length = 0; length <= bytes.length; length++) {
      const store = await openStore(directory, { ...looking, files: holding(bytes.subarray(0, length)) })
      const isTorn = length > 0 && bytes[length - 1] !== 0x0a
      expect([length, store.findings.map(({ kind }) => kind)]).toEqual([length, isTorn ? ["torn-tail"] : []])
      expect(contentsOf(store).jobs).toEqual(replayOf(bytes.subarray(0, length)).jobs)
    }
  }, 60_000)

  test("at every 25th byte: a new owner goes on from there, and what it adds is there the next time", async () => {
    const { bytes } = await smallJournal()
    for (let length = 0; length <= bytes.length; length += 25) {
      const directory = await freshDirectory()
      await writeFile(join(directory, "journal.1.ndjson"), bytes.subarray(0, length))
      const store = await openAs(2, directory)
      await store.append(life("c"))
      await store.close()
      const next = await openAs(3, directory)
      const expected = replayOf(bytes.subarray(0, length)).jobs.map(([id]) => id)
      expect([length, ...next.jobs.keys()]).toEqual([length, ...expected, "c"])
      expect([length, ...next.findings]).toEqual([length])
      expect(next.identity).toEqual(store.identity)
      await next.close()
    }
  }, 60_000)

  test("the twin: whole, nothing is reported, and the identity is the old one", async () => {
    const { directory } = await smallJournal()
    const store = await openAs(2, directory)
    expect(store.findings).toEqual([])
    expect([...store.jobs.values()].map(({ state }) => state)).toEqual(["completed", "completed"])
  })
})

describe("a journal that is damaged", () => {
  test("whatever byte is flipped: no exception, whole lines count, and the damage is reported", async () => {
    const { directory, bytes } = await smallJournal()
    const flips = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    })
    await fc.assert(
      fc.asyncProperty(flips, async (list) => {
        const damaged = Buffer.from(bytes)
        for (const [at, mask] of list) damaged[at] = (damaged[at] ?? 0) ^ mask
        if (damaged.equals(bytes)) return
        const store = await openStore(directory, { ...looking, files: holding(damaged) })
        expect(store.findings.length).toBeGreaterThan(0)
        expect(contentsOf(store).jobs).toEqual(replayOf(damaged).jobs)
        expect(kindsOf(store).filter((kind) => kind === "refused-event")).toHaveLength(replayOf(damaged).refused)
      }),
      { numRuns: 200, seed: 11 },
    )
  }, 60_000)

  test("the events behind a damaged line count, and file and line are named", async () => {
    const { directory, path, bytes } = await smallJournal()
    const lines = bytes.toString("utf8").split("\n")
    const last = lines.findLastIndex((line) => line.includes('"type":"note"') || line.includes('"type":"observed"'))
    lines[last] = (lines[last] ?? "").replace("running", "runnxng")
    await writeFile(path, lines.join("\n"))
    const store = await openStore(directory, looking)
    expect(store.findings).toMatchObject([{ kind: "damaged-line", file: "journal.1.ndjson", line: last + 1 }])
    expect(store.jobs.get("b")?.state).toBe("completed")
  })

  test("a hole of zeros, as after a power cut, is one damaged or torn line", async () => {
    const { directory, path, bytes } = await smallJournal()
    await writeFile(path, Buffer.concat([bytes, Buffer.alloc(4096)]))
    expect(kindsOf(await openStore(directory, looking))).toEqual(["torn-tail"])
    await writeFile(path, Buffer.concat([bytes, Buffer.alloc(100), Buffer.from("\n")]))
    expect(kindsOf(await openStore(directory, looking))).toEqual(["damaged-line"])
  })

  test("missing events are a gap", async () => {
    const { directory, path, bytes } = await smallJournal()
    const lines = bytes.toString("utf8").split("\n")
    await writeFile(path, lines.toSpliced(5, 2).join("\n"))
    expect(kindsOf(await openStore(directory, looking))).toContain("gap")
  })

  test("an event of a kind that nobody knows is reported and skipped", async () => {
    const { directory, path, bytes } = await smallJournal()
    const strange = encodeLine(JSON.stringify({ seq: 15, at: 1, type: "teleported", job: "a" }))
    await writeFile(path, Buffer.concat([bytes, Buffer.from(strange)]))
    const store = await openStore(directory, looking)
    expect(kindsOf(store)).toEqual(["refused-event"])
    expect(store.jobs.get("a")?.state).toBe("completed")
  })

  test("a newer format is refused by owners and readers, and left as it is", async () => {
    const { directory, path, bytes } = await smallJournal()
    const [first, ...rest] = bytes.toString("utf8").split("\n")
    const claim = JSON.parse((first ?? "").slice(17))
    claim.claim.format = 2
    const newer = `${encodeLine(JSON.stringify(claim))}${rest.join("\n")}`
    await writeFile(path, newer)
    await expect(openStore(directory, looking)).rejects.toMatchObject({ code: "STORE_FORMAT_NEWER" })
    await expect(openAs(2, directory)).rejects.toMatchObject({ code: "STORE_FORMAT_NEWER" })
    expect(await readFile(path, "utf8")).toBe(newer)
    expect(await readdir(directory)).toEqual(["journal.1.ndjson"])
  })
})

describe("snapshots", () => {
  /** Three lives, each behind a snapshot of its own; the last one has only the journal. */
  async function withSnapshots(): Promise<string> {
    const directory = await freshDirectory()
    const store = await openAs(1, directory)
    for (const job of ["a", "b"]) {
      await store.append(life(job))
      await store.snapshot()
    }
    await store.append([{ type: "health", executor: "hpc", health: "degraded", reason: "accounting is down" }])
    await store.append(life("c"))
    await store.close()
    return directory
  }

  const all = ["a", "b", "c"]
  const snapshot = "snapshot.json"
  const previous = "snapshot.prev.json"

  async function damage(directory: string, name: string): Promise<void> {
    const text = await readFile(join(directory, name), "utf8")
    await writeFile(join(directory, name), text.replace("completed", "completeX"))
  }

  const cases: { title: string; how: (directory: string) => Promise<void>; findings: string[]; jobs?: string[] }[] = [
    { title: "all is well", how: async () => undefined, findings: [] },
    {
      title: "the newest is damaged",
      how: (directory) => damage(directory, snapshot),
      findings: ["snapshot-unusable"],
    },
    {
      title: "the newest is missing",
      how: (directory) => rm(join(directory, snapshot)),
      findings: ["snapshot-unusable"],
    },
    {
      title: "the newest is empty",
      how: (directory) => writeFile(join(directory, snapshot), ""),
      findings: ["snapshot-unusable"],
    },
    { title: "the newest is cut off", how: (directory) => cut(directory, snapshot), findings: ["snapshot-unusable"] },
    { title: "the previous one is damaged", how: (directory) => damage(directory, previous), findings: [] },
    {
      title: "both are damaged, and the journal is there from the beginning",
      how: async (directory) => {
        await damage(directory, snapshot)
        await damage(directory, previous)
      },
      findings: ["snapshot-unusable", "snapshot-unusable"],
    },
    {
      title: "both are damaged, and the beginning is gone",
      how: async (directory) => {
        await damage(directory, snapshot)
        await damage(directory, previous)
        await rm(join(directory, "journal.1.ndjson"))
      },
      findings: ["snapshot-unusable", "snapshot-unusable", "gap"],
      jobs: ["b", "c"],
    },
  ]
  test.each(cases)("$title", async ({ how, findings, jobs = all }) => {
    const directory = await withSnapshots()
    await how(directory)
    for (const open of [() => openStore(directory, looking), () => openAs(2, directory)]) {
      const store = await open()
      expect([...store.jobs.keys()]).toEqual(jobs)
      expect(store.managers.get("hpc")?.health).toBe("degraded")
      expect(kindsOf(store)).toEqual(findings)
      await store.close()
    }
  })

  async function cut(directory: string, name: string): Promise<void> {
    const text = await readFile(join(directory, name), "utf8")
    await writeFile(join(directory, name), text.slice(0, text.length / 2))
  }

  test("an older snapshot in the place of the newest still gives the newest state", async () => {
    const directory = await withSnapshots()
    await writeFile(join(directory, snapshot), await readFile(join(directory, previous)))
    const store = await openAs(2, directory)
    expect([...store.jobs.keys()]).toEqual(all)
  })

  test("with the journal gone altogether the snapshot still counts", async () => {
    const directory = await withSnapshots()
    for (const name of await readdir(directory)) if (name.startsWith("journal")) await rm(join(directory, name))
    const { identity, jobs } = await openAs(2, directory)
    expect([...jobs.keys()]).toEqual(["a", "b"])
    expect(identity.stateId).toMatch(/^[a-z0-9]{12}$/)
  })

  test("a snapshot of a newer format is refused", async () => {
    const directory = await withSnapshots()
    const { createHash } = await import("node:crypto")
    const text = await readFile(join(directory, snapshot), "utf8")
    const content = text.slice('{"content":'.length, text.lastIndexOf(',"sha256"')).replace('"format":1', '"format":2')
    const sha256 = createHash("sha256").update(content).digest("hex")
    await writeFile(join(directory, snapshot), `{"content":${content},"sha256":"${sha256}"}\n`)
    await expect(openAs(2, directory)).rejects.toMatchObject({ code: "STORE_FORMAT_NEWER" })
  })

  test("they are made by themselves, and old segments go with the one before the last", async () => {
    const directory = await freshDirectory()
    const store = await openAs(1, directory, { snapshotEvents: 10 })
    const prunedBefore = Array.from({ length: 12 }, (_, index) => `j${index}`)
    for (const job of prunedBefore) await store.append(life(job))
    await store.close()
    const names = await readdir(directory)
    expect(names).toEqual(expect.arrayContaining([snapshot, previous]))
    expect(names).not.toContain("journal.1.ndjson")
    expect(names.filter((name) => name.startsWith("journal")).length).toBeLessThanOrEqual(3)
    const { ledger, findings } = await load(nodeFiles, directory)
    expect([...ledger.jobs.keys()]).toEqual(prunedBefore)
    expect(findings).toEqual([])
  })

  test("many short-lived owners don't leave many segments", async () => {
    const directory = await freshDirectory()
    for (let pid = 1; pid <= 60; pid++) {
      const store = await openAs(pid, directory)
      await store.append([created(`j${pid}`)])
      await store.close()
    }
    const segments = (await readdir(directory)).filter((name) => name.startsWith("journal"))
    expect(segments.length).toBeLessThan(40)
    expect((await openStore(directory, looking)).jobs.size).toBe(60)
  })
})

describe("what the store leaves alone, and what it leaves behind", () => {
  test("jobs/, log/ and strange files stay; files and directories are ours alone; drafts go", async () => {
    const parent = await freshDirectory()
    const directory = join(parent, "deep", "state")
    const first = await openAs(1, directory)
    await first.snapshot()
    await first.close()
    const { mkdir, stat } = await import("node:fs/promises")
    await mkdir(join(directory, "jobs"))
    await mkdir(join(directory, "log"))
    await writeFile(join(directory, "notes.txt"), "mine")
    await writeFile(join(directory, "lease.abc.tmp"), "half")
    await (await openAs(2, directory)).close()
    const names = await readdir(directory)
    expect(names).toEqual(expect.arrayContaining(["jobs", "log", "notes.txt"]))
    expect(names.filter((name) => name.endsWith(".tmp"))).toEqual([])
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    for (const name of names.filter((one) => /journal|snapshot|lease/.test(one))) {
      expect([name, (await stat(join(directory, name))).mode & 0o777]).toEqual([name, 0o600])
    }
  })
})
