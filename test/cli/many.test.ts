import { expect, test } from "vitest"
import type { Context } from "../../src/cli/context.ts"
import { Exit } from "../../src/cli/exit.ts"
import { eachOf, submitMany } from "../../src/cli/many.ts"
import { toPlain } from "../../src/control/plain.ts"
import { UsageError } from "../../src/errors.ts"
import { FakeHawser } from "../support/fake-hawser.ts"

function terminal(): { context: Context; said: string[]; printed: string[] } {
  const [said, printed]: [string[], string[]] = [[], []]
  const clock = { nonce: () => "abc" }
  const parts = {
    json: false,
    clock,
    say: (text: string) => said.push(text),
    print: (text: string) => printed.push(text),
  }
  return { context: parts as unknown as Context, said, printed }
}

test("what is no array is itself, and the jobs of one share everything but key and index", () => {
  const { context } = terminal()
  const one = { where: "line 1", request: { spec: { command: ["a"] }, base: "/data" } }
  expect(eachOf(one, context)).toEqual([one])
  const array = {
    where: "line 2",
    request: { ...one.request, spec: { command: ["a"], array: "0-1" }, executor: "hpc" },
  }
  expect(eachOf(array, context)).toMatchObject(
    ["job-abc[0]", "job-abc[1]"].map((key) => ({ where: "line 2", request: { key, base: "/data", executor: "hpc" } })),
  )
  const wrong = { where: "line 3", request: { spec: { array: "9-0" } } }
  expect(() => eachOf(wrong, context)).toThrow(/line 3/)
})

test("what all jobs of an array are refused for is said once", async () => {
  const { context, said, printed } = terminal()
  await using api = new FakeHawser({ stateDirectory: "/state" })
  const error = toPlain(new UsageError("SPEC_INVALID", { summary: "The job can't be submitted as it is written." }))
  const refusing = Object.assign(Object.create(api) as FakeHawser, {
    submit: async (requests: readonly unknown[]) => requests.map(() => ({ ok: false, error })),
  })
  const all = eachOf({ where: "line 4", request: { spec: { command: ["a"], array: "0-9" } } }, context)
  await expect(submitMany(context, refusing, all)).rejects.toBeInstanceOf(Exit)
  expect(said.filter((line) => line.startsWith("line 4"))).toEqual([
    expect.stringMatching(/written\.[^]* \(and 9 more of its array\)$/) as string,
  ])
  expect(said.at(-1)).toBe("0 accepted, 10 rejected")
  expect(printed).toEqual([])
})
