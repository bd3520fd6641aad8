import { expect, test } from "vitest"
import { delayMsFor, policies } from "../../src/retry/index.ts"

test("what may have happened, was refused or is gone is never simply tried again", () => {
  const again = Object.entries(policies).flatMap(([name, { again: isAgain }]) => (isAgain ? [name] : []))
  expect(again).toEqual(["transient", "busy", "limit"])
})

test("delays double, keep to their cap, and are never nothing where there is a wait", () => {
  for (const [name, { delayMsFirst, delayMsMax }] of Object.entries(policies)) {
    const errorClass = name as keyof typeof policies
    for (const failures of [1, 2, 3, 50, 5000]) {
      const full = Math.min(delayMsMax, delayMsFirst * 2 ** Math.min(failures - 1, 30))
      expect(delayMsFor(errorClass, failures, 0)).toBe(full / 2)
      expect(delayMsFor(errorClass, failures, 1)).toBe(full)
    }
  }
})
