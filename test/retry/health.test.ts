/** From each health of a manager to the next, by all that can be seen of it: the rows of docs/judging.md. */
import { describe, expect, test } from "vitest"
import { TransportError } from "../../src/errors.ts"
import type { Health } from "../../src/job/index.ts"
import { Breaker } from "../../src/retry/breaker.ts"
import { type HealthSign, healthAfter } from "../../src/retry/health.ts"
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts"

const failure = (errorClass: "transient" | "in-doubt" | "busy" | "auth" | "gone"): TransportError =>
  new TransportError("MADE_UP", { summary: errorClass, class: errorClass })

const rows: readonly (readonly [HealthSign, Health, Health | "as it is"])[] = [
  ["answered", "up", "up"],
  ["troubled", "degraded", "degraded"],
  ["in-part", "degraded", "as it is"],
  ["transient", "unreachable", "unreachable"],
  ["in-doubt", "unreachable", "unreachable"],
  ["busy", "degraded", "degraded"],
  ["auth", "needs-login", "needs-login"],
  ["gone", "gone", "gone"],
]

/** Shows a sign to a breaker, when it may be asked. */
async function show(breaker: Breaker, clock: VirtualClock, sign: HealthSign): Promise<void> {
  await clock.advance(breaker.enter())
  if (sign === "answered") return breaker.succeeded()
  if (sign === "in-part") return breaker.degraded("in part")
  if (sign !== "troubled") return void breaker.failed(failure(sign))
  breaker.degraded("in part")
  breaker.succeeded()
}

const signOf: Readonly<Record<Health, HealthSign>> = {
  up: "answered",
  degraded: "busy",
  unreachable: "transient",
  "needs-login": "auth",
  gone: "gone",
}

describe.each(Object.keys(signOf) as Health[])("a manager that is %s", (from) => {
  test.each(rows)("and %s", async (sign, whenThere, whenAway) => {
    const clock = virtualClock()
    const told: Health[] = []
    const breaker = new Breaker({ clock, onHealth: (health) => void told.push(health) })
    await show(breaker, clock, signOf[from])
    const before = told.at(-1) ?? "up"
    expect(before).toBe(from)
    const isThere = from === "up" || from === "degraded"
    const wanted = isThere ? whenThere : whenAway === "as it is" ? from : whenAway
    const count = told.length
    await show(breaker, clock, sign)
    expect(healthAfter[from][sign]).toBe(wanted)
    expect(told.at(-1) ?? "up").toBe(wanted)
    // One event for a change; none, or a new reason, where it stays.
    if (wanted !== from) expect(told.length).toBeGreaterThan(count)
    expect(told.slice(count).filter((health) => health !== wanted && sign !== "troubled")).toEqual([])
  })
})
