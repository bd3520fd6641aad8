/** Collecting, retrying, reading logs, pruning: what comes after the end. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { DoctorLine } from "../../src/executors/api.ts"
import { localTransport } from "../../src/transport/local.ts"
import type { Scheduler } from "../../src/schedulers/scheduler.ts"
import { fakeScheduler } from "../support/fake-scheduler.ts"
import { localDisk } from "../../src/remote/resultsDisk.ts"
import { Stand, ended, submit, when } from "../support/stand.ts"

test("outputs come back; a pattern without a match is a note", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const spec = { command: ["sh", "-c", "echo x >out; exit 3"], outputs: ["out", "*.none"] }
  const job = await ended(fleet, await submit(fleet, spec))
  expect(job).toMatchObject({ state: "failed", cause: "exit", exitCode: 3 })
  expect(readFileSync(join(job.directory, "out"), "utf8")).toBe("x\n")
  expect(fleet.job(job.id).notes.join()).toContain("no output matches *.none")
})

test("what can't be written here fails at stage-out, and keeps no other from coming back", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  writeFileSync(stand.path("file"), "")
  const bad = await submit(fleet, { command: ["echo", "x"], into: stand.path("file", "below") })
  const good = await submit(fleet, { command: ["echo", "x"] })
  expect(await ended(fleet, good)).toMatchObject({ state: "completed" })
  expect(await ended(fleet, bad)).toMatchObject({ state: "failed", cause: "stage-out" })
})

test("a retry policy makes new attempts, as often as it says and for what it names", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const retry = { maxAttempts: 3, on: [{ exitCode: [7] }] }
  const [again, other] = await Promise.all(
    ["7", "8"].map(async (code) =>
      ended(fleet, await submit(fleet, { command: stand.leaving(code, `exit ${code}`), retry })),
    ),
  )
  expect([again!.attempt, again!.cause]).toEqual([3, "exit"])
  expect(other!.attempt).toBe(1)
  expect(stand.ran).toEqual(["7", "7", "7", "8"])
})

test("logs are read over there while it runs, and here when it is over", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const gate = stand.path("gate")
  const { id } = await submit(fleet, { command: ["sh", "-c", 'echo one; until [ -e "$0" ]; do sleep 0.1; done', gate] })
  const read = async () => {
    const piece = await fleet.logs(id, { stream: "stdout", offset: 0, max: 100 })
    return [Buffer.from(piece.data, "base64").toString(), piece.final]
  }
  await expect.poll(read, { timeout: 10_000 }).toEqual(["one\n", false])
  writeFileSync(gate, "")
  await ended(fleet, { id })
  expect(await read()).toEqual(["one\n", true])
})

test("prune removes what nobody needs, on both sides, and nothing else", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const done = await ended(fleet, await submit(fleet, { command: ["true"] }, { key: "done" }))
  stand.manager.pause()
  const needed = await ended(fleet, await submit(fleet, { command: ["true"], inputs: ["/no/such"] }, { key: "needed" }))
  const open = await submit(fleet, { command: ["true"] }, { key: "open" })
  const { attempts } = await when(fleet, open.id, ({ state }) => state === "queued")
  await submit(fleet, {
    command: ["true"],
    after: [
      { job: "open", when: "ended" },
      { job: "needed", when: "ended" },
    ],
  })
  const request = { olderThanMs: 0, names: [done.id, needed.id, open.id], local: true, dryRun: false }
  const { pruned, kept } = await fleet.prune(request)
  expect(pruned).toEqual([done.id])
  expect(kept.map(({ id }) => id)).toEqual([needed.id, open.id])
  expect(existsSync(done.directory)).toBe(false)
  const jobs = join(attempts[0]!.directory, "..")
  expect(readdirSync(jobs)).toEqual([attempts[0]!.token])
  stand.manager.resume()
  expect(await ended(fleet, open)).toMatchObject({ state: "completed" })
})

test("results that can't be removed here are said to be left, and can be removed later", async () => {
  await using stand = new Stand()
  let isBad = true
  const bad = Object.assign(new Error("EIO: i/o error"), { code: "EIO" })
  const remove = (path: Buffer): Promise<void> => (isBad ? Promise.reject(bad) : localDisk.remove(path))
  const fleet = await stand.fleet({ resultsDisk: { ...localDisk, remove } })
  const job = await ended(fleet, await submit(fleet, { command: ["true"] }))
  const request = { olderThanMs: 0, names: [job.id], local: true, dryRun: false }
  expect(await fleet.prune(request)).toEqual({
    pruned: [],
    kept: [{ id: job.id, why: expect.stringContaining("EIO") as string }],
  })
  expect(fleet.job(job.id).pruned).toBe("remote")
  isBad = false
  expect(await fleet.prune(request)).toEqual({ pruned: [job.id], kept: [] })
  expect(existsSync(job.directory)).toBe(false)
})

test("doctor finds a healthy executor in order, and leaves nothing behind", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const lines = await fleet.doctor("fake", () => undefined)
  expect(lines.filter(({ status }) => status === "failed")).toEqual([])
  expect(lines.map(({ check }) => check)).toContain("test job")
  expect(await fleet.list()).toEqual([])
})

test.each([
  { coverage: "none", trouble: "Nobody keeps books here." },
  { coverage: "partial", trouble: "The books are torn." },
] as const)("doctor warns where accounting can't be relied upon: $coverage", async ({ coverage, trouble }) => {
  await using stand = new Stand()
  const scheduler = fakeScheduler(stand.manager)
  const history: Scheduler["history"] = () => ({
    argv: ["true"],
    timeoutMs: 60_000,
    parse: () => ({ evidence: [], unread: [], coverage, trouble }),
  })
  const fleet = await stand.fleet({ scheduler: { ...scheduler, history } })
  const lines = await fleet.doctor("fake", () => undefined)
  expect(lines.find(({ check }) => check === "accounting")).toMatchObject({
    status: "warning",
    detail: trouble,
    advice: expect.stringContaining("docs/judging.md") as string,
  })
})

test("doctor says what is broken and what to do", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  stand.manager.fault("list", "down")
  const told: DoctorLine[] = []
  await fleet.doctor("fake", (line) => void told.push(line))
  expect(told.find(({ check }) => check === "scheduler")).toMatchObject({ status: "failed" })
  expect(told.find(({ check }) => check === "scheduler")?.advice).toContain("PATH")

  const gone = await stand.fleet({ transport: localTransport(stand.clock, [stand.path("no-shell")]) })
  const lines = await gone.doctor("fake", () => undefined)
  expect(lines[0]).toMatchObject({ check: "connection", status: "failed", unreachable: true })
  expect(new Set(lines.slice(1).map(({ status }) => status))).toEqual(new Set(["skipped"]))
})
