/**
 * Random and mutated texts through every parser: no exception escapes, and no state is invented. `npm run fuzz` has
 * 1,000,000 of them; FUZZ_INPUTS and FUZZ_SEED say otherwise.
 */
import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { HawserError } from "../../src/errors.ts"
import { schedulers } from "../../src/schedulers/registry.ts"
import { Mutator } from "../support/mutator.ts"
import { root } from "../support/root.ts"
import { type Parser, dialectParsers, otherParsers } from "./parsers.ts"
import { samples } from "./samples.ts"

const inputs = Number(process.env["FUZZ_INPUTS"] ?? 50_000)
const seed = Number(process.env["FUZZ_SEED"] ?? 1)

const subjects: readonly {
  readonly name: string
  readonly corpus: readonly string[]
  readonly parsers: readonly Parser[]
}[] = [
  ...samples.map((sample) => ({
    name: sample.scheduler.name,
    corpus: [
      ...[sample.accepted, sample.down, ...Object.values(sample.refused)].flatMap(({ stdout, stderr }) => [
        stdout,
        stderr,
      ]),
      sample.queue([]),
      ...fixturesIn(join(root, "fixtures", sample.scheduler.name)),
    ],
    parsers: dialectParsers(sample),
  })),
  ...otherParsers.map(({ corpus, ...parser }) => ({ name: parser.name, corpus, parsers: [parser] })),
]
const parserCount = subjects.reduce((sum, { parsers }) => sum + parsers.length, 0)
const each = Math.ceil(inputs / parserCount)
let done = 0

describe("texts that were garbled", () => {
  test.each(subjects)("$name", { timeout: 3_600_000 }, ({ corpus: [first = "", ...others], parsers }) => {
    const mutator = new Mutator(seed, [first, ...others])
    for (let count = 0; count < each; count += 1) {
      const text = mutator.next()
      for (const { name, read } of parsers) {
        const trouble = troubleWith(() => read(text))
        done += 1
        if (trouble !== null) expect.fail(`${name}: ${trouble}\nThe text: ${JSON.stringify(text)}`)
      }
    }
  })

  test("every dialect has a sample", () => {
    expect(samples.map(({ scheduler }) => scheduler.name).sort()).toEqual(Object.keys(schedulers).sort())
  })

  afterAll(() => console.log(`${done} inputs through ${parserCount} parsers, from seed ${seed}`))
})

/** What a parser refuses is an answer; null: there is none. */
function troubleWith(read: () => string | null): string | null {
  try {
    return read()
  } catch (error) {
    return error instanceof HawserError ? null : `it threw ${String(error instanceof Error ? error.stack : error)}`
  }
}

function fixturesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== "README.md")
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
  } catch {
    // Not every dialect has been fooled yet.
    return []
  }
}
