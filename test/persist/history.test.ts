/** Events that were written before somebody listens: from the journal, as long as it has them. */
import { expect, test } from "vitest"
import type { AnyEvent } from "../../src/job/index.ts"
import { freshDirectory, openAs } from "./directory.ts"
import { created, life, seqsOf } from "./life.ts"

test("they come from the journals of earlier controllers too, and go on with what is written", async () => {
  const directory = await freshDirectory()
  const first = await openAs(1, directory)
  for (const body of life("a")) await first.append([body])
  await first[Symbol.asyncDispose]()
  await using second = await openAs(2, directory)
  await second.append([created("b")])
  const heard: AnyEvent[] = []
  const leave = await second.subscribeFrom(3, (events) => heard.push(...events))
  await second.append([created("c")])
  leave()
  await second.append([created("d")])
  expect(seqsOf(heard)).toEqual(Array.from(heard, (_, index) => 3 + index))
  expect(heard.map(({ type }) => type).slice(-3)).toEqual(["controller", "created", "created"])
})

test("what a snapshot stands for is forgotten after a while, and the error names the oldest that there is", async () => {
  const directory = await freshDirectory()
  await using store = await openAs(1, directory, { snapshotEvents: 10 })
  for (const job of "abcdefgh") {
    for (const body of life(job)) await store.append([body])
    await store.snapshot()
  }
  const heard: AnyEvent[] = []
  const error = await store.subscribeFrom(1, (events) => heard.push(...events)).catch((why: unknown) => why)
  expect(error).toMatchObject({ code: "EVENTS_FORGOTTEN" })
  expect(heard).toEqual([])
  const oldest = Number(/oldest that it has is (\d+)/.exec(String((error as Error).message))?.[1])
  expect(oldest).toBeGreaterThan(1)
  const leave = await store.subscribeFrom(oldest, (events) => heard.push(...events))
  expect(heard[0]?.seq).toBe(oldest)
  expect(seqsOf(heard)).toEqual(Array.from(heard, (_, index) => oldest + index))
  leave()
})
