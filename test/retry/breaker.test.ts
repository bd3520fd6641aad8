import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type ErrorClass, TransportError } from "../../src/errors.ts"
import { Breaker } from "../../src/retry/index.ts"
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts"

const minute = 60_000

function failure(errorClass: ErrorClass): TransportError {
  return new TransportError("MADE_UP", { summary: `It is ${errorClass}.`, class: errorClass })
}

function breakerOn(clock: VirtualClock): { breaker: Breaker; told: string[] } {
  const told: string[] = []
  return { breaker: new Breaker({ clock, onHealth: (health) => told.push(health) }), told }
}

describe("a manager that works", () => {
  test("may be asked by all, at any time, and nothing is told", () => {
    const { breaker, told } = breakerOn(virtualClock())
    for (let times = 0; times < 10; times++) {
      expect(breaker.enter()).toBe(0)
      breaker.succeeded()
    }
    expect([told, breaker.probes]).toEqual([[], 0])
  })
})

describe("a manager that is down", () => {
  test("is asked again after delays that double up to five minutes, by one at a time", async () => {
    const clock = virtualClock({ seed: 3 })
    const { breaker } = breakerOn(clock)
    const delays: number[] = []
    for (let failures = 1; failures <= 15; failures++) {
      expect(breaker.enter("submit")).toBe(0)
      const delayMs = breaker.failed(failure("transient"), "submit")
      delays.push(delayMs)
      expect(breaker.enter("monitor")).toBeCloseTo(delayMs)
      await clock.advance(delayMs)
    }
    delays.forEach((delayMs, index) => {
      const full = Math.min(5 * minute, 1000 * 2 ** index)
      expect(delayMs).toBeGreaterThanOrEqual(full / 2)
      expect(delayMs).toBeLessThanOrEqual(full)
    })
    expect(new Set(delays.map((delayMs, index) => delayMs / 2 ** index)).size).toBeGreaterThan(8)
    expect(breaker.probes).toBe(14)
  })

  test("one prober goes first; only its own outcome ends its probe", async () => {
    const clock = virtualClock()
    const { breaker } = breakerOn(clock)
    await clock.advance(breaker.failed(failure("transient"), "submit"))
    expect(breaker.enter("monitor")).toBe(0)
    expect(breaker.enter("monitor")).toBe(0)
    breaker.release("collect")
    expect(breaker.enter("submit")).toBeGreaterThan(0)
    breaker.failed(failure("transient"), "submit")
    expect(breaker.enter("submit")).toBeGreaterThan(0)
    breaker.release("monitor")
    expect(breaker.enter("submit")).toBe(0)
    expect(breaker.probes).toBe(2)
  })

  test("failures of what was under way when it opened count once", () => {
    const { breaker } = breakerOn(virtualClock())
    const delays = ["submit", "monitor", "collect"].map((who) => breaker.failed(failure("transient"), who))
    expect(Math.max(...delays)).toBeLessThanOrEqual(1000)
  })

  test("is asked by all as soon as anybody had an answer, and the delays begin anew", async () => {
    const clock = virtualClock()
    const { breaker, told } = breakerOn(clock)
    for (let failures = 0; failures < 6; failures++) await clock.advance(breaker.failed(failure("transient")))
    breaker.enter()
    breaker.succeeded()
    expect([breaker.enter(), breaker.enter()]).toEqual([0, 0])
    expect(breaker.failed(failure("transient"))).toBeLessThanOrEqual(1000)
    expect(told).toEqual(["unreachable", "up", "unreachable"])
  })

  test("a person can have it asked at once", () => {
    const { breaker } = breakerOn(virtualClock())
    breaker.failed(failure("auth"))
    expect(breaker.enter()).toBeGreaterThan(0)
    breaker.retryNow()
    expect(breaker.enter()).toBe(0)
  })
})

describe("a login that is refused", () => {
  test("is tried seldom: in a day a login node sees fewer than fifty tries", async () => {
    const clock = virtualClock()
    const { breaker, told } = breakerOn(clock)
    let tries = 0
    while (clock.monotonic() < 24 * 60 * minute) {
      const waitMs = breaker.enter()
      if (waitMs > 0) await clock.advance(waitMs)
      else {
        tries += 1
        breaker.failed(failure("auth"))
      }
    }
    expect(tries).toBeLessThan(50)
    expect(told).toEqual(["needs-login"])
  })

  test("stays one while others fail in other ways", () => {
    const { breaker, told } = breakerOn(virtualClock())
    const delayMs = breaker.failed(failure("auth"), "submit")
    expect(delayMs).toBeGreaterThanOrEqual(minute / 2)
    expect(breaker.failed(failure("transient"), "monitor")).toBeCloseTo(delayMs)
    expect(told).toEqual(["needs-login"])
  })
})

describe("health", () => {
  const table: [ErrorClass, string[]][] = [
    ["transient", ["unreachable"]],
    ["busy", ["degraded"]],
    ["in-doubt", ["unreachable"]],
    ["auth", ["needs-login"]],
    ["gone", ["gone"]],
    ["limit", []],
    ["rejected", []],
    ["unknown-job", []],
  ]
  test.each(table)("after %s", (errorClass, health) => {
    const { breaker, told } = breakerOn(virtualClock())
    const delayMs = breaker.failed(failure(errorClass))
    expect(told).toEqual(health)
    expect(delayMs > 0).toBe(health.length > 0)
    expect(breaker.enter() > 0).toBe(health.length > 0)
  })

  test("degraded holds while what still works goes on, and ends when it is not said again", async () => {
    const clock = virtualClock()
    const { breaker, told } = breakerOn(clock)
    for (let sweeps = 0; sweeps < 10; sweeps++) {
      breaker.degraded("accounting is down")
      breaker.succeeded()
      await clock.advance(10_000)
    }
    expect(told).toEqual(["degraded"])
    await clock.advance(2 * minute)
    breaker.succeeded()
    expect(told).toEqual(["degraded", "up"])
  })
})

test("whatever happens: never two probers at a time, and a wait always ends", () => {
  const step = fc.constantFrom("enter", "fail", "succeed", "release", "wait", "auth")
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.constantFrom("a", "b", "c")), { maxLength: 60 }), (steps) => {
      let nowMs = 0
      const clock = { ...virtualClock(), monotonic: () => nowMs }
      const { breaker } = breakerOn(clock)
      let isOpen = false
      let prober: string | null = null
      for (const [what, who] of steps) {
        if (what === "wait") nowMs += 3_600_000
        if (what === "enter" && breaker.enter(who) === 0 && isOpen) {
          expect(prober === null || prober === who).toBe(true)
          prober = who
        }
        const isOwn = prober === null || prober === who
        if (what === "fail" || what === "auth") {
          breaker.failed(failure(what === "fail" ? "transient" : "auth"), who)
          isOpen = true
          if (isOwn) prober = null
        }
        if (what === "succeed") {
          breaker.succeeded()
          isOpen = false
          prober = null
        }
        if (what === "release") {
          breaker.release(who)
          if (isOwn) prober = null
        }
        expect(breaker.enter("nobody") <= 3_600_000).toBe(true)
        breaker.release("nobody")
      }
    }),
    { numRuns: 500, seed: 5 },
  )
})
