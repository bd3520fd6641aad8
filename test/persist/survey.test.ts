import { describe, expect, test } from "vitest"
import { encodeLine } from "../../src/persist/line.ts"
import { type DamagedLine, survey } from "../../src/persist/survey.ts"

/** Claim, header, then a note for each number; `x` is a line that can't be read. */
function segment(...what: (number | "x")[]): Buffer {
  const records = [{ claim: { format: 1, owner: { epoch: 1 } } }, { header: {} }]
  const events = what.map((seq) =>
    seq === "x" ? 'damaged {"type":"note","job":"j1"}\n' : encodeLine(JSON.stringify({ seq, at: 1, type: "note" })),
  )
  return Buffer.from([...records.map((record) => encodeLine(JSON.stringify(record))), ...events].join(""))
}

const alone = { counted: Infinity, previousSeq: null, nextSeq: null }

function lostIn(lines: readonly DamagedLine[]): (string | null)[] {
  return lines.map(({ line, lost }) => (lost === null ? null : `${line}: ${lost.first}-${lost.last}`))
}

describe("what a damaged line has taken with it", () => {
  const cases: [string, Buffer, Partial<typeof alone> | { previousSeq: number; nextSeq: number }, (string | null)[]][] =
    [
      ["nothing is damaged", segment(1, 2, 3), {}, []],
      ["one between two", segment(1, "x", 3), {}, ["4: 2-2"]],
      ["two between two", segment(1, "x", "x", 4), {}, ["4: 2-2", "5: 3-3"]],
      ["one that has swallowed others", segment(1, "x", 6), {}, ["4: 2-5"]],
      ["one that was never an event", segment(1, "x", 2), {}, [null]],
      ["the first of all", segment("x", 2), {}, ["3: 1-1"]],
      ["the first behind another segment", segment("x", 9), { previousSeq: 7, nextSeq: 12 }, ["3: 8-8"]],
      ["the last before another segment", segment(1, "x"), { previousSeq: 0, nextSeq: 4 }, ["4: 2-3"]],
      [
        "the last, whose number the next owner has used again",
        segment(1, "x"),
        { previousSeq: 0, nextSeq: 2 },
        ["4: 2-2"],
      ],
      ["the last of all: most likely one event", segment(1, "x"), {}, ["4: 2-2"]],
      ["nothing else is there", segment("x"), {}, [null]],
    ]
  test.each(cases)("%s", (_, bytes, around, expected) => {
    expect(lostIn(survey(bytes, { ...alone, ...around }).damaged)).toEqual(expected)
  })

  test("what can still be read in it is told", () => {
    expect(survey(segment(1, "x", 3), alone).damaged[0]?.legible).toBe("note of job j1")
  })
})

test("what stands behind the part that counts is told apart", () => {
  const counted = segment(1, 2).length
  const bytes = Buffer.concat([segment(1, 2, 3, "x"), Buffer.from("torn")])
  const { firstSeq, lastSeq, lateRecords, tornBytes, damaged } = survey(bytes, { ...alone, counted })
  expect({ firstSeq, lastSeq, lateRecords, tornBytes }).toEqual({
    firstSeq: 1,
    lastSeq: 2,
    lateRecords: 1,
    tornBytes: 0,
  })
  expect(damaged.map(({ counts }) => counts)).toEqual([false])
  expect(survey(bytes, alone)).toMatchObject({ lastSeq: 3, lateRecords: 0, tornBytes: 4 })
})
