/** What a manager takes back and starts again by itself: one attempt, whatever happens to it on the way. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Fleet } from "../../src/executors/fleet.ts"
import { fakeScheduler } from "../support/fake-scheduler.ts"
import { Stand, ended, eventsOf, submit, when } from "../support/stand.ts"

const restartsIn = ({ attempts }: { readonly attempts: readonly { lastSeen: { restarts: number | null } | null }[] }) =>
  attempts[0]?.lastSeen?.restarts

/** A job whose first start was ended by its manager, which keeps it waiting. */
async function takenBack(stand: Stand, fleet: Fleet, more: object = {}): Promise<string> {
  const gate = stand.path("gate")
  const lines = 'echo "start $HAWSER_RESTART"; echo "$HAWSER_RESTART" >>starts'
  const command = ["sh", "-c", `${lines}; [ -e "$0" ] || { echo >"$0"; exec sleep 60; }`, gate]
  const { id } = await submit(fleet, { command, outputs: ["starts"], retry: { requeue: true }, ...more })
  const { attempts } = await when(fleet, id, ({ state }) => state === "running")
  await expect.poll(() => stand.manager.natives().length > 0 && readable(gate)).toBe(true)
  stand.manager.pause()
  stand.manager.requeue(String(attempts[0]?.nativeId))
  return id
}

function readable(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}

test("it goes from running to queued to running; its restart is seen, and what it had printed is told of", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const events = eventsOf(fleet)
  const id = await takenBack(stand, fleet)
  await when(fleet, id, (job) => job.state === "queued" && restartsIn(job) === 1)
  expect((await fleet.show(id)).attempts).toMatchObject([{ state: "queued", restarts: 1 }])
  expect((await fleet.explain(id)).attempt?.says.join("\n")).toContain("taken it back once")
  // Who has read further in the output of another start reads this one from its beginning.
  const piece = await fleet.logs(id, { stream: "stdout", offset: 100, max: 100 })
  expect([Buffer.from(piece.data, "base64").toString(), piece.nextOffset]).toEqual(["start 0\n", 8])
  stand.manager.resume()
  const end = await ended(fleet, { id })
  expect(end).toMatchObject({ state: "completed", attempt: 1, attempts: [{ restarts: 1 }] })
  expect(readFileSync(end.stdout, "utf8")).toBe("start 1\n")
  expect(readFileSync(join(end.directory, "starts"), "utf8")).toBe("0\n1\n")
  expect(end.notes).toEqual([expect.stringMatching(/once; .* stdout\.0 and stderr\.0 of \//)])
  expect(readFileSync(join(String(end.remoteDirectory), "stdout.0"), "utf8")).toBe("start 0\n")
  const states = events.flatMap((event) => (event.type === "observed" ? [event.state] : []))
  expect(states.join()).toMatch(/running,queued/)
})

test("one that waits to be started again can be cancelled for certain, and what it had done comes back", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const id = await takenBack(stand, fleet)
  await when(fleet, id, (job) => job.state === "queued" && restartsIn(job) === 1)
  await fleet.cancel([id])
  const end = await ended(fleet, { id })
  expect(end).toMatchObject({ state: "cancelled", reason: "Cancelled before its manager had started it again." })
  expect(fleet.job(id).attempts[0]?.fence).toBe("won")
  expect(readFileSync(end.stdout, "utf8")).toBe("start 0\n")
  expect(readFileSync(join(end.directory, "starts"), "utf8")).toBe("0\n")
})

test("its deadline to start is met by its first start, also if nobody has seen that", async () => {
  await using stand = new Stand()
  const store = await stand.journal()
  const first = await stand.fleet({}, store)
  const id = await takenBack(stand, first, { giveUpAfter: "1h" })
  await when(first, id, ({ state }) => state === "queued")
  await first[Symbol.asyncDispose]()
  stand.clock.jump(2 * 3_600_000)
  // A controller that comes back late, and has never seen it run: the deadline is its first thought.
  const second = await stand.fleet({}, await forgetful(stand))
  second.engine("fake")
  await expect.poll(() => restartsIn(second.job(id)), { timeout: 10_000 }).toBe(1)
  stand.manager.resume()
  expect(await ended(second, { id })).toMatchObject({ state: "completed", attempts: [{ restarts: 1 }] })
})

/** The journal without what was seen of the job. */
async function forgetful(stand: Stand) {
  const path = stand.path("state", "journal.1.ndjson")
  const lines = readFileSync(path, "utf8").split("\n")
  const upTo = lines.findIndex((line) => line.includes('"type":"observed"'))
  writeFileSync(path, `${lines.slice(0, upTo).join("\n")}\n`)
  return stand.journal()
}

test.each([
  ["a manager that starts nothing again", false, {}, "retry.requeue can't be had on fake"],
  ["a secret", true, { env: { KEY: { fromEnv: "PATH" } } }, "retry.requeue can't be had with a secret (env.KEY)"],
])("it can't be had with %s, and that is said at once", async (_, requeue, more, why) => {
  await using stand = new Stand()
  const scheduler = fakeScheduler(stand.manager)
  const fleet = await stand.fleet({ scheduler: { ...scheduler, features: { ...scheduler.features, requeue } } })
  const [result] = await fleet.submit([{ spec: { command: ["true"], retry: { requeue: true }, ...more }, base: "/" }])
  expect(result).toMatchObject({ ok: false, error: { code: "SPEC_INVALID" } })
  expect(JSON.stringify(result)).toContain(why)
  expect(fleet.parts.store.jobs.size).toBe(0)
})
