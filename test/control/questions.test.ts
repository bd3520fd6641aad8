import { afterEach, beforeEach, expect, test } from "vitest"
import { type ControlClient, connect } from "../../src/control/client.ts"
import { Prompts, answerCharsMax } from "../../src/control/prompts.ts"
import { protocolNumber } from "../../src/control/protocol.ts"
import { systemClock } from "../../src/clock.ts"
import type { Prompt } from "../../src/hawser.ts"
import { type Served, rawClient, serve, soon } from "../support/served.ts"

const questions = [
  { text: "User: ", echo: true },
  { text: "Code: ", echo: false },
]
const prompt: Prompt = { executor: "hpc", host: "login:22", instructions: "Welcome", questions }
const hello = { id: 1, method: "hello", params: { protocol: protocolNumber, version: "0" } }

let prompts: Prompts
let served: Served
const clients: ControlClient[] = []
beforeEach(async () => {
  prompts = new Prompts(systemClock)
  served = await serve({ prompts })
})
afterEach(async () => {
  for (const client of clients.splice(0)) await client[Symbol.asyncDispose]()
  await served[Symbol.asyncDispose]()
})

async function person(onPrompt: NonNullable<Parameters<typeof connect>[1]>["onPrompt"]): Promise<ControlClient> {
  const client = await connect(served.server.socketPath, { onPrompt })
  clients.push(client)
  return client
}

test("a client with a person is asked and answers; one without is not", async () => {
  clients.push(await served.connect())
  expect(prompts.isThere).toBe(false)
  const asked: Prompt[] = []
  await person(async (one) => {
    asked.push(one)
    return ["me", "123"]
  })
  expect(await prompts.ask(prompt)).toEqual(["me", "123"])
  expect(asked).toEqual([prompt])
})

test("the second of two is told that it is settled", async () => {
  let wasTold = false
  await person(
    (_prompt, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          wasTold = true
          reject(new Error("settled"))
        })
      }),
  )
  await person(async () => ["me", "123"])
  expect(await prompts.ask(prompt)).toEqual(["me", "123"])
  await expect.poll(() => wasTold, soon).toBe(true)
})

test("a client that goes away while its person thinks leaves nobody, and others are served meanwhile", async () => {
  const thinking = await person(() => new Promise(() => undefined))
  const asked = expect(prompts.ask(prompt)).rejects.toThrow("nobody answered")
  const other = await served.connect()
  clients.push(other)
  expect(await other.list()).toEqual([])
  await thinking[Symbol.asyncDispose]()
  await asked
  expect(prompts.isThere).toBe(false)
})

test("a person who won't answer is still there for the next question", async () => {
  await person(() => Promise.reject(new Error("not now")))
  await expect(prompts.ask(prompt)).rejects.toThrow("nobody answered")
  expect(prompts.isThere).toBe(true)
})

test("an answer that is too long is refused without being told again, and one to no question changes nothing", async () => {
  const { say, lines, socket } = await rawClient(served.server.socketPath)
  const next = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value))
  say(hello)
  say({ id: 2, method: "attend", params: {} })
  expect([await next(), await next()]).toMatchObject([{ id: 1 }, { id: 2, result: null }])
  const asked = prompts.ask(prompt)
  expect(await next()).toMatchObject({ method: "prompt", params: { id: 1, prompt } })
  const secret = "s3cret".repeat(answerCharsMax)
  say({ id: 3, method: "answer", params: { prompt: 1, answers: ["me", secret] } })
  const refusal = await next()
  expect(refusal).toMatchObject({ id: 3, error: { code: -32602 } })
  expect(JSON.stringify(refusal)).not.toContain("s3cret")
  say({ id: 4, method: "answer", params: { prompt: 7, answers: ["me", "x"] } })
  say({ id: 5, method: "answer", params: { prompt: 1, answers: ["me", "x"] } })
  expect([await next(), await next()]).toMatchObject([
    { id: 4, result: false },
    { id: 5, result: true },
  ])
  expect(await asked).toEqual(["me", "x"])
  socket.destroy()
})
