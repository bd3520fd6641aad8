/** Submissions whose answer was lost and attempts that were fenced: replaced, whatever was written down of it. */
import { symlinkSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Job } from "../../src/job/index.ts"
import { Stand, ended, submit, when } from "../support/stand.ts"

/** The guard as a fence takes it. */
function revoke({ attempts }: Job): void {
  const [attempt] = attempts
  symlinkSync(`revoked:1:${attempt?.token}`, join(String(attempt?.directory), "guard.0"))
}

test("a power failure that kept the fence and not what follows: the attempt is replaced, and not taken for cancelled", async () => {
  await using stand = new Stand()
  const first = await stand.fleet({}, await stand.journal())
  stand.manager.pause()
  const { id } = await submit(first, { command: stand.leaving("a") })
  const job = await when(first, id, ({ state }) => state === "queued")
  await first[Symbol.asyncDispose]()
  revoke(job)
  const token = String(job.attempts[0]?.token)
  const store = await stand.journal()
  await store.append([
    { job: id, type: "fence-intent", token },
    { job: id, type: "fenced", token, won: true, owner: "us" },
  ])
  const second = await stand.fleet({}, store)
  second.engine("fake")
  stand.manager.resume()
  expect(await ended(second, { id })).toMatchObject({ state: "completed", attempts: [{ token }, { replacement: 1 }] })
  expect(stand.ran).toEqual(["a"])
})

test("in doubt, and fenced by somebody who did not come to say so: what turns up under its token is not the job", async () => {
  await using stand = new Stand()
  const first = await stand.fleet({}, await stand.journal())
  stand.manager.pause()
  stand.manager.fault("submit", "lost-after")
  stand.manager.fault("list", "empty", "always")
  const { id } = await submit(first, { command: stand.leaving("a") })
  const job = await when(first, id, ({ attempts }) => attempts[0]?.submission === "in-doubt")
  await first[Symbol.asyncDispose]()
  revoke(job)
  stand.manager.fault("list", null)
  const second = await stand.fleet({}, await stand.journal())
  second.engine("fake")
  stand.manager.resume()
  expect(await ended(second, { id })).toMatchObject({ state: "completed", attempts: [{}, { replacement: 1 }] })
  expect(stand.ran).toEqual(["a"])
})
