/** Attempts that follow one another: how long they wait, and what is kept of them. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Submission } from "../../src/schedulers/scheduler.ts"
import { fakeScheduler } from "../support/fake-scheduler.ts"
import { Stand, ended, submit, when } from "../support/stand.ts"

const hourMs = 3_600_000

test("between attempts the backoff is waited out, and the job says until when", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const retry = { maxAttempts: 3, on: ["exit"], backoff: { first: "1h", factor: 2, max: "1d" } }
  const { id } = await submit(fleet, { command: stand.leaving("x", "exit 1"), retry })
  for (const [number, waitMs] of [
    [1, hourMs],
    [2, 2 * hourMs],
  ] as const) {
    const job = await when(
      fleet,
      id,
      ({ state, waiting, attempts }) => state === "new" && attempts.length === number && waiting !== null,
    )
    const at = Number(job.attempts.at(-1)?.endedAt) + waitMs
    expect(job.waiting).toBe(`Attempt ${number} of 3 failed (exit); it goes on at ${new Date(at).toISOString()}.`)
    expect(stand.ran).toHaveLength(number)
    stand.clock.jump(waitMs)
    fleet.engine("fake").desk.bells.submit.ring()
  }
  expect(await ended(fleet, { id })).toMatchObject({ state: "failed", attempt: 3 })
  expect(stand.ran).toHaveLength(3)
})

test("a controller that was started again waits until the same time", async () => {
  await using stand = new Stand()
  const first = await stand.fleet({}, await stand.journal())
  const retry = { maxAttempts: 2, on: ["exit"], backoff: "1h" }
  const { id } = await submit(first, { command: stand.leaving("x", "exit 1"), retry })
  const { waiting } = await when(
    first,
    id,
    (job) => job.state === "new" && job.waiting !== null && job.attempts.length === 1,
  )
  stand.copyState("state", "copy")
  stand.clock.jump(hourMs / 2)
  const second = await stand.fleet({}, await stand.journal("copy"), "copy")
  second.engine("fake").desk.bells.submit.ring()
  await stand.clock.sleep(3_000)
  expect(second.job(id)).toMatchObject({ state: "new", waiting, attempts: [{ number: 1 }] })
  stand.clock.jump(hourMs / 2)
  second.engine("fake").desk.bells.submit.ring()
  expect(await ended(second, { id })).toMatchObject({ attempt: 2 })
})

test("a job that waits for its next attempt can be cancelled", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const retry = { maxAttempts: 2, on: ["exit"], backoff: "1h" }
  const job = await submit(fleet, { command: ["false"], retry })
  await when(fleet, job.id, ({ state, attempts }) => state === "new" && attempts.length === 1)
  await fleet.cancel([job.id])
  expect(await ended(fleet, job)).toMatchObject({
    state: "cancelled",
    attempt: 1,
    reason: "Cancelled before another attempt.",
  })
})

test("each attempt is kept with its outcome, cause, native id and times", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const retry = { maxAttempts: 2, on: ["exit"] }
  const { attempts } = await ended(fleet, await submit(fleet, { command: ["sh", "-c", "exit 7"], retry }))
  const ids = stand.manager.natives().map(({ id }) => id)
  const date = expect.stringMatching(/^\d{4}-.*Z$/)
  const times = { submitted: date, started: date, ended: date }
  const outcome = { state: "failed", cause: "exit", exitCode: 7, signal: null, replacement: 0, restarts: 0 }
  expect(attempts).toMatchObject(
    [1, 2].map((number, index) => ({ number, nativeId: ids[index], ...times, ...outcome })),
  )
})

test("a later attempt gets more: its intent says so, and a controller that was started again submits it so", async () => {
  await using stand = new Stand()
  const submitted: Submission[] = []
  const scheduler = fakeScheduler(stand.manager)
  const spying = {
    ...scheduler,
    submit: (one: Submission) => {
      if (one.directory.startsWith(stand.folder)) submitted.push(one)
      return scheduler.submit(one)
    },
  }
  const first = await stand.fleet({ scheduler: spying }, await stand.journal())
  const escalate = { memory: { factor: 2, max: "3G" }, queue: ["big", "huge"] }
  const retry = { maxAttempts: 3, on: ["exit"], escalate }
  const resources = { memory: "1G", queue: "small" }
  const { id } = await submit(first, { command: stand.leaving("x", "exit 1"), resources, retry }, { key: "k" })
  const { attempts, resources: last } = await ended(first, { id })
  const G = 2 ** 30
  const given = [
    [G, "small"],
    [2 * G, "big"],
    [3 * G, "huge"],
  ]
  expect(attempts.map((one) => [one.resources.memory, one.resources.queue])).toEqual(given)
  expect(submitted.map(({ spec }) => [spec.resources.memory, spec.resources.queue])).toEqual(given)
  expect(last).toMatchObject({ memory: 3 * G })
  expect(first.job(id).spec.resources).toMatchObject({ memory: G, queue: "small" })
  stand.copyState("state", "copy")
  const second = await stand.fleet({}, await stand.journal("copy"), "copy")
  expect((await second.show(id)).attempts).toEqual(attempts)
  // The spec is still the one that was submitted: the same key is the same job.
  const [again] = await second.submit([
    { spec: { command: stand.leaving("x", "exit 1"), resources, retry }, base: "/", key: "k" },
  ])
  expect(again).toMatchObject({ ok: true, existed: true })
})

test("what can't grow is refused when it is submitted", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const retry = { maxAttempts: 2, escalate: { walltime: 2 } }
  const [result] = await fleet.submit([{ spec: { command: ["true"], retry }, base: "/" }])
  expect(result).toMatchObject({ ok: false, error: { code: "SPEC_INVALID" } })
  expect(JSON.stringify(result)).toContain(
    "retry.escalate.walltime has nothing to grow from. Say resources.walltime, too.",
  )
})

test("what a checkpoint names is there in the next attempt, and nothing travels for it", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const step = "n=$(($(cat step 2>/dev/null || echo 0) + 1)); echo $n >step; echo x >other; ls; [ $n = 3 ]"
  const retry = { maxAttempts: 5, on: ["exit"], checkpoint: ["step"] }
  const end = await ended(fleet, await submit(fleet, { command: ["sh", "-c", step], retry, outputs: ["step"] }))
  expect(end).toMatchObject({ state: "completed", attempt: 3 })
  expect(readFileSync(join(end.directory, "step"), "utf8")).toBe("3\n")
})

test("without one, its twin starts from nothing each time", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const step = "n=$(($(cat step 2>/dev/null || echo 0) + 1)); echo $n >step; [ $n = 3 ]"
  const retry = { maxAttempts: 3, on: ["exit"] }
  const end = await ended(fleet, await submit(fleet, { command: ["sh", "-c", step], retry }))
  expect(end).toMatchObject({ state: "failed", attempt: 3 })
})

test("a native that its manager starts again is a restart of the same attempt, and uses up none", async () => {
  await using stand = new Stand()
  const fleet = await stand.fleet()
  const gate = stand.path("gate")
  const tells = 'echo "attempt $HAWSER_ATTEMPT, restart $HAWSER_RESTART"'
  const command = ["sh", "-c", `[ -e "$0" ] || { echo >"$0"; exec sleep 60; }; ${tells} >>"$0"; exit 1`, gate]
  const { id } = await submit(fleet, { command, retry: { maxAttempts: 2, on: ["exit"] } })
  const { attempts } = await when(fleet, id, ({ state }) => state === "running")
  await expect.poll(() => existsSync(gate)).toBe(true)
  stand.manager.requeue(String(attempts[0]?.nativeId))
  const end = await ended(fleet, { id })
  expect(end).toMatchObject({ state: "failed", cause: "exit", attempt: 2 })
  expect(end.attempts).toMatchObject([
    { number: 1, restarts: 1, cause: "exit", nativeId: attempts[0]?.nativeId },
    { number: 2, restarts: 0 },
  ])
  expect(readFileSync(gate, "utf8")).toBe("\nattempt 1, restart 1\nattempt 2, restart 0\n")
  expect(stand.manager.natives()).toHaveLength(2)
})
