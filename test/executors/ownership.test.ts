/** Who may act over there, and when: an owner that may go on is waited for, one that is dead is not. (PROTOCOL 26) */
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { Ownership, directoryCacheMs, greeting, quietText } from "../../src/executors/ownership.ts"
import { type JobStore, openStore, systemHost } from "../../src/persist/index.ts"
import { runVerb } from "../../src/testing/verbs.ts"
import type { Session } from "../../src/transport/session.ts"
import { Stand, ended, eventsOf, submit, when } from "../support/stand.ts"
import { virtualClock } from "../support/virtual-clock.ts"

const { signal } = new AbortController()
const executor = "hpc"
const root = "/home/me/.hawser"

/** A manager's host without shells, and state directories whose owners have all been killed unless it is said. */
function site() {
  const clock = virtualClock()
  const folder = mkdtempSync(join(tmpdir(), "hawser-owner-"))
  const stores: JobStore[] = []
  onTestFinished(async () => {
    for (const store of stores) await store[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })
  const run = () => Promise.reject(new Error("no program"))
  const strike = (): void => undefined
  const said = { strike, onRemoved: strike }
  const host = {
    homes: new Map(),
    now: () => clock.monotonic(),
    seconds: () => 0,
    seenOnNodesAt: () => 0,
    run,
    ...said,
  }
  const session: Session = {
    address: "me@virtual",
    closed: new Promise(() => undefined),
    ask: async (command) => command.parse(await runVerb(host, command.argv)),
    act: async (command) => command.parse(await runVerb(host, command.argv)),
    send: () => Promise.reject(new Error("no stream")),
    receive: () => Promise.reject(new Error("no stream")),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  /** A controller on this directory. `isAlive`: nobody can say that the one before it is dead. */
  const controller = async (name: string, isAlive = false): Promise<{ store: JobStore; ownership: Ownership }> => {
    const startTimeOf = (pid: number) => (isAlive ? systemHost.startTimeOf(pid) : Promise.resolve(null))
    const host = { ...systemHost, startTimeOf }
    const store = await openStore(join(folder, name), { clock, takeOver: isAlive, host })
    stores.push(store)
    return { store, ownership: new Ownership({ executor, root, store, clock }) }
  }
  /** Connects, and returns how long it has to be quiet. */
  const connect = async ({ store, ownership }: Awaited<ReturnType<typeof controller>>): Promise<number> => {
    await ownership.take(session, await session.ask(greeting({ executor, root, store })), signal)
    return ownership.quietMs
  }
  const copy = (from: string, to: string): void => cpSync(join(folder, from), join(folder, to), { recursive: true })
  return { clock, session, controller, connect, copy }
}

test("the first owner, one that connects again, and one after a dead one act at once", async () => {
  const { controller, connect } = site()
  const first = await controller("one")
  expect(await connect(first)).toBe(0)
  expect(await connect(first)).toBe(0)
  expect(await connect(await controller("one"))).toBe(0)
})

test("one that takes over from one that may go on waits for as long as that one's host may not see it", async () => {
  const { clock, session, controller, connect } = site()
  await connect(await controller("one"))
  const second = await controller("one", true)
  expect(await connect(second)).toBe(directoryCacheMs)
  const quiet = second.ownership.quieted(session)
  const effect = { argv: ["hz_hints", "x"], parse: () => "done" }
  await expect(quiet.act(effect)).rejects.toMatchObject({ code: "OWNER_NOT_SETTLED", waitMs: directoryCacheMs })
  expect(await quiet.ask(effect)).toBe("done")
  await clock.advance(20_000)
  expect(await connect(second), "the same wait, over another connection").toBe(directoryCacheMs - 20_000)
  await clock.advance(directoryCacheMs)
  expect(await quiet.act(effect)).toBe("done")
  expect(await connect(second)).toBe(0)
})

test("a successor of one that was killed while it waited waits too; of one that had waited, not", async () => {
  const { clock, controller, connect } = site()
  await connect(await controller("one"))
  await connect(await controller("one", true))
  const third = await controller("one")
  expect(await connect(third)).toBe(directoryCacheMs)
  await clock.advance(directoryCacheMs)
  await third.ownership.settle()
  expect(await connect(await controller("one"))).toBe(0)
})

test("one that never connected proves nothing of the living one before it", async () => {
  const { controller, connect } = site()
  await connect(await controller("one"))
  await controller("one", true)
  expect(await connect(await controller("one"))).toBe(directoryCacheMs)
})

test("one that was killed between its word and its number leaves nothing to wait for", async () => {
  const { controller, connect } = site()
  await connect(await controller("one"))
  const { store, ownership } = await controller("one")
  const cut = { ask: () => Promise.reject(new Error("cut")), act: () => Promise.reject(new Error("cut")) }
  const facts = await site().session.ask(greeting({ executor, root, store }))
  await expect(ownership.take({ ...site().session, ...cut }, { ...facts, owner: 0 }, signal)).rejects.toThrow("cut")
  expect(await connect(await controller("one"))).toBe(0)
})

test("of a copy of the directory nobody knows whether it goes on", async () => {
  const { controller, connect, copy } = site()
  await connect(await controller("one"))
  copy("one", "two")
  const copied = await controller("two")
  expect(await connect(copied), "the owner that both know is dead").toBe(0)
  const original = await controller("one")
  expect(await connect(original)).toBe(directoryCacheMs)
  expect(await connect(copied), "and the other way round").toBe(directoryCacheMs)
})

test("while it is quiet, jobs that run are watched and collected; those that are new wait, and say for what", async () => {
  await using stand = new Stand()
  const first = await stand.fleet({}, await stand.journal())
  const running = await submit(first, { command: stand.leaving("a", "sleep 1") })
  await when(first, running.id, ({ state }) => state === "running")
  stand.copyState("state", "copy")
  const store = await openStore(stand.path("copy"), { clock: stand.clock, takeOver: true })
  const fleet = await stand.fleet({}, store, "copy")
  const events = eventsOf(fleet)
  const waiting = await submit(fleet, { command: stand.leaving("b") })
  await when(fleet, waiting.id, (job) => job.waiting === quietText)
  expect((await fleet.explain(waiting.id)).waits[0]?.for).toContain("owner before this one")
  expect((await fleet.status()).executors).toMatchObject([{ health: "degraded", reason: quietText }])
  expect(await ended(fleet, running)).toMatchObject({ state: "completed" })
  expect(stand.ran, "nothing has been submitted").toEqual(["a"])
  expect(await ended(fleet, waiting)).toMatchObject({ state: "completed" })
  expect(events.filter(({ type }) => type === "owner")).toMatchObject([{ settled: false }, { settled: true }])
})
