/** Streams: what goes to our stdout and stderr, no faster than it is taken, and not while a person is typing. */
import { once } from "node:events"
import type { Writable } from "node:stream"

/** The last of the questions that are asked or wait for their turn. */
let typing: Promise<unknown> | null = null

/** Resolves when nobody is asked anything; false: nobody was. */
export async function untilTyped(): Promise<boolean> {
  const wasTyping = typing !== null
  while (typing !== null) await typing.catch(() => undefined)
  return wasTyping
}

/** One question at a time; nothing is written while it goes on, but what it writes itself. */
export async function whileTyping<T>(question: () => Promise<T>): Promise<T> {
  const before = Promise.resolve(typing).catch(() => undefined)
  const mine = before.then(question)
  typing = mine
  try {
    return await mine
  } finally {
    if (typing === mine) typing = null
  }
}

/** Text at once, or in its order after a question that is being answered. */
export function tell(stream: Writable, text: string): void {
  if (typing === null) stream.write(text)
  else void untilTyped().then(() => tell(stream, text))
}

export async function write(stream: Writable, data: Buffer): Promise<void> {
  await untilTyped()
  if (!stream.write(data)) await once(stream, "drain")
}
