/** Sessions of several executors over few connections: each works as over one of its own. */
import { describe, expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { localTransport } from "../../src/transport/local.ts"
import { pooled } from "../../src/transport/pool.ts"
import type { Connection, Transport } from "../../src/transport/transport.ts"
import { transportContract } from "./contract.ts"

describe("a shared connection", { concurrent: true }, () => {
  transportContract("of two", () => pooled(localTransport(systemClock), 1), { concurrent: true })
})

/** Connections that are counted, and that a test can end. */
function counted() {
  let tried = 0
  const open = new Map<number, () => void>()
  let failure: Error | null = null
  const transport: Transport = {
    address: "me@host",
    connect: async (): Promise<Connection> => {
      tried += 1
      const id = tried
      await new Promise((resolve) => setImmediate(resolve))
      if (failure !== null) throw failure
      let close: (why: Error) => void = () => undefined
      const closed = new Promise<Error>((resolve) => (close = resolve))
      const end = (): void => {
        open.delete(id)
        close(new Error("lost"))
      }
      open.set(id, end)
      const channel = () => Promise.reject(new Error(`channel of ${id}`))
      return { channel, closed, [Symbol.asyncDispose]: async () => end() }
    },
  }
  const fail = (why: Error | null): void => {
    failure = why
  }
  return { transport, open, fail, tried: () => tried }
}

const nameOf = async (connection: Connection): Promise<string> =>
  connection.channel().then(String, (error: Error) => error.message)

test("no more are opened than are allowed, however many ask at a time; the rest share evenly", async () => {
  const { transport, open, tried } = counted()
  const pool = pooled(transport, 2)
  const all = await Promise.all(Array.from({ length: 6 }, () => pool.connect()))
  expect([open.size, tried()]).toEqual([2, 2])
  const names = (await Promise.all(all.map(nameOf))).sort()
  expect(names).toEqual([...Array(3).fill("channel of 1"), ...Array(3).fill("channel of 2")])
})

test("a connection ends with the last of its users", async () => {
  const { transport, open } = counted()
  const pool = pooled(transport, 1)
  const [one, two] = [await pool.connect(), await pool.connect()]
  await one[Symbol.asyncDispose]()
  await one[Symbol.asyncDispose]()
  expect(open.size).toBe(1)
  expect(await nameOf(two)).toBe("channel of 1")
  await two[Symbol.asyncDispose]()
  expect(open.size).toBe(0)
})

test("one that somebody has let go is not given to the next: it may have failed", async () => {
  const { transport, open } = counted()
  const pool = pooled(transport, 1)
  const [one, two] = [await pool.connect(), await pool.connect()]
  await one[Symbol.asyncDispose]()
  const three = await pool.connect()
  expect([await nameOf(three), open.size]).toEqual(["channel of 2", 1])
  expect((await two.closed).message).toBe("lost")
})

test("when the connection is lost all of its users hear it, and share the next one", async () => {
  const { transport, open, tried } = counted()
  const pool = pooled(transport, 1)
  const both = [await pool.connect(), await pool.connect()]
  open.get(1)?.()
  for (const { closed } of both) expect((await closed).message).toBe("lost")
  const again = await Promise.all([pool.connect(), pool.connect()])
  expect(await Promise.all(again.map(nameOf))).toEqual(["channel of 2", "channel of 2"])
  expect(tried()).toBe(2)
})

test("a connection that fails is nobody's; each who asks tries it himself", async () => {
  const { transport, fail, tried } = counted()
  const pool = pooled(transport, 1)
  fail(new Error("refused"))
  const results = await Promise.allSettled([pool.connect(), pool.connect()])
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"])
  fail(null)
  expect(await nameOf(await pool.connect())).toBe(`channel of ${tried()}`)
})
