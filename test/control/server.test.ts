import { createConnection, createServer } from "node:net"
import { existsSync, readdirSync, rmSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"
import { connect } from "../../src/control/client.ts"
import { ControlServer } from "../../src/control/server.ts"
import { protocolNumber } from "../../src/control/protocol.ts"
import { fakeJob } from "../support/fake-hawser.ts"
import { rawClient, serve, soon } from "../support/served.ts"

const hello = { id: 1, method: "hello", params: { protocol: protocolNumber, version: "0" } }

test("the socket has mode 0600 in a directory of mode 0700, and nothing else stands there", async () => {
  await using served = await serve()
  const path = served.server.socketPath
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
  expect(readdirSync(dirname(path))).toHaveLength(1)
})

test("a socket that a dead controller left is replaced, and closing removes it", async () => {
  await using served = await serve()
  const path = served.server.socketPath
  await using next = await serve({ place: () => path })
  expect((await connect(path)).controller.stateDirectory).toBe(next.stateDirectory)
  await served.server[Symbol.asyncDispose]()
  expect(existsSync(path), "the older one does not remove the newer one's").toBe(true)
  await next.server[Symbol.asyncDispose]()
  expect(existsSync(path)).toBe(false)
})

test("a socket that was removed is put back: the controller would live on with nobody able to reach it", async () => {
  await using served = await serve()
  const client = await served.connect()
  rmSync(dirname(served.server.socketPath), { recursive: true })
  await expect(served.connect()).rejects.toMatchObject({ code: "CONTROLLER_GONE" })
  await served.server.keepListening()
  const other = await served.connect()
  expect(await other.list()).toEqual([])
  expect(await client.list(), "who was connected still is").toEqual([])
  for (const one of [client, other]) await one[Symbol.asyncDispose]()
})

test.each([
  ["no JSON", "what?\n"],
  ["no object", "[1]\n"],
  ["another protocol", '{"jsonrpc":"1.0","id":1,"method":"hello"}\n'],
  ["an answer", '{"jsonrpc":"2.0","id":1,"result":1}\n'],
  ["an id that is no number", '{"jsonrpc":"2.0","id":{},"method":"list"}\n'],
  ["no greeting first", '{"jsonrpc":"2.0","id":1,"method":"list"}\n'],
  ["bytes", Buffer.from([0xff, 0x00, 0xfe, 0x0a])],
])("garbage ends its connection with a reason, and no other: %s", async (_what, bytes) => {
  await using served = await serve()
  const good = await served.connect()
  const bad = await rawClient(served.server.socketPath)
  bad.socket.write(bytes)
  const { value } = await bad.lines.next()
  expect(JSON.parse(String(value))).toMatchObject({ method: "bye", params: { error: { code: "PROTOCOL_VIOLATED" } } })
  expect((await bad.lines.next()).done).toBe(true)
  expect(await good.list()).toEqual([])
  await good[Symbol.asyncDispose]()
})

test("a line without an end does not fill the memory", async () => {
  await using served = await serve({ messageBytesMax: 100_000 })
  const bad = await rawClient(served.server.socketPath)
  bad.socket.on("error", () => undefined)
  bad.socket.write("x".repeat(200_000))
  const { value } = await bad.lines.next()
  expect(String(value)).toContain("longer than a message may be")
})

test("a message in many pieces, and many in one piece", async () => {
  await using served = await serve()
  const { socket, lines } = await rawClient(served.server.socketPath)
  const text = [
    hello,
    { id: 2, method: "show", params: { name: "\u00e4\u{1f6a2}" } },
    { id: 3, method: "list", params: {} },
  ]
    .map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
    .join("")
  const bytes = Buffer.from(text)
  for (const byte of bytes.subarray(0, 180)) {
    socket.write(Buffer.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
  socket.write(bytes.subarray(180))
  const answers = [await lines.next(), await lines.next(), await lines.next()].map(({ value }) =>
    JSON.parse(String(value)),
  )
  expect(answers).toMatchObject([
    { id: 1, result: { protocol: protocolNumber } },
    { id: 2, error: { data: { summary: 'There is no job "\u00e4\u{1f6a2}".' } } },
    { id: 3, result: [] },
  ])
  socket.destroy()
})

test("another protocol number is an error that says what to do", async () => {
  await using served = await serve()
  const { say, lines, socket } = await rawClient(served.server.socketPath)
  say({ id: 1, method: "hello", params: { protocol: 99, version: "9.9.9" } })
  const { error } = JSON.parse(String((await lines.next()).value)) as { error: { data: object } }
  expect(error.data).toMatchObject({
    code: "CONTROLLER_VERSION",
    reason: expect.stringContaining("9.9.9"),
    advice: expect.stringContaining("hawser down"),
  })
  socket.destroy()
})

test("an unknown method and an unknown notification leave the connection alone", async () => {
  await using served = await serve()
  const { say, lines, socket } = await rawClient(served.server.socketPath)
  say(hello)
  say({ method: "$/later", params: {} })
  say({ id: 2, method: "constructor", params: {} })
  say({ id: 3, method: "list", params: {} })
  const answers = [await lines.next(), await lines.next(), await lines.next()].map(({ value }) =>
    JSON.parse(String(value)),
  )
  expect(answers).toMatchObject([{ id: 1 }, { id: 2, error: { code: -32601 } }, { id: 3, result: [] }])
  socket.destroy()
})

test("a subscriber that does not read is dropped, and a bounded amount was kept for it; one that reads is not", async () => {
  await using served = await serve({ unreadBytesMax: 1_000_000 })
  const good = await served.connect()
  let heard = 0
  await good.subscribe((events) => (heard += events.length))
  const socket = createConnection(served.server.socketPath)
  for (const message of [hello, { id: 2, method: "subscribe", params: {} }]) {
    socket.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
  }
  await expect.poll(() => served.fake.listeners.size, soon).toBe(2)
  const text = "x".repeat(10_000)
  for (let n = 0; n < 400; n += 1) {
    served.fake.emit({ job: "id-1", type: "note", text })
    if (n % 50 === 49) await expect.poll(() => heard, { ...soon, interval: 5 }).toBe(n + 1)
  }
  expect(served.fake.listeners.size).toBe(1)
  const rest: string[] = []
  socket.on("data", (chunk) => rest.push(String(chunk)))
  await expect.poll(() => rest.join(""), soon).toContain("CLIENT_TOO_SLOW")
  expect(rest.join("").length).toBeLessThan(3_000_000)
  await good[Symbol.asyncDispose]()
})

test("a long answer waits for its reader, however slow it is", async () => {
  await using served = await serve({ unreadBytesMax: 2_000_000 })
  for (let n = 0; n < 6_000; n += 1) served.fake.jobs.set(`id-${n}`, fakeJob({ id: `id-${n}` }))
  const { say, socket } = await rawClient(served.server.socketPath)
  let bytes = 0
  let last = ""
  say(hello)
  say({ id: 2, method: "list", params: {} })
  socket.pause()
  await new Promise((resolve) => setTimeout(resolve, 100))
  socket.on("data", (chunk) => {
    bytes += chunk.length
    last = String(chunk)
  })
  socket.resume()
  await expect.poll(() => last, soon).toContain('"id":2,"result":[]')
  expect(bytes).toBeGreaterThan(6_000 * 500)
  socket.destroy()
})

test("an answer that no message can hold is an error, and the next one is not", async () => {
  await using served = await serve({ messageBytesMax: 10_000 })
  served.fake.jobs.set("id-1", fakeJob({ name: "x".repeat(20_000) }))
  const client = await served.connect()
  await expect(client.show("k1")).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" })
  served.fake.jobs.set("id-1", fakeJob())
  expect(await client.show("k1")).toEqual(fakeJob())
  for (let n = 0; n < 100; n += 1) served.fake.jobs.set(`id-${n}`, fakeJob({ id: `id-${n}` }))
  expect(await client.list(), "in parts").toHaveLength(100)
  await client[Symbol.asyncDispose]()
})

test("a path that the system would cut is refused", async () => {
  await using served = await serve()
  const place = (): string => join(served.stateDirectory, "x".repeat(100))
  const opening = ControlServer.open({ api: served.fake, stateDirectory: served.stateDirectory, place })
  await expect(opening).rejects.toMatchObject({ name: "UsageError", code: "SOCKET_PATH_TOO_LONG" })
})

test("a client is not fooled by a controller that says nothing", async () => {
  await using served = await serve()
  const path = join(served.stateDirectory, "mute")
  const mute = createServer(() => undefined).listen(path)
  await expect(connect(path, { helloMsMax: 100 })).rejects.toMatchObject({ code: "CONTROLLER_SILENT", class: "busy" })
  mute.close()
})
