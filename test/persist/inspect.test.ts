import { chmod, cp, readFile, readdir, rm, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { type Host, inspect, needsPerson, openStore, systemHost } from "../../src/persist/index.ts"
import { encodeLine } from "../../src/persist/line.ts"
import { freshDirectory, openAs } from "./directory.ts"
import { created, life } from "./life.ts"

const clock = systemClock

/** Two owners, three lives, two snapshots; the last life is in the journal alone. */
async function used(): Promise<string> {
  const directory = await freshDirectory()
  await chmod(directory, 0o700)
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

const newest = "journal.2.2.ndjson"

async function changeLine(directory: string, name: string, including: string, change: (line: string) => string) {
  const path = join(directory, name)
  const lines = (await readFile(path, "utf8")).split("\n")
  const at = lines.findIndex((line) => line.includes(including))
  lines[at] = change(lines[at] ?? "")
  await writeFile(path, lines.join("\n"))
}

const flip = (line: string): string => line.replace('"at":1', '"at":9')

async function add(directory: string, name: string, text: string): Promise<void> {
  await writeFile(join(directory, name), `${await readFile(join(directory, name), "utf8")}${text}`)
}

/** Severity, kind and place of all that is not quite as it should be. */
async function saidOf(directory: string, host: Host = systemHost): Promise<string[]> {
  const { remarks } = await inspect(directory, { host })
  return remarks
    .filter(({ severity }) => severity !== "fine")
    .map(({ severity, kind, file, line }) => `${severity} ${kind} ${file ?? "-"}${line === null ? "" : `:${line}`}`)
}

async function without(directory: string, ...names: string[]): Promise<void> {
  for (const name of names) await rm(join(directory, name))
}

describe("what is said of a state directory", () => {
  const cases: { title: string; how: (directory: string) => Promise<void>; said: string[] }[] = [
    { title: "all is well", how: async () => undefined, said: [] },
    {
      title: "the last record is torn",
      how: (directory) => add(directory, newest, "0123456789abcdef {"),
      said: [`heals torn-tail ${newest}`],
    },
    {
      title: "a record behind the snapshot is damaged: that event is lost, and its job incomplete",
      how: (directory) => changeLine(directory, newest, '"type":"intent"', flip),
      said: [
        `beyond-repair damaged-line ${newest}:4`,
        ...[5, 6, 7, 8].map((line) => `beyond-repair refused-event ${newest}:${line}`),
        "beyond-repair incomplete-job -",
      ],
    },
    {
      title: "a record that the snapshot has is damaged: nothing is lost",
      how: (directory) => changeLine(directory, "journal.2.ndjson", '"type":"intent"', flip),
      said: [],
    },
    {
      title: "a claim is damaged: nothing is lost",
      how: (directory) => changeLine(directory, newest, '"claim"', (line) => line.replace("nonce", "nunce")),
      said: [`heals damaged-line ${newest}:1`],
    },
    {
      title: "lines are gone",
      how: (directory) => changeLine(directory, newest, '"type":"observed"', () => "").then(() => dropBlank(directory)),
      said: [`beyond-repair gap ${newest}:6`],
    },
    {
      title: "a number was used twice",
      how: (directory) => add(directory, newest, encodeLine(JSON.stringify({ seq: 5, at: 1, ...created("x") }))),
      said: [`beyond-repair repeat ${newest}:9`],
    },
    {
      title: "the newest snapshot is damaged",
      how: (directory) => writeFile(join(directory, "snapshot.json"), "{}"),
      said: ["repairable snapshot-unusable snapshot.json"],
    },
    {
      title: "the newest snapshot is missing",
      how: (directory) => without(directory, "snapshot.json"),
      said: ["repairable snapshot-unusable snapshot.json"],
    },
    {
      title: "the previous snapshot is damaged, which no start would see",
      how: (directory) => truncate(join(directory, "snapshot.prev.json"), 100),
      said: ["repairable snapshot-unusable snapshot.prev.json"],
    },
    {
      title: "the newest snapshot is an older one: what follows is replayed",
      how: (directory) => cp(join(directory, "snapshot.prev.json"), join(directory, "snapshot.json")),
      said: [],
    },
    {
      title: "the journal is lost",
      how: async (directory) =>
        without(directory, ...(await readdir(directory)).filter((name) => name.startsWith("journal"))),
      said: ["repairable snapshot-ahead journal.2.ndjson"],
    },
    {
      title: "the journal ends before the snapshot's place",
      how: async (directory) => {
        await without(directory, newest)
        await truncate(join(directory, "journal.2.ndjson"), 900)
      },
      said: ["heals torn-tail journal.2.ndjson", "repairable snapshot-ahead journal.2.ndjson"],
    },
    {
      title: "something was left unfinished",
      how: (directory) => writeFile(join(directory, "lease.abc.tmp"), "half", { mode: 0o600 }),
      said: ["heals draft lease.abc.tmp"],
    },
    {
      title: "others may read it",
      how: async (directory) => {
        await chmod(directory, 0o755)
        await chmod(join(directory, newest), 0o644)
      },
      said: ["repairable mode .", `repairable mode ${newest}`],
    },
  ]

  async function dropBlank(directory: string): Promise<void> {
    const text = await readFile(join(directory, newest), "utf8")
    await writeFile(join(directory, newest), text.replaceAll("\n\n", "\n"))
  }

  test.each(cases)("$title", async ({ how, said }) => {
    const directory = await used()
    await how(directory)
    const before = await readdir(directory)
    expect(await saidOf(directory)).toEqual(said)
    expect(await readdir(directory)).toEqual(before)
  })

  test("what is there: owners, segments and snapshots with their events", async () => {
    const inspection = await inspect(await used())
    expect(inspection).toMatchObject({ format: 1, jobs: 3, lease: { state: "free", epoch: 2 } })
    expect(inspection.owners.map(({ epoch, pid }) => [epoch, pid])).toEqual([
      [1, 1],
      [2, 2],
    ])
    const ranges = inspection.segments.map(({ file, firstSeq, lastSeq }) => [file, firstSeq, lastSeq])
    expect(ranges).toEqual([
      ["journal.1.ndjson", 1, 8],
      ["journal.1.2.ndjson", null, null],
      ["journal.2.ndjson", 9, 15],
      ["journal.2.2.ndjson", 16, 21],
    ])
    expect(inspection.snapshots).toMatchObject([
      { file: "snapshot.json", state: "whole", seq: 15, jobs: 2 },
      { file: "snapshot.prev.json", state: "whole", seq: 8, jobs: 1 },
    ])
  })

  test("where nothing is: that", async () => {
    const inspection = await inspect(join(await freshDirectory(), "nowhere"))
    expect(inspection.remarks).toMatchObject([{ severity: "fine", kind: "lease" }])
    expect(inspection.remarks.some(needsPerson)).toBe(false)
  })

  test("a newer format is left to the newer version", async () => {
    const directory = await used()
    await changeLine(directory, newest, '"claim"', (line) => {
      const json = line.slice(17).replace('"format":1', '"format":2')
      return encodeLine(json).trimEnd()
    })
    await expect(inspect(directory)).rejects.toMatchObject({ code: "STORE_FORMAT_NEWER" })
  })

  test("a damaged line says what can still be read in it", async () => {
    const directory = await used()
    await changeLine(directory, newest, '"type":"intent"', flip)
    const { remarks } = await inspect(directory)
    const damage = remarks.find(({ kind }) => kind === "damaged-line")
    expect(damage?.detail).toContain("Event 17 (intent of job c) is lost")
    expect(remarks.find(({ kind }) => kind === "incomplete-job")?.detail).toContain(
      "Job c: 4 of its events were refused",
    )
  })
})

describe("what is said of its owner", () => {
  const running = {
    pid: 7,
    startTime: "1",
    host: "here",
    machineId: "m",
    bootId: "b",
    pidNamespace: "pid:[4026531836]",
  }
  const owner: Host = { self: async () => running, startTimeOf: async () => "1" }
  const lookers: { title: string; host: Host; state: string; error: string | null; severity: string }[] = [
    { title: "it runs", host: owner, state: "live", error: "LEASE_HELD", severity: "fine" },
    {
      title: "its pid belongs to another process now",
      host: { ...owner, startTimeOf: async () => "2" },
      state: "dead",
      error: null,
      severity: "heals",
    },
    {
      title: "its pid belongs to nobody",
      host: { ...owner, startTimeOf: async () => null },
      state: "dead",
      error: null,
      severity: "heals",
    },
    {
      title: "the machine was started again, and the pid is in use",
      host: { ...owner, self: async () => ({ ...running, pid: 8, bootId: "b2" }) },
      state: "dead",
      error: null,
      severity: "heals",
    },
    {
      title: "it is on another host",
      host: { ...owner, self: async () => ({ ...running, host: "there", machineId: "m2", bootId: "b3" }) },
      state: "elsewhere",
      error: "LEASE_HELD_ELSEWHERE",
      severity: "fine",
    },
  ]
  test.each(lookers)("$title: $state", async ({ host, state, error, severity }) => {
    const directory = await freshDirectory()
    await chmod(directory, 0o700)
    await using held = await openStore(directory, { clock, host: owner })
    await held.append([created("a")])
    const { lease, remarks } = await inspect(directory, { host })
    expect(lease).toMatchObject({ state, epoch: 1, owner: { pid: 7, host: "here" } })
    expect(remarks).toMatchObject([{ kind: "lease", severity }])
    const opened = await openStore(directory, { clock, host }).catch((thrown: unknown) => thrown)
    if (error === null) expect(opened).toMatchObject({ epoch: 2 })
    else expect(opened).toMatchObject({ code: error })
  })

  test("a copy of the directory, while the original is in use: each has its own journal, and the copy is taken by force alone", async () => {
    const directory = await freshDirectory()
    await chmod(directory, 0o700)
    const copy = join(await freshDirectory(), "copy")
    const original = await openStore(directory, { clock })
    await original.append(life("a"))
    await cp(directory, copy, { recursive: true, preserveTimestamps: true })
    const { remarks } = await inspect(copy)
    expect(remarks.find(({ kind }) => kind === "lease")?.advice).toContain("If this directory is a copy")
    await expect(openStore(copy, { clock })).rejects.toMatchObject({ code: "LEASE_HELD" })
    const second = await openStore(copy, { clock, takeOver: true })
    // Same identity, so same tokens and the same place on the other side: the owner number decides there.
    expect(second.identity).toEqual(original.identity)
    await original.append(life("b"))
    await second.append(life("c"))
    expect([[...original.jobs.keys()], [...second.jobs.keys()]]).toEqual([
      ["a", "b"],
      ["a", "c"],
    ])
    await Promise.all([original.close(), second.close()])
    expect([await saidOf(directory), await saidOf(copy)]).toEqual([[], []])
  })

  test("what a superseded owner wrote does not count, and that is fine", async () => {
    const directory = await freshDirectory()
    await chmod(directory, 0o700)
    const old = await openAs(1, directory)
    await old.append([created("a")])
    const next = await openAs(2, directory)
    await expect(old.append([created("zombie")])).rejects.toMatchObject({ code: "STORE_SUPERSEDED" })
    const path = join(directory, "journal.1.ndjson")
    const late = encodeLine(JSON.stringify({ seq: 4, at: 1, ...created("zombie") }))
    await writeFile(path, `${await readFile(path, "utf8")}${late}`)
    await next.close()
    const { remarks, segments } = await inspect(directory)
    expect(remarks.map(({ severity, kind }) => [severity, kind])).toEqual([
      ["fine", "lease"],
      ["fine", "superseded-tail"],
    ])
    expect(segments[0]).toMatchObject({ file: "journal.1.ndjson", lastSeq: 3 })
    expect((segments[0]?.lateRecords ?? 0) > 0).toBe(true)
  })
})
