/** The executor of local processes, with real ones: what becomes of a job whose processes are killed behind our back. */
import { readFileSync, writeFileSync } from "node:fs"
import { expect, test } from "vitest"
import type { Fleet } from "../../src/executors/fleet.ts"
import { processExecutor } from "../../src/executors/local.ts"
import type { Job } from "../../src/job/index.ts"
import { none } from "../../src/launchers/none.ts"
import { process as processes } from "../../src/schedulers/process.ts"
import { localTransport } from "../../src/transport/local.ts"
import { lives, until } from "../support/remote.ts"
import { Stand, ended, eventsOf, submit, when } from "../support/stand.ts"

/** `echo begun`, then this; its pid stands in `pid`. */
async function running(
  stand: Stand,
  fleet: Fleet,
  then: string,
): Promise<{ job: Job; wrapper: number; payload: number }> {
  const { id } = await submit(fleet, { command: ["sh", "-c", `echo $$ >"$0"; echo begun; ${then}`, stand.path("pid")] })
  const payload = Number(await until(() => /^\d+\n/.exec(read(stand.path("pid")))?.[0]))
  const job = await when(fleet, id, ({ state }) => state === "running")
  const wrapper = Number(job.attempts[0]?.nativeId?.split(".")[1])
  stand.atEnd.push(
    () => kill(-wrapper),
    () => kill(payload),
  )
  return { job, wrapper, payload }
}

async function localFleet(stand: Stand, cores: number | null = null): Promise<Fleet> {
  const unlimited = { maxQueued: null, maxSubmitPerMinute: null, minPollSeconds: null }
  return stand.fleet(
    processExecutor({
      name: "fake",
      scheduler: processes,
      transport: localTransport(stand.clock),
      launcherFor: () => none,
      defaults: {},
      limits: unlimited,
      capacity: { cores, memory: null, gpus: null },
      root: stand.path("root"),
      retentionMs: null,
    }),
  )
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // It is gone.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

test("wrapper and payload killed with SIGKILL: failed by a signal, with its output, and never called lost", async () => {
  await using stand = new Stand()
  const fleet = await localFleet(stand)
  const { job, wrapper } = await running(stand, fleet, "exec sleep 60")
  kill(-wrapper)
  const end = await ended(fleet, job)
  expect(end).toMatchObject({ state: "failed", cause: "signal", signal: "KILL", exitCode: null, attempt: 1 })
  expect(end.reason).toContain("SIGKILL")
  expect(read(end.stdout)).toBe("begun\n")
})

test("its twin whose payload alone is killed tells so itself", async () => {
  await using stand = new Stand()
  const fleet = await localFleet(stand)
  const { job, payload } = await running(stand, fleet, "exec sleep 60")
  kill(payload)
  expect(await ended(fleet, job)).toMatchObject({ state: "failed", cause: "signal", signal: "KILL", reason: null })
})

test("only the wrapper killed: the job is shown as running until its payload is gone, and only then failed", async () => {
  await using stand = new Stand()
  const fleet = await localFleet(stand)
  const { job, wrapper, payload } = await running(
    stand,
    fleet,
    `while [ ! -e '${stand.path("stop")}' ]; do sleep 0.05; done; echo done`,
  )
  kill(wrapper)
  const seen = await when(fleet, job.id, ({ attempts }) => attempts[0]?.lastSeen?.word === "left")
  expect(seen).toMatchObject({ state: "running", reason: "its first process is gone, others go on" })
  expect(lives(payload)).toBe(true)
  await stand.clock.sleep(6_000)
  expect(fleet.job(job.id).state).toBe("running")
  writeFileSync(stand.path("stop"), "")
  const end = await ended(fleet, job)
  expect(end).toMatchObject({ state: "failed", cause: "signal" })
  expect(read(end.stdout)).toBe("begun\ndone\n")
})

test("a payload whose wrapper was killed is ended by a cancel", async () => {
  await using stand = new Stand()
  const fleet = await localFleet(stand)
  const { job, wrapper, payload } = await running(stand, fleet, "exec sleep 60")
  kill(wrapper)
  await when(fleet, job.id, ({ attempts }) => attempts[0]?.lastSeen?.word === "left")
  await fleet.cancel([job.id])
  expect(await ended(fleet, job)).toMatchObject({ state: "cancelled" })
  expect(lives(payload)).toBe(false)
})

test("where jobs are processes of the host that is asked, a fence is a proof from the first contact on", async () => {
  await using stand = new Stand()
  stand.isUnshown = true
  const fleet = await localFleet(stand)
  const events = eventsOf(fleet)
  await fleet.engine("fake").firstContact()
  expect(events.filter(({ type }) => type === "visible")).toMatchObject([{ executor: "fake", shownBy: null }])
})

test.each([
  ["heeds TERM", "exec sleep 60"],
  ["does not", "trap : TERM; while :; do sleep 0.1; done"],
])("an abandoned payload that %s is ended with its session, and nothing of it is left", async (_title, then) => {
  await using stand = new Stand()
  const fleet = await localFleet(stand)
  const { job, wrapper, payload } = await running(stand, fleet, then)
  await fleet.abandon({ jobs: [job.id], dryRun: false })
  expect(fleet.job(job.id)).toMatchObject({ state: "failed", outcome: { cause: "abandoned" } })
  const settled = await when(fleet, job.id, ({ attempts }) => (attempts[0]?.settled ?? null) !== null)
  expect([lives(wrapper), lives(payload)]).toEqual([false, false])
  expect(settled).toMatchObject({ state: "failed", outcome: { cause: "abandoned" } })
})

test("what was abandoned keeps its cores until it has ended", async () => {
  await using stand = new Stand()
  const fleet = await localFleet(stand, 1)
  const { job, payload } = await running(stand, fleet, "trap : TERM; while :; do sleep 0.1; done")
  await fleet.abandon({ jobs: [job.id], dryRun: false })
  const next = await submit(fleet, { command: stand.leaving("next") })
  await when(fleet, next.id, ({ waiting }) => waiting?.includes("cores") === true)
  expect(await ended(fleet, next)).toMatchObject({ state: "completed" })
  expect(lives(payload)).toBe(false)
})
