import { describe, expect, test } from "vitest"
import { type ErrorClass, HawserError } from "../../src/errors.ts"
import { retrying } from "../../src/retry/index.ts"
import { virtualClock } from "../support/virtual-clock.ts"

function failing(errorClass: ErrorClass, times: number): { operation: () => Promise<string>; tries: () => number } {
  let count = 0
  return {
    tries: () => count,
    operation: async () => {
      count += 1
      if (count <= times) throw new HawserError("MADE_UP", { summary: `Failure ${count}.`, class: errorClass })
      return "done"
    },
  }
}

describe("retrying", () => {
  const table: [ErrorClass, number][] = [
    ["transient", 3],
    ["busy", 3],
    ["limit", 3],
    ["in-doubt", 1],
    ["auth", 1],
    ["rejected", 1],
    ["unknown-job", 1],
    ["gone", 1],
  ]
  test.each(table)("%s: tried %i times when it fails twice", async (errorClass, tries) => {
    const clock = virtualClock()
    const one = failing(errorClass, 2)
    const result = retrying(clock, one.operation).catch((error: unknown) => error)
    await clock.advance(600_000)
    if (tries === 3) expect(await result).toBe("done")
    else expect(await result).toMatchObject({ code: "MADE_UP", class: errorClass, summary: "Failure 1." })
    expect(one.tries()).toBe(tries)
  })

  test("waits on our clock, longer each time, and tells before it does", async () => {
    const clock = virtualClock()
    const waits: number[] = []
    const one = failing("transient", 4)
    const result = retrying(clock, one.operation, { onRetry: (_, { delayMs }) => waits.push(delayMs) })
    for (let tries = 1; tries <= 4; tries++) {
      await clock.advance(0)
      expect([one.tries(), waits.length]).toEqual([tries, tries])
      const full = 1000 * 2 ** (tries - 1)
      expect(clock.nextIn()).toBeCloseTo(waits.at(-1) ?? 0)
      expect(clock.nextIn()).toBeGreaterThanOrEqual(full / 2)
      expect(clock.nextIn()).toBeLessThanOrEqual(full)
      await clock.advance(clock.nextIn() ?? 0)
    }
    expect(await result).toBe("done")
  })

  test("ends with the last error, as it was thrown, without waiting after it", async () => {
    const clock = virtualClock()
    const result = retrying(clock, failing("transient", 99).operation, { triesMax: 3 }).catch((error: unknown) => error)
    await clock.advance(10_000)
    expect(await result).toMatchObject({ summary: "Failure 3." })
    expect(clock.nextIn()).toBeNull()
  })

  test("a TypeError, and what is no error, count as transient like everything that is not ours", async () => {
    for (const thrown of [new TypeError("fetch failed"), "a string"]) {
      const clock = virtualClock()
      let tries = 0
      const result = retrying(clock, async () => {
        tries += 1
        // oxlint-disable-next-line typescript/only-throw-error
        if (tries === 1) throw thrown
        return "done"
      })
      await clock.advance(2_000)
      expect([await result, tries]).toEqual(["done", 2])
    }
  })

  test("an abort ends the wait with its reason", async () => {
    const clock = virtualClock()
    const controller = new AbortController()
    const one = failing("transient", 99)
    const result = retrying(clock, one.operation, { signal: controller.signal }).catch((error: unknown) => error)
    await clock.advance(0)
    controller.abort(new Error("enough"))
    expect(await result).toMatchObject({ message: "enough" })
    expect([one.tries(), clock.nextIn()]).toEqual([1, null])
  })
})
