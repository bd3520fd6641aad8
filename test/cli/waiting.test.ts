import { expect, test } from "vitest"
import { tellWhy } from "../../src/cli/waiting.ts"
import type { Status } from "../../src/hawser.ts"
import { FakeHawser, fakeJob } from "../support/fake-hawser.ts"
import { virtualClock } from "../support/virtual-clock.ts"

class WithHealth extends FakeHawser {
  health = "up"
  reason: string | null = null

  override async status(): Promise<Status> {
    const status = await super.status()
    const { health, reason } = this
    const executor = {
      name: "local",
      scheduler: "process",
      address: "here",
      health,
      reason,
      since: null,
      paused: null,
      limits: [],
      jobs: {},
      instance: null,
    }
    return { ...status, executors: [executor] }
  }
}

test("each reason is told once, as it changes, and nothing after the end", async () => {
  const clock = virtualClock()
  const said: string[] = []
  const job = fakeJob({ state: "new", reason: "2 of 2 cores are in use." })
  const api = new WithHealth({ stateDirectory: "/state", jobs: [job] })
  const end = new AbortController()
  const telling = tellWhy({ clock, say: (text) => void said.push(text) }, api, [job], end.signal)

  await clock.advance(500)
  expect(said).toEqual([])
  await clock.advance(5_000)
  api.health = "unreachable"
  api.reason = "connect ECONNREFUSED"
  await clock.advance(5_000)
  api.health = "up"
  await clock.advance(5_000)
  api.set(job.id, { state: "running", reason: null })
  await clock.advance(5_000)
  end.abort()
  await telling

  expect(said).toEqual([
    "waiting: k1 is new: 2 of 2 cores are in use.",
    "waiting: local is unreachable: connect ECONNREFUSED",
    "local is up again",
  ])
})

test("a controller that can't be asked is no reason to fail", async () => {
  const clock = virtualClock()
  const api = new FakeHawser({ stateDirectory: "/state" })
  const end = new AbortController()
  const telling = tellWhy({ clock, say: () => undefined }, api, [fakeJob()], end.signal)
  api.failure = new Error("gone")
  await clock.advance(5_000)
  end.abort()
  await expect(telling).resolves.toBeUndefined()
})
