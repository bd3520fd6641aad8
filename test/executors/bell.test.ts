import { describe, expect, test } from "vitest"
import { Bell } from "../../src/executors/bell.ts"
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts"

/** Whether the wait is over when `ms` have passed. */
async function isOverAfter(clock: VirtualClock, wait: Promise<void>, ms = 0): Promise<boolean> {
  let isOver = false
  void wait.then(() => (isOver = true))
  await clock.advance(ms)
  return isOver
}

describe("a bell", () => {
  const never = new AbortController().signal
  const withBell = (): { clock: VirtualClock; bell: Bell } => {
    const clock = virtualClock()
    return { clock, bell: new Bell(clock) }
  }

  test("wakes whoever waits, and rung before, the next one at once, and only that", async () => {
    const { clock, bell } = withBell()
    const first = bell.wait(null, never)
    expect(await isOverAfter(clock, first, 1e6)).toBe(false)
    bell.ring()
    expect(await isOverAfter(clock, first)).toBe(true)
    bell.ring()
    expect(await isOverAfter(clock, bell.wait(5_000, never))).toBe(true)
    expect(await isOverAfter(clock, bell.wait(5_000, never), 4_999)).toBe(false)
  })

  test.each([
    ["a ring alone", null, true],
    ["what is minutes away", 300_000, true],
    ["what comes soon by itself", 1_000, false],
  ])("a nudge wakes the one who waits for %s, or not: also one that came before", async (_, ms, wakes) => {
    const { clock, bell } = withBell()
    const wait = bell.wait(ms, never)
    await clock.advance(10)
    bell.nudge(1_000)
    expect(await isOverAfter(clock, wait)).toBe(wakes)
    await clock.advance(1_000)
    bell.nudge(1_000)
    expect(await isOverAfter(clock, bell.wait(ms, never))).toBe(wakes)
  })

  test("one who has waited for most of his time is not nudged any more", async () => {
    const { clock, bell } = withBell()
    const wait = bell.wait(300_000, never)
    await clock.advance(299_500)
    bell.nudge(1_000)
    expect(await isOverAfter(clock, wait)).toBe(false)
    expect(await isOverAfter(clock, wait, 500)).toBe(true)
  })
})
