/** Walltimes and timeouts. The cases of other projects' test suites run where the folder that holds them is there. */
import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { formatWalltime, parseTimeout, parseWalltime, unlimitedWalltime } from "../../src/job/index.ts"

describe("a walltime", () => {
  test.each<[string | number, number]>([
    [90, 5400],
    ["90", 5400],
    [" 90 ", 5400],
    ["1:30", 90],
    ["90:00", 5400],
    ["1:30:00", 5400],
    ["1-12", 129_600],
    ["1-12:30", 131_400],
    ["1-12:30:15", 131_415],
    ["1:60:15", 7215],
    ["2h30m", 9000],
    ["2h 30m", 9000],
    ["90s", 90],
    ["1.5h", 5400],
    ["1.2h", 4320],
    ["2d12h", 216_000],
    ["12H", 43_200],
    ["1m", 60],
    ["1ms", 1],
    ["500ms", 1],
    ["1001ms", 2],
    ["0.1s", 1],
    ["0", 0],
    ["UNLIMITED", unlimitedWalltime],
    ["infinite", unlimitedWalltime],
    [-1, unlimitedWalltime],
  ])("%j is %d seconds", (text, seconds) => {
    expect(parseWalltime(text)).toEqual({ ok: true, value: seconds })
  })

  test.each([
    "",
    " ",
    "1-",
    "-5",
    "60:",
    "60:-10",
    "1:2-3",
    "1:2:3:4",
    "1.5",
    "5x",
    "5 min",
    "30m2h",
    "1h1h",
    "1e3",
    "NaN",
  ])("%j is refused with what would be right", (text) => {
    expect(parseWalltime(text)).toMatchObject({
      ok: false,
      problems: [{ why: expect.stringContaining("which is not a time") }],
    })
  })

  test("one beyond a thousand years is refused, the twin below it is not", () => {
    expect(parseWalltime("365001d").ok).toBe(false)
    expect(parseWalltime("365000d").ok).toBe(true)
  })

  test("what is formatted is read back as the same", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1, max: 1e9 }), (seconds) => {
        expect(parseWalltime(formatWalltime(seconds))).toEqual({ ok: true, value: seconds })
      }),
    )
  })

  test.each([
    [0, "0-00:00:00"],
    [131_415, "1-12:30:15"],
    [unlimitedWalltime, "UNLIMITED"],
  ])("%d seconds are formatted for Slurm", (seconds, text) => {
    expect(formatWalltime(seconds)).toBe(text)
  })
})

describe("a timeout", () => {
  test.each([
    ["700s", 700_000],
    ["500ms", 500],
    ["1.5h", 5_400_000],
    ["0s", 0],
  ])("%s is %d ms", (text, milliseconds) => {
    expect(parseTimeout(text)).toEqual({ ok: true, value: milliseconds })
  })

  test.each(["700", "1.5", "1:30", "unlimited", "", "s"])("%j is refused: only a unit says what it means", (text) => {
    expect(parseTimeout(text)).toMatchObject({ ok: false, problems: [{ want: expect.stringContaining("700s") }] })
  })

  test("a bare number is told that it lacks the unit", () => {
    expect(parseTimeout("700")).toMatchObject({ problems: [{ why: 'is "700" and lacks a unit' }] })
  })
})

test("neither throws on any text", () => {
  const timelike = fc.string({ unit: fc.constantFrom(..."0123456789:-. dhmsDHMS".split("")), maxLength: 30 })
  fc.assert(
    fc.property(fc.oneof(fc.string(), timelike, fc.double()), (text) => {
      for (const reading of [parseWalltime(text), parseTimeout(text)]) {
        if (reading.ok) expect(reading.value).toSatisfy((value: number) => Number.isSafeInteger(value) && value >= -1)
        else expect(reading.problems[0]?.want).not.toBe("")
      }
    }),
  )
})

interface Case {
  readonly case: string
  readonly dialect: string
  readonly text: string
  readonly expect: { readonly seconds?: number | null; readonly unlimited?: boolean; readonly error?: boolean }
}

const folder = [process.env["HAWSER_SHARED"], "../shared", "../../shared"]
  .filter((one) => one !== undefined)
  .map((one) => resolve(one, "cases/walltime.jsonl"))
  .find((one) => existsSync(one))
const cases =
  folder === undefined
    ? []
    : readFileSync(folder, "utf8")
        .trim()
        .split("\n")
        .map((line): Case => JSON.parse(line))
const ours = cases.filter(applies)

describe("the cases of other projects", () => {
  test.skipIf(cases.length === 0)("enough of them apply", ({ annotate }) => {
    expect(ours.length).toBeGreaterThan(80)
    console.log(`walltime: ${ours.length} of ${cases.length} cases apply`)
    return annotate(`${ours.length} of ${cases.length} cases apply`)
  })

  for (const one of ours) {
    test(`${one.case} ${one.dialect} ${JSON.stringify(one.text)}`, () => {
      const reading = parseWalltime(one.text)
      if (one.expect.error === true) expect(reading.ok).toBe(false)
      // We keep whole seconds and round up; Flux keeps fractions.
      else
        expect(reading).toEqual({
          ok: true,
          value: one.expect.unlimited === true ? -1 : Math.ceil(one.expect.seconds ?? NaN),
        })
    })
  }
})

/** Flux reads a bare number as seconds, Slurm as minutes, and so do we. Other dialects are outputs, not what people write. */
function applies({ dialect, text }: Case): boolean {
  if (dialect === "slurm" || dialect === "human_units") return true
  return dialect === "flux_fsd" && !/^\d+$/.test(text)
}
