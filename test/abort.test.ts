import { expect, test, vi } from "vitest"
import { onAborted, untilAborted } from "../src/abort.ts"

test("a thousand that wait for one signal are one listener of it, and all are told", () => {
  const stop = new AbortController()
  const listen = vi.spyOn(stop.signal, "addEventListener")
  const told: number[] = []
  for (let each = 0; each < 1_000; each += 1) onAborted(stop.signal, () => told.push(each))
  stop.abort()
  expect([listen.mock.calls.length, told.length]).toEqual([1, 1_000])
})

test("who has forgotten about it is not told, and its neighbour is", () => {
  const stop = new AbortController()
  const act = vi.fn<() => void>()
  const forget = onAborted(stop.signal, act)
  onAborted(stop.signal, act)
  forget()
  stop.abort()
  expect(act).toHaveBeenCalledTimes(1)
})

test("a signal that is aborted already tells at once; without one, nobody does", () => {
  const act = vi.fn<() => void>()
  onAborted(AbortSignal.abort(), act)
  onAborted(undefined, act)
  expect(act).toHaveBeenCalledTimes(1)
})

test("work that takes no signal is given up with the signal's reason", async () => {
  const stop = new AbortController()
  const given = untilAborted(new Promise(() => undefined), stop.signal)
  const reason = new Error("enough")
  stop.abort(reason)
  await expect(given).rejects.toBe(reason)
  await expect(untilAborted(Promise.resolve(7), new AbortController().signal)).resolves.toBe(7)
})
