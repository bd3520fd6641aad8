import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { addResult, dropResults, readResults, tableOf } from "./results.ts"
import type { Round } from "./round.ts"

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hz-results-"))
  path = join(folder, "results.ndjson")
})
afterEach(() => rm(folder, { recursive: true }))

const result = (fault: string, round: number, more: Partial<Round> = {}): Round => ({
  fault,
  round,
  seed: 1,
  jobs: 20,
  struck: ["it"],
  submissions: 1,
  healths: [],
  connections: null,
  openMax: null,
  seconds: round + 1,
  saw: [],
  evidence: null,
  tokens: 21,
  natives: 21,
  completed: 20,
  ran: 20,
  runs: 20,
  lost: 0,
  twice: 0,
  replaced: 1,
  ends: { completed: 20 },
  wrong: [],
  ...more,
})

test("results are appended, also after one that was cut short, which does not count", async () => {
  expect(await readResults(path)).toEqual([])
  await addResult(path, result("a", 0))
  await writeFile(path, `${await readFile(path, "utf8")}{"fault":"a","rou`)
  await addResult(path, result("a", 1))
  expect((await readResults(path)).map(({ round }) => round)).toEqual([0, 1])
})

test("results of faults that are played afresh are put aside, the others stay", async () => {
  for (const fault of ["a", "b", "a"]) await addResult(path, result(fault, 0))
  await dropResults(path, ["a"])
  expect((await readResults(path)).map(({ fault }) => fault)).toEqual(["b"])
  expect((await readResults(`${path}.old`)).length).toBe(3)
})

test("the table has a line for each fault and one for all, with sums and the median of the seconds", () => {
  const rounds = [result("a", 0), result("a", 1), result("a", 9), result("b", 0, { twice: 2, wrong: ["ran twice"] })]
  const lines = tableOf(rounds).split("\n").slice(2)
  expect(lines).toEqual([
    "| a | 3 | 3 | 60 | 63 | 63 | 60 | 60 | 60 | 0 | 0 | 3 | 60 completed | 2 | 0 |",
    "| b | 1 | 1 | 20 | 21 | 21 | 20 | 20 | 20 | 0 | 2 | 1 | 20 completed | 1 | 1 |",
    "| all | 4 | 4 | 80 | 84 | 84 | 80 | 80 | 80 | 0 | 2 | 4 | 80 completed | 2 | 1 |",
  ])
})
