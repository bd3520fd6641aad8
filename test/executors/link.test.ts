import { expect, test } from "vitest"
import { TransportError } from "../../src/errors.ts"
import { ManagerLink } from "../../src/executors/link.ts"
import { directoryCacheMs } from "../../src/executors/ownership.ts"
import { memoryStore } from "../../src/persist/memory.ts"
import { homeName } from "../../src/remote/layout.ts"
import { Breaker } from "../../src/retry/breaker.ts"
import { Home } from "../../src/testing/home.ts"
import { runVerb } from "../../src/testing/verbs.ts"
import type { Session } from "../../src/transport/session.ts"
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

test("a session that ends while it is about to be handed out is replaced", async () => {
  const clock = virtualClock()
  const store = await memoryStore({ clock })
  const home = `/home/me/.hawser/${homeName(store.identity.stateId, "hpc")}`
  const homes = new Map([[home, new Home(home)]])
  homes.get(home)?.owners.set(1, "somebody else")
  const [now, run] = [() => 0, () => Promise.reject(new Error("no program"))] as const
  const nothing = (): void => undefined
  const host = { homes, now, seconds: now, seenOnNodesAt: now, run, strike: nothing, onRemoved: nothing }
  const ends: (() => void)[] = []
  const open = async (): Promise<Session> => ({
    address: "login",
    closed: new Promise((resolve) => ends.push(() => resolve(new Error("cut")))),
    ask: async (command) => command.parse(await runVerb(host, command.argv)),
    act: async (command) => command.parse(await runVerb(host, command.argv)),
    send: () => Promise.reject(new Error("no stream")),
    receive: () => Promise.reject(new Error("no stream")),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  })
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
  const breaker = new Breaker({ clock, onHealth: nothing })
  const deaf = { onLogin: nothing, watchHints: () => undefined, person: { isThere: false, arrivals: 0 } }
  const about = { executor: "hpc", address: "login", root: "~/.hawser", isOneHost: false }
  const link = new ManagerLink({ ...about, ...deaf, open, store, breaker, clock, log })
  const first = await link.session(signal, "loop")
  await clock.advance(directoryCacheMs)
  // The quiet time is over, and that is written down first.
  const append = store.append.bind(store)
  store.append = async (events) => {
    ends[0]?.()
    return append(events)
  }
  const second = await link.session(signal, "loop")
  expect(second.place.owner).toBe(first.place.owner + 1)
  expect(ends).toHaveLength(2)
})

test("a connection that fails counts, whoever wanted it", async () => {
  const { link, attempt, tries } = await closedDoor(locked)
  await expect(link.session(signal)).rejects.toBe(locked)
  await expect(link.session(signal)).rejects.toMatchObject({ code: "MANAGER_RESTING" })
  expect(await attempt()).toMatchObject({ code: "MANAGER_RESTING" })
  expect(tries()).toBe(1)
})
