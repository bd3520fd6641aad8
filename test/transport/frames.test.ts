import fc from "fast-check"
import { expect, test } from "vitest"
import { type Output, errorsReader, replyReader } from "../../src/transport/frames.ts"

const prefix = "hz-0123456789abcdef-"

type Seen = readonly ["begin", number] | readonly ["reply", number, number, string] | readonly ["broken", string]

function read(stream: Buffer, cuts: readonly number[]): Seen[] {
  const seen: Seen[] = []
  const reader = replyReader(prefix, {
    begin: (sequence) => seen.push(["begin", sequence]),
    reply: (sequence, { exitCode, body }: Output) => seen.push(["reply", sequence, exitCode, String(body)]),
    broken: (reason) => seen.push(["broken", reason]),
  })
  for (const chunk of pieces(stream, cuts)) reader(chunk)
  return seen
}

function pieces(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (stream.length + 1)).toSorted((a, b) => a - b), stream.length]
  return at.slice(1).map((end, index) => stream.subarray(at[index], end))
}

const begin = (sequence: number): string => `\n${prefix}${sequence} begin\n`
const reply = (sequence: number, text: string): string =>
  `\n${prefix}${sequence} reply 3 ${Buffer.byteLength(text)}\n${text}\n${prefix}${sequence} end\n`

test("answers are read the same however the stream is cut", () => {
  // A mark inside an answer is data; noise before and between answers is skipped.
  const bodies = ["", "ä漢🚢\n", `${prefix}9 reply 0 4\n`, `\n${prefix}1 end\n`]
  const text = bodies.map((body, index) => `motd hz- hz-0123${begin(index)}noise${reply(index, body)}`).join("")
  const expected = bodies.flatMap((body, index): Seen[] => [
    ["begin", index],
    ["reply", index, 3, body],
  ])
  const stream = Buffer.from(text)
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 20 }), (cuts) => {
      expect(read(stream, cuts)).toEqual(expected)
    }),
    { numRuns: 500 },
  )
  expect(read(stream, Array.from(stream.keys()))).toEqual(expected)
})

test("an answer into which something else wrote is broken, and nothing after it is believed", () => {
  const text = reply(1, "twelve bytes").replace("twelve", "twelve NOISE") + reply(2, "x")
  expect(read(Buffer.from(text), [])).toEqual([["broken", expect.stringContaining("longer or shorter")]])
})

test("an answer that was cut is no answer", () => {
  expect(read(Buffer.from(begin(1) + reply(1, "cut off").slice(0, -1)), [])).toEqual([["begin", 1]])
})

test("an answer that is too long to be sent tells its length", () => {
  expect(read(Buffer.from(`\n${prefix}4 toolong 0 99999999\n${reply(5, "x")}`), [])).toEqual([
    ["reply", 4, 0, "99999999"],
    ["reply", 5, 3, "x"],
  ])
})

test("a line that only quotes a mark is noise", () => {
  const echo = `{ hz_frame ${prefix}1 0 67108864 'true'\n+ printf ${prefix}1\n`
  expect(read(Buffer.from(echo + begin(1) + reply(1, "x")), [])).toEqual([
    ["begin", 1],
    ["reply", 1, 3, "x"],
  ])
})

test("the stderr of each command is what stands between its marks", () => {
  const stream = Buffer.from(
    `noise\n${prefix}1 err\nfirst ä\n\n${prefix}1 rre\nmore noise\n${prefix}2 err\n+ hz_frame ${prefix}2 0\n\n${prefix}2 rre\n`,
  )
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 12 }), (cuts) => {
      const seen: [number, string][] = []
      const reader = errorsReader(prefix, (sequence, text) => seen.push([sequence, text.toString()]))
      for (const chunk of pieces(stream, cuts)) reader(chunk)
      expect(seen).toEqual([
        [1, "first ä\n"],
        [2, `+ hz_frame ${prefix}2 0\n`],
      ])
      expect(reader.noise()).toContain("more noise")
    }),
    { numRuns: 300 },
  )
})
