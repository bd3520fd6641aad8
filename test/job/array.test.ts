import { describe, expect, test } from "vitest"
import { elementsOf, keysIn, parseArray } from "../../src/job/array.ts"
import { parseSpec } from "../../src/job/index.ts"
import { shared, sharedLines, withoutShared } from "../support/shared.ts"

const expanded = (spec: Record<string, unknown>, key?: string): readonly { key: string; spec: object }[] => {
  const elements = elementsOf(spec, { key, freshKey: () => "fresh" })
  if (elements?.ok !== true) throw new Error(`no array: ${JSON.stringify(elements)}`)
  return elements.value
}

const indicesOf = (said: unknown): readonly number[] | string => {
  const reading = parseArray(said)
  return reading.ok ? reading.value.indices : (reading.problems[0]?.why ?? "")
}

describe("which jobs an array says", () => {
  test.each<[unknown, readonly number[]]>([
    ["0-3", [0, 1, 2, 3]],
    ["3", [3]],
    [7, [7]],
    ["1,3,8-20:4", [1, 3, 8, 12, 16, 20]],
    ["0-4%2", [0, 1, 2, 3, 4]],
    [" 2 , 1-3 ", [2, 1, 3]],
    [
      [5, 1, 5],
      [5, 1],
    ],
  ])("%j", (said, indices) => expect(indicesOf(said)).toEqual(indices))

  test.each(["", "x", "3-1", "1-", "-5", "0-9%0", "0-9:0", "1,,2", "0-9%", [1.5], [-1], [], {}, null, true])(
    "%j is none",
    (said) => expect(indicesOf(said)).toEqual(expect.any(String)),
  )

  test("one without end is refused before it is counted out", () => {
    expect(indicesOf("0-99999999")).toMatch(/is "0-99999999"/)
    expect(indicesOf("0-9999999")).toMatch(/more than 4000000/)
    expect(indicesOf("0-3999999")).toMatch(/more than 100000 jobs/)
  })
})

describe("an array of jobs", () => {
  test("each has its key, its name, and its index in the environment", () => {
    const spec = { key: "sim", name: "Simulation", command: ["./sim"], env: { A: "1" }, array: "3,5" }
    expect(expanded(spec)).toEqual(
      [3, 5].map((index) => ({
        key: `sim[${index}]`,
        spec: {
          key: `sim[${index}]`,
          name: `Simulation[${index}]`,
          command: ["./sim"],
          env: { A: "1", HAWSER_ARRAY_INDEX: String(index) },
        },
      })),
    )
    expect(expanded(spec, "other").map(({ key }) => key)).toEqual(["other[3]", "other[5]"])
    expect(expanded({ command: ["a"], array: [1] }).map(({ key }) => key)).toEqual(["fresh[1]"])
  })

  test("the index stands in the names of files and in the jobs that are waited for, and nowhere else", () => {
    const [one] = expanded({
      command: ["date", "+%a"],
      inputs: ["data/%a.in", { from: "%4a.pot", to: "pot" }],
      outputs: ["%a.out"],
      stdin: "%a.in",
      into: "results/%3a",
      after: ["prepare[%a]", { job: "mesh[%a]", when: "ended" }],
      array: "12",
    })
    expect(one?.spec).toMatchObject({
      command: ["date", "+%a"],
      inputs: ["data/12.in", { from: "0012.pot", to: "pot" }],
      outputs: ["12.out"],
      stdin: "12.in",
      into: "results/012",
      after: ["prepare[12]", { job: "mesh[12]", when: "ended" }],
    })
  })

  test("so many at once: each waits for the one whose place it takes, however that ends", () => {
    const spec = { key: "k", command: ["a"], after: ["prepare"], array: "0-4%2" }
    expect(expanded(spec).map((one) => (one.spec as { after: unknown }).after)).toEqual([
      ["prepare"],
      ["prepare"],
      ["prepare", { job: "k[0]", when: "ended" }],
      ["prepare", { job: "k[1]", when: "ended" }],
      ["prepare", { job: "k[2]", when: "ended" }],
    ])
  })

  test("every job of it is a spec that can be read", () => {
    const array = { key: "k", command: ["a"], inputs: ["%a.in"], into: "r/%a", array: "0-2%1" }
    for (const { key, spec } of expanded(array))
      expect(parseSpec(spec, { base: "/data", key })).toMatchObject({ ok: true, value: { key } })
  })

  test("one folder for all results is refused", () => {
    const options = { freshKey: () => "fresh" }
    expect(elementsOf({ command: ["a"], into: "r", array: "0-1" }, options)).toMatchObject({
      ok: false,
      problems: [{ field: "into" }],
    })
    expect(elementsOf({ command: ["a"], into: "r", array: "0" }, options)).toMatchObject({ ok: true })
  })

  test("what says nothing of an array is none, and what says it wrongly is told by its field", () => {
    const options = { freshKey: () => "fresh" }
    for (const spec of [{ command: ["a"] }, { array: null }, null, 5, ["array"]])
      expect(elementsOf(spec, options)).toBeNull()
    expect(elementsOf({ array: "many" }, options)).toMatchObject({ ok: false, problems: [{ field: "array" }] })
  })

  test("where one job is read, an array is a problem with the way out", () => {
    expect(parseSpec({ command: ["a"], array: "0-9" }, { base: "/" })).toMatchObject({
      ok: false,
      problems: [{ field: "array", want: expect.stringContaining("hawser batch") as string }],
    })
    expect(parseSpec({ command: ["a"], array: null }, { base: "/" })).toMatchObject({ ok: true })
  })
})

describe("waiting for an array", () => {
  test("its jobs are named with their indices, and each is waited for", () => {
    expect(keysIn("sim[0-2]")).toEqual(["sim[0]", "sim[1]", "sim[2]"])
    expect(keysIn("sim[1,4]")).toEqual(["sim[1]", "sim[4]"])
    const reading = parseSpec({ command: ["a"], after: ["sim[0-1]", { job: "x[2,3]", when: "ended" }] }, { base: "/" })
    expect(reading.ok && reading.value.spec.after).toEqual([
      { job: "sim[0]", when: "completed" },
      { job: "sim[1]", when: "completed" },
      { job: "x[2]", when: "ended" },
      { job: "x[3]", when: "ended" },
    ])
  })

  test.each(["sim", "sim[3]", "sim[a-b]", "[0-3]", "sim[3-1]", "sim[0-99999999]"])("%s stands for itself", (name) => {
    expect(keysIn(name)).toEqual([name])
  })
})

test.skipIf(shared === null)(`arrays as other projects read them${withoutShared}`, () => {
  const all = sharedLines<{ kind: string; text: string; expect: readonly number[] }>("cases/hostlist.jsonl")
  const ran = all.filter(({ kind, text }) => kind === "array_spec" && text !== "")
  for (const { text, expect: indices } of ran) expect(indicesOf(text), text).toEqual(indices)
  expect(ran.length).toBeGreaterThan(0)
  console.info(`array_spec: ${ran.length} cases ran; an empty one is no array to us`)
})
