import { describe, expect, test } from "vitest"
import { Exit } from "../../src/cli/exit.ts"
import { detachable, limitOf } from "../../src/cli/patience.ts"
import { UsageError } from "../../src/errors.ts"
import { FakeHawser, fakeJob } from "../support/fake-hawser.ts"
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts"

interface Scene {
  readonly clock: VirtualClock
  readonly said: string[]
  readonly api: FakeHawser
  /** The exit code of a wait for one job, or "done". */
  readonly outcome: Promise<number | "done">
}

function waiting(limitMs: number | null): Scene {
  const clock = virtualClock()
  const said: string[] = []
  const job = fakeJob({ state: "running" })
  const api = new FakeHawser({ stateDirectory: "/state", jobs: [job] })
  const context = { clock, say: (text: string) => void said.push(text) }
  const outcome = detachable(context, api, [job], limitMs, async (signal) => api.ended([job.id], signal)).then(
    () => "done" as const,
    (error: unknown) => {
      if (error instanceof Exit) return error.exitCode
      throw error
    },
  )
  return { clock, said, api, outcome }
}

function interrupt(): void {
  process.emit("SIGINT")
}

describe("a wait", () => {
  test("ends with the job, and takes its listeners along", async () => {
    const before = process.listenerCount("SIGINT")
    const { api, outcome } = waiting(60_000)
    api.set("id-1", { state: "completed" })
    expect(await outcome).toBe("done")
    expect(process.listenerCount("SIGINT")).toBe(before)
  })

  test("ends with 124 when its time is over; the job goes on", async () => {
    const { clock, said, api, outcome } = waiting(3_000)
    await clock.advance(3_000)
    expect(await outcome).toBe(124)
    expect(said).toEqual(["Time is over; the job goes on."])
    expect(api.jobs.get("id-1")?.cancelRequested).toBe(false)
  })

  test("a month is a month: longer than Node's timers", async () => {
    const { clock, api, outcome } = waiting(30 * 86_400_000)
    await clock.advance(29 * 86_400_000)
    api.set("id-1", { state: "completed" })
    expect(await outcome).toBe("done")
  })

  test("Ctrl-C detaches with 130; the job goes on", async () => {
    const { clock, said, api, outcome } = waiting(null)
    interrupt()
    await clock.advance(1_000)
    expect(await outcome).toBe(130)
    expect(said.join()).toContain("Detached; k1 goes on.")
    expect(api.jobs.get("id-1")?.cancelRequested).toBe(false)
  })

  test("a second Ctrl-C within the second cancels", async () => {
    const { clock, said, api, outcome } = waiting(null)
    interrupt()
    await clock.advance(500)
    interrupt()
    await clock.advance(1_000)
    expect(await outcome).toBe(130)
    expect(said.at(-1)).toBe("Cancelling k1.")
    expect(api.jobs.get("id-1")?.cancelRequested).toBe(true)
  })
})

describe("--timeout", () => {
  test.each([
    [undefined, null],
    ["3s", 3_000],
    ["2h", 7_200_000],
  ])("%s is %s ms", (text, ms) => {
    expect(limitOf(text)).toBe(ms)
  })

  test("wants a unit", () => {
    expect(() => limitOf("9")).toThrow(UsageError)
    expect(() => limitOf("9")).toThrow(/"9" is no span of time\.\nIt is "9" and lacks a unit\.\nWrite a number/)
  })
})
