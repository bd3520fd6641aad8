import { randomBytes } from "node:crypto"
import { Readable } from "node:stream"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { type Session, openSession } from "../../src/transport/session.ts"
import { ssh2Transport } from "../../src/transport/ssh2.ts"
import { type DelayingProxy, delayingProxy } from "../support/delaying-proxy.ts"
import { type TestSshd, hasSshd, testSshd } from "../support/sshd.ts"
import { failure, raw } from "../transport/contract.ts"

const delayMs = 25

describe.skipIf(!hasSshd)(hasSshd ? "a connection" : "a connection (skipped: there is no sshd)", () => {
  let sshd: TestSshd
  beforeAll(async () => void (sshd = await testSshd(["MaxSessions 10"])))
  afterAll(() => sshd[Symbol.asyncDispose]())

  /** Through a proxy: the host key is known under the name of the sshd itself. */
  const connect = async (proxy: DelayingProxy, lines: readonly string[] = [], to = sshd): Promise<Session> => {
    const { writeFileSync } = await import("node:fs")
    const configFile = `${to.directory}/config-${randomBytes(4).toString("hex")}`
    const alias = `HostKeyAlias [127.0.0.1]:${to.config.port}`
    writeFileSync(configFile, ["GlobalKnownHostsFile none", "IdentityAgent none", alias, ...lines, ""].join("\n"))
    const transport = ssh2Transport({ ...to.config, port: proxy.port, configFile }, { clock: systemClock })
    return openSession(transport, { clock: systemClock, prelude: "" })
  }
  const through = (to: TestSshd, delay = 0): Promise<DelayingProxy> =>
    delayingProxy({ host: "127.0.0.1", port: to.config.port }, delay)

  test("a hundred commands take a few round trips, not a hundred", async () => {
    await using proxy = await through(sshd, delayMs)
    await using session = await connect(proxy)
    await session.ask(raw(["true"]))
    const turnsBefore = proxy.turns()
    const startMs = performance.now()
    await Promise.all(Array.from({ length: 100 }, async () => session.ask(raw(["true"]))))
    const elapsedMs = performance.now() - startMs
    console.log(
      `100 commands, round trip ${2 * delayMs} ms: ${Math.round(elapsedMs)} ms, ${proxy.turns() - turnsBefore} turns`,
    )
    expect(proxy.turns() - turnsBefore).toBeLessThanOrEqual(3)
    expect(proxy.connections()).toBe(1)
  })

  test("opening a session takes a bounded number of round trips", async () => {
    await using proxy = await through(sshd, delayMs)
    const startMs = performance.now()
    await using session = await connect(proxy)
    await session.ask(raw(["true"]))
    console.log(
      `session and first answer, round trip ${2 * delayMs} ms: ${Math.round(performance.now() - startMs)} ms, ${proxy.turns()} turns`,
    )
    // With those of the shells and channels that are opened for later, beside the answer.
    expect(proxy.turns()).toBeLessThanOrEqual(20)
  })

  test("a cut connection ends the session, puts effects in doubt and leaves nothing open", async () => {
    await using proxy = await through(sshd)
    await using session = await connect(proxy)
    await session.act(raw(["true"]))
    const effect = failure(session.act(raw(["sleep", "30"])))
    const question = failure(session.ask(raw(["sleep", "30"])))
    await session.send(raw(["cat"]), Readable.from(Buffer.from("x")))
    proxy.cut()
    expect(await effect).toMatchObject({ code: "CONNECTION_LOST", class: "in-doubt" })
    expect(await question).toMatchObject({ code: "CONNECTION_LOST", class: "transient" })
    expect(await session.closed).toMatchObject({ code: "CONNECTION_LOST" })
    expect(await failure(session.ask(raw(["true"])))).toMatchObject({ class: "transient" })
    expect(await failure(session.send(raw(["true"]), Readable.from([])))).toMatchObject({ class: "transient" })
  })

  test("a peer that does not answer any more is noticed by keepalives; an outage shorter than that is survived", async () => {
    await using proxy = await through(sshd)
    await using session = await connect(proxy, ["ServerAliveInterval 1", "ServerAliveCountMax 3"])
    proxy.freeze()
    const survived = session.ask(raw(["echo", "late"]))
    await systemClock.sleep(1_200)
    proxy.thaw()
    expect((await survived).stdout).toBe("late\n")

    const effect = failure(session.act(raw(["true"])).then(async () => session.act(raw(["sleep", "60"]))))
    await session.act(raw(["true"]))
    proxy.freeze()
    expect(await effect).toMatchObject({ code: "PEER_DEAD", class: "in-doubt" })
    expect(await session.closed).toMatchObject({ code: "PEER_DEAD", class: "transient" })
  })

  test("the process of sshd that serves us is killed: effects are in doubt, a new session works", async () => {
    await using proxy = await through(sshd)
    const session = await connect(proxy)
    await session.act(raw(["true"]))
    const effect = failure(session.act(raw(["sleep", "30"])))
    await session.ask(raw(["true"]))
    for (const pid of sshd.sessions()) process.kill(pid, "SIGKILL")
    expect(await effect).toMatchObject({ code: "CONNECTION_LOST", class: "in-doubt" })
    await session[Symbol.asyncDispose]()
    await using next = await connect(proxy)
    expect((await next.ask(raw(["echo", "again"]))).stdout).toBe("again\n")
  })

  test("a server that allows fewer channels than usual gets its transfers one after the other", async () => {
    await using two = await testSshd(["MaxSessions 2"])
    await using proxy = await through(two)
    await using session = await connect(proxy, [], two)
    // The question shell and one transfer at a time.
    const sizes = await Promise.all(
      [1, 2, 3, 4].map(async (n) =>
        (await session.send(raw(["wc", "-c"]), Readable.from(Buffer.alloc(n)))).stdout.trim(),
      ),
    )
    expect(sizes).toEqual(["1", "2", "3", "4"])
  })

  test("a server that allows two channels, both shells, gets effects over the question shell once there are transfers", async () => {
    await using two = await testSshd(["MaxSessions 2"])
    await using proxy = await through(two)
    await using session = await connect(proxy, [], two)
    const ends: string[] = []
    const act = async (word: string): Promise<void> => {
      ends.push((await session.act(raw(["sh", "-c", `sleep 0.3; echo ${word}`]))).stdout.trim())
    }
    await act("before")
    const first = act("while the transfer waits for a channel")
    const transfer = session.send(raw(["wc", "-c"]), Readable.from(Buffer.alloc(5)))
    expect((await transfer).stdout.trim()).toBe("5")
    await Promise.all([first, act("after")])
    expect(ends).toEqual(["before", "while the transfer waits for a channel", "after"])
  })

  test("a server that allows one channel gets all commands over it, and refuses transfers", async () => {
    await using one = await testSshd(["MaxSessions 1"])
    await using proxy = await through(one)
    await using session = await connect(proxy, [], one)
    expect((await session.act(raw(["echo", "fine"]))).stdout).toBe("fine\n")
    expect(await failure(session.send(raw(["true"]), Readable.from([])))).toMatchObject({
      code: "TOO_MANY_CHANNELS",
      class: "busy",
    })
    expect((await session.ask(raw(["echo", "fine"]))).stdout).toBe("fine\n")
  })

  test("two sessions at once, closed: nothing stays open", async () => {
    await using proxy = await through(sshd)
    const sessions = await Promise.all([connect(proxy), connect(proxy)])
    await Promise.all(sessions.map(async (session) => session.ask(raw(["true"]))))
    expect(proxy.open()).toBe(2)
    for (const session of sessions) await session[Symbol.asyncDispose]()
    await expect.poll(() => proxy.open()).toBe(0)
    await expect.poll(() => sshd.sessions()).toEqual([])
  })
})
