/** The manager's own submit limits: found out by a few refusals, kept to, and tried again seldom. */
import { expect, test } from "vitest"
import { Lanes } from "../../src/executors/lanes.ts"
import { Throttle } from "../../src/executors/throttle.ts"
import type { Job, LearnedLimit } from "../../src/job/index.ts"
import { jobOf } from "../support/jobs.ts"
import { virtualClock } from "../support/virtual-clock.ts"

const minuteMs = 60_000
const tiny = jobOf({}, { account: "tiny" })
const other = jobOf({}, { account: "proj" })
const words = "AssocMaxSubmitJobLimit"

/** A manager that takes `max` jobs of a kind, and goes on counting them for a second after their end. */
class Manager {
  readonly clock = virtualClock()
  readonly lanes: Lanes
  readonly learned: LearnedLimit[] = []
  max = 2
  refusals = 0
  taken = 0
  private counted = 0
  private running = 0

  constructor(learned: readonly LearnedLimit[] = []) {
    this.lanes = new Lanes(this.clock, learned)
  }

  readonly inside = (): number => this.running

  /** As many as there is room for, one after another. */
  submit(): void {
    while (this.lanes.room(tiny, this.inside) > 0) {
      const isTaken = this.counted < this.max
      if (isTaken) {
        this.counted += 1
        this.running += 1
        this.taken += 1
      } else this.refusals += 1
      const learned = isTaken ? this.lanes.accepted(tiny, this.inside) : this.lanes.refused(tiny, this.inside, words)
      if (learned !== null) this.learned.push(learned)
      if (this.refusals > 100) throw new Error("a flood")
      if (this.taken > 1_000) return
    }
  }

  async end(): Promise<void> {
    this.running -= 1
    this.lanes.left(tiny)
    void this.clock.sleep(900).then(() => (this.counted -= 1))
  }
}

test("without a refusal there is no limit", () => {
  const { lanes } = new Manager()
  expect(lanes.room(tiny, () => 1_000)).toBe(Infinity)
  expect([lanes.waitMs(tiny), lanes.reason(tiny)]).toEqual([null, null])
})

test("one refusal teaches the limit, and a place that is free again is taken when it is counted out", async () => {
  const manager = new Manager()
  manager.submit()
  expect(manager.learned).toEqual([{ queue: null, account: "tiny", qos: null, max: 2, reason: words }])
  for (let ended = 0; ended < 20; ended += 1) {
    await manager.end()
    manager.submit()
    await manager.clock.advance(5_000)
    manager.submit()
  }
  expect([manager.taken, manager.refusals]).toEqual([22, 1])
  expect(manager.lanes.reason(tiny)).toContain("takes 2 at a time")
  expect(
    manager.lanes.room(other, () => 5),
    "others are not concerned",
  ).toBe(Infinity)
})

test("a manager that counts longer than that makes us wait longer, and is not believed to take less", async () => {
  const manager = new Manager()
  manager.submit()
  manager.max = 1
  await manager.end()
  await manager.clock.advance(1_100)
  manager.submit()
  expect(manager.refusals).toBe(2)
  expect(manager.lanes.room(tiny, manager.inside), "for a while").toBe(0)
  manager.max = 2
  await manager.clock.advance(2_000)
  manager.submit()
  expect([manager.taken, manager.learned.length]).toEqual([3, 1])
})

test("where others have taken the place for good, the limit is lower", async () => {
  const manager = new Manager()
  manager.submit()
  manager.max = 1
  await manager.end()
  for (let minutes = 0; minutes < 4; minutes += 1) {
    await manager.clock.advance(minuteMs)
    manager.submit()
  }
  expect(manager.learned.at(-1)?.max).toBe(2)
  for (let minutes = 0; minutes < 2; minutes += 1) {
    await manager.clock.advance(minuteMs)
    manager.submit()
  }
  expect(manager.learned.at(-1)?.max).toBe(1)
})

test("a limit is tried seldom, and one that was raised is found by ever larger steps", async () => {
  const manager = new Manager()
  manager.submit()
  for (let minutes = 0; minutes < 60; minutes += 1) {
    await manager.clock.advance(minuteMs)
    manager.submit()
  }
  expect(manager.refusals, "in an hour").toBeLessThanOrEqual(5)
  manager.max = 500
  for (let minutes = 0; minutes < 120; minutes += 1) {
    await manager.clock.advance(minuteMs)
    manager.submit()
  }
  expect(manager.taken).toBe(500)
  expect(manager.learned.at(-1)?.max).toBe(500)
})

test("where not even one is taken it is tried again soon at first", async () => {
  const manager = new Manager()
  manager.max = 0
  manager.submit()
  expect([manager.refusals, manager.lanes.room(tiny, manager.inside)]).toEqual([1, 0])
  await manager.clock.advance(5_000)
  manager.submit()
  expect(manager.refusals).toBe(2)
  manager.max = 10
  await manager.clock.advance(minuteMs)
  manager.submit()
  expect(manager.taken).toBe(10)
})

test("what an earlier controller has found out is known from the start", () => {
  const manager = new Manager([{ queue: null, account: "tiny", qos: null, max: 2, reason: words }])
  manager.submit()
  expect([manager.taken, manager.refusals]).toEqual([2, 0])
})

test("few are under way at first, and more with each that is taken", async () => {
  const throttle = new Throttle(virtualClock(), { maxQueued: null, maxSubmitPerMinute: null, capacity: null })
  let [underWay, most, limitedAt] = [0, 0, 0]
  const jobs: readonly Job[] = Array.from({ length: 100 }, () => tiny)
  const submit = async (_: Job, index: number): Promise<void> =>
    throttle.inTurn(
      tiny,
      () => [],
      async () => {
        underWay += 1
        most = Math.max(most, underWay)
        await new Promise((resolve) => setImmediate(resolve))
        underWay -= 1
        if (index === 0) limitedAt = most
        throttle.accepted(tiny, () => [])
      },
    )
  await Promise.all(jobs.map(submit))
  expect([limitedAt, most]).toEqual([4, 32])
})
