import { describe, expect, test } from "vitest"
import { follow, readAll } from "../../src/cli/follow.ts"
import { TransportError, UsageError } from "../../src/errors.ts"
import type { LogPiece, LogRequest } from "../../src/hawser.ts"
import { FakeHawser } from "../support/fake-hawser.ts"
import { hurriedClock } from "../support/hurried-clock.ts"

/** Answers with these pieces in turn; an error is thrown. */
class Scripted extends FakeHawser {
  readonly offsets: number[] = []
  private readonly answers: (string | Error | null)[]

  constructor(answers: readonly (string | Error | null)[]) {
    super({ stateDirectory: "/state" })
    this.answers = [...answers]
  }

  override async logs(_name: string, { offset }: LogRequest): Promise<LogPiece> {
    this.offsets.push(offset)
    const answer = this.answers.shift() ?? null
    if (answer instanceof Error) throw answer
    if (answer === null) return { data: "", nextOffset: offset, final: true }
    return { data: Buffer.from(answer).toString("base64"), nextOffset: offset + answer.length, final: false }
  }
}

const away = new TransportError("CONNECTION_LOST", { summary: "away", class: "transient" })

async function followed(answers: readonly (string | Error | null)[], over?: AbortSignal): Promise<[string, Scripted]> {
  const clock = hurriedClock(100)
  const api = new Scripted(answers)
  let text = ""
  const write = async (data: Buffer): Promise<void> => void (text += data.toString())
  const signal = new AbortController().signal
  const about = { clock, api, name: "k1", stream: "stdout", write, signal } as const
  await follow(over === undefined ? about : { ...about, over })
  return [text, api]
}

describe("following a job's output", () => {
  test("pieces come in order, each once, from where the last one ended", async () => {
    const [text, { offsets }] = await followed(["one ", "", "two"])
    expect(text).toBe("one two")
    expect(offsets).toEqual([0, 4, 4, 7])
  })

  test("a manager that is away is waited for", async () => {
    const [text] = await followed(["one ", away, away, "two"])
    expect(text).toBe("one two")
  })

  test("what can't be read after the job's end is given up", async () => {
    const [text, { offsets }] = await followed(["one ", away, away, away, away, away, "never"], AbortSignal.abort())
    expect(text).toBe("one ")
    expect(offsets).toHaveLength(6)
  })

  test("a job that nobody knows is an error", async () => {
    await expect(followed([new UsageError("JOB_UNKNOWN", { summary: "There is no job." })])).rejects.toThrow("no job")
  })

  test("an aborted signal ends it with its reason", async () => {
    const stop = new AbortController()
    const api = new Scripted(Array.from({ length: 100 }, () => ""))
    const write = async (): Promise<void> => undefined
    const following = follow({
      clock: hurriedClock(100),
      api,
      name: "k1",
      stream: "stdout",
      write,
      signal: stop.signal,
    })
    stop.abort(new Error("enough"))
    await expect(following).rejects.toThrow("enough")
  })

  test("reading all takes what is there and does not wait for more", async () => {
    const api = new Scripted(["one ", "two", ""])
    let text = ""
    await readAll({ api, name: "k1", stream: "stdout", write: async (data) => void (text += data.toString()) })
    expect(text).toBe("one two")
  })
})
