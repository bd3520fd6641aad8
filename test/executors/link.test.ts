import { expect, test } from "vitest"
import { TransportError } from "../../src/errors.ts"
import { ManagerLink } from "../../src/executors/link.ts"
import { memoryStore } from "../../src/persist/memory.ts"
import { Breaker } from "../../src/retry/breaker.ts"
import { virtualClock } from "../support/virtual-clock.ts"

const locked = new TransportError("PERSON_NEEDED", { summary: "It is locked.", class: "auth" })
const refused = new TransportError("AUTH_FAILED", { summary: "It is refused.", class: "auth" })
const { signal } = new AbortController()

/** A login that fails, and how often it was tried. */
async function closedDoor(error: TransportError, whileTrying: (tries: number) => void = () => undefined) {
  const clock = virtualClock()
  const attendance = { isThere: false, arrivals: 0 }
  const come = (): void => void Object.assign(attendance, { isThere: true, arrivals: attendance.arrivals + 1 })
  let tries = 0
  const open = async (): Promise<never> => {
    tries += 1
    whileTrying(tries)
    throw error
  }
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
  const breaker = new Breaker({ clock, onHealth: () => undefined })
  const store = await memoryStore({ clock })
  const deaf = { onLogin: () => undefined, watchHints: () => undefined }
  const about = { executor: "hpc", address: "login", root: "~/.hawser", isOneHost: false }
  const link = new ManagerLink({ ...about, ...deaf, open, person: attendance, store, breaker, clock, log })
  /** As a loop of the engine does. */
  const attempt = async (): Promise<unknown> => {
    const failure = await link.session(signal, "loop").catch((caught: TransportError) => caught)
    if (failure instanceof TransportError) await link.failed(failure, "loop")
    return failure
  }
  return { link, come, attendance, attempt, tries: () => tries }
}

test("a person who comes ends the back-off of a locked login, once", async () => {
  const { link, come, attempt, tries } = await closedDoor(locked)
  expect(await attempt()).toBe(locked)
  expect(await attempt(), "the breaker waits").toMatchObject({ code: "MANAGER_RESTING" })
  expect(link.retryWithPerson(), "nobody is there").toBe(false)
  come()
  expect(link.retryWithPerson()).toBe(true)
  expect(await attempt()).toBe(locked)
  expect(link.retryWithPerson(), "it is the same person, who has been asked").toBe(false)
  come()
  expect(link.retryWithPerson()).toBe(true)
  expect(tries()).toBe(2)
})

test("one who comes and goes is not waited for", async () => {
  const { link, come, attendance, attempt } = await closedDoor(locked)
  await attempt()
  come()
  attendance.isThere = false
  expect(link.retryWithPerson()).toBe(false)
})

test("one who comes while the login is tried is asked without a pause", async () => {
  const { come, attempt, tries } = await closedDoor(locked, (number) => number === 1 && come())
  expect(await attempt()).toBe(locked)
  expect(tries()).toBe(2)
})

test("one who comes to a question that another one was asked is not asked twice", async () => {
  const { link, come, attempt, tries } = await closedDoor(locked, (number) => number === 2 && come())
  await attempt()
  come()
  link.retryWithPerson()
  await attempt()
  expect([tries(), link.retryWithPerson()]).toEqual([2, false])
})

test("a login that no answer would open is left to its back-off", async () => {
  const { link, come, attempt, tries } = await closedDoor(refused, (number) => number === 1 && come())
  await attempt()
  come()
  expect([link.retryWithPerson(), tries()]).toEqual([false, 1])
})
