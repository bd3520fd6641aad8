/** docs/spec.md tells every field of a spec, and its examples are right. */
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { parseArray } from "../../src/job/array.ts"
import { parseSpec } from "../../src/job/index.ts"
import { knownSpecFields } from "../../src/job/specSchema.ts"

const page = readFileSync(new URL("../../docs/spec.md", import.meta.url), "utf8")
const rows = page.split("\n").flatMap((line) => {
  const cells = line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, ""))
  const field = /^`(\w+)`$/.exec(cells[0] ?? "")?.[1]
  const example = /^`(.*)`$/.exec(cells.at(-1) ?? "")?.[1]
  return field === undefined || example === undefined ? [] : [{ field, example }]
})

test.each([[[]], [["resources"]]])("every field at %j has its row", (path) => {
  const fields = knownSpecFields(path)?.fields ?? []
  expect(fields.length).toBeGreaterThan(10)
  expect(rows.map(({ field }) => field)).toEqual(expect.arrayContaining([...fields]))
})

test.each(rows)("the example of $field is taken: $example", ({ field, example }) => {
  const value: unknown = JSON.parse(example)
  const inSpec = knownSpecFields([])?.fields.includes(field) ?? false
  const command = field === "script" ? null : ["true"]
  // It stands for many jobs, and is taken apart before any of them is read.
  if (field === "array") return expect(parseArray(value)).toMatchObject({ ok: true })
  const raw = inSpec ? { command, [field]: value } : { command, resources: { [field]: value } }
  expect(parseSpec(raw, { base: "/base" })).toMatchObject({ ok: true })
})

test("the example at its head is taken", () => {
  const json = /```json\n([^]*?)```/.exec(page)?.[1] ?? ""
  expect(parseSpec(JSON.parse(json), { base: "/base" })).toMatchObject({ ok: true })
})
