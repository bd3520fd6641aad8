import { PassThrough } from "node:stream"
import { expect, test } from "vitest"
import { tell, untilTyped, whileTyping, write } from "../../src/cli/streams.ts"

test("while a person is typing nothing else is written; afterwards it comes in its order", async () => {
  const stream = new PassThrough({ encoding: "utf8" })
  const written: string[] = []
  stream.on("data", (text: string) => written.push(text))
  tell(stream, "before ")
  let answer = (): void => undefined
  const asking = whileTyping(() => new Promise<void>((resolve) => (answer = resolve)))
  const second = whileTyping(async () => void written.push("[second] "))
  tell(stream, "one ")
  const data = write(stream, Buffer.from("two "))
  await new Promise((resolve) => setImmediate(resolve))
  expect(written.join("")).toBe("before ")
  answer()
  await Promise.all([asking, second, data])
  expect(await untilTyped()).toBe(false)
  await new Promise((resolve) => setImmediate(resolve))
  expect(written.join("")).toBe("before [second] one two ")
})

test("a question that fails holds nothing up", async () => {
  await expect(whileTyping(() => Promise.reject(new Error("left")))).rejects.toThrow("left")
  expect(await untilTyped()).toBe(false)
})
