/** Amounts of memory. */
import fc from "fast-check"
import { expect, test } from "vitest"
import { formatSize, parseSize } from "../../src/job/index.ts"

test.each<[string | number, number]>([
  ["4G", 4 * 1024 ** 3],
  ["4g", 4 * 1024 ** 3],
  ["4GB", 4 * 1024 ** 3],
  ["4GiB", 4 * 1024 ** 3],
  ["4 GiB", 4 * 1024 ** 3],
  ["512MiB", 512 * 1024 ** 2],
  ["4096", 4096 * 1024 ** 2],
  [4096, 4096 * 1024 ** 2],
  ["1.5G", 1536 * 1024 ** 2],
  ["0.3K", 308],
  ["100B", 100],
  ["1T", 1024 ** 4],
  ["1P", 1024 ** 5],
  ["0", 0],
])("%j is %d bytes", (text, bytes) => {
  expect(parseSize(text)).toEqual({ ok: true, value: bytes })
})

test.each(["", "G", "4X", "-4G", "4Gb/s", "1,5G", "4 0G", "1e9", "9999999P", "NaN", "4iB"])("%j is refused", (text) => {
  expect(parseSize(text)).toMatchObject({ ok: false, problems: [{ want: expect.stringContaining("4G") }] })
})

test.each([
  [4 * 1024 ** 3, "4G"],
  [1536 * 1024 ** 2, "1536M"],
  [1000, "1000B"],
  [0, "0B"],
])("%d bytes are formatted as %s", (bytes, text) => {
  expect(formatSize(bytes)).toBe(text)
})

test("what is formatted is read back as the same", () => {
  fc.assert(
    fc.property(fc.nat({ max: 1e9 }), fc.constantFrom(1, 1024, 1024 ** 2), (count, unit) => {
      expect(parseSize(formatSize(count * unit))).toEqual({ ok: true, value: count * unit })
    }),
  )
})

test("no text makes it throw", () => {
  const sizelike = fc.string({ unit: fc.constantFrom(..."0123456789.kMGiB ".split("")), maxLength: 25 })
  fc.assert(fc.property(fc.oneof(fc.string(), sizelike, fc.double()), (text) => void parseSize(text)))
})
