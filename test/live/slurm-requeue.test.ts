/** What the manager takes away from a job, a node or its place, and gives back by itself where it was asked to. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { JobView } from "../../src/job/index.ts"
import { type Study, study } from "../support/cli.ts"
import {
  type Daemon,
  Trace,
  breakableRig,
  clusterConfig,
  daemon,
  eventsOf,
  mend,
  onCluster,
  until,
  viewsOf,
} from "../support/cluster.ts"
import type { Rig } from "../support/rig.ts"

const skipped = typeof breakableRig === "string"
const target = breakableRig as Rig

const resources = { nodes: 1, tasks: 1, memory: "100M", walltime: "5m" }

/** The first start of the first attempt waits to be interrupted; every other one ends well. Each leaves its two lines. */
function payload(trace: Trace, seconds = 300): string {
  return `#!/bin/sh
line() { printf '%s\\n' "$1 $HAWSER_KEY $HAWSER_ATTEMPT $HAWSER_RESTART" >>${trace.path}; }
# Slurm ends processes one by one, and the sleep may come first: the end is told once, whichever it is.
end() { trap '' TERM; line end; exit 143; }
trap end TERM
line begin
echo "attempt $HAWSER_ATTEMPT, start $HAWSER_RESTART"
echo "$HAWSER_ATTEMPT.$HAWSER_RESTART" >>steps
case $HAWSER_ATTEMPT.$HAWSER_RESTART in 1.0) sleep ${seconds} & ;; *) sleep 4 & ;; esac
wait $! || end
line end
`
}

async function jobsOf(work: Study): Promise<Record<string, JobView>> {
  return Object.fromEntries((await viewsOf(work)).map((job) => [job.key, job]))
}

/** Slurm lets what it requeues wait for two minutes; its owner may say otherwise, once that was seen here. */
async function startNow(work: Study, key: string): Promise<void> {
  const job = (await jobsOf(work))[key]
  const isWaiting = async (): Promise<boolean> => {
    const told = await onCluster(target, `squeue -h -j ${job?.nativeId} -O State:20,RestartCnt`)
    return /^PENDING +1/.test(told)
  }
  await until("requeued", isWaiting, 30_000)
  await until("seen", async () => (await jobsOf(work))[key]?.state === "queued", 60_000)
  await onCluster(target, `scontrol update JobId=${job?.nativeId} StartTime=now`)
}

const attemptsOf = (job: JobView | undefined): unknown[] =>
  (job?.attempts ?? []).map(({ number, restarts, state, cause }) => [number, restarts, state, cause])

test.skipIf(skipped)(
  "a preempted job is started again by its manager if it asked for that, by its policy if that says so, and else has failed",
  { timeout: 240_000 },
  async () => {
    await using trace = new Trace()
    await using work = await study(clusterConfig(target))
    const script = payload(trace)
    const retry = { maxAttempts: 2, on: ["preempted"] }
    const specs: Record<string, object> = {
      requeued: { resources: { ...resources, queue: "batch" }, retry: { requeue: true } },
      refused: { resources: { ...resources, queue: "batch" } },
      retried: { resources: { ...resources, queue: "batch" }, retry },
      // Its partition cancels, whatever a job asked for.
      scavenged: { resources: { ...resources, queue: "scavenge" }, retry: { ...retry, requeue: true } },
    }
    const lines = Object.entries(specs).map(
      ([key, spec]) => `${JSON.stringify({ key, script, outputs: ["steps"], ...spec })}\n`,
    )
    expect((await work.hawser(["batch", "-"], { stdin: lines.join("") })).code).toBe(0)
    await until("all four run", async () => (await trace.runs()).length === 4)
    await until("seen", async () => (await viewsOf(work)).every((job) => job.state === "running"))
    await onCluster(target, "sbatch -p high -N4 --exclusive --wrap 'sleep 2'")
    await startNow(work, "requeued")
    expect((await work.hawser(["wait", "--all", "--timeout", "120s"])).code).toBe(1)

    const jobs = await jobsOf(work)
    expect(attemptsOf(jobs["requeued"])).toEqual([[1, 1, "completed", null]])
    expect(attemptsOf(jobs["refused"])).toEqual([[1, 0, "failed", "preempted"]])
    const twice = [
      [1, 0, "failed", "preempted"],
      [2, 0, "completed", null],
    ]
    expect(attemptsOf(jobs["retried"])).toEqual(twice)
    expect(attemptsOf(jobs["scavenged"])).toEqual(twice)
    const id = jobs["requeued"]?.id
    const states = (await eventsOf(work)).flatMap((event) =>
      event.type === "observed" && event.job === id ? [event.state] : [],
    )
    expect(states.filter((state, index) => state !== states[index - 1]).join()).toMatch(/(^|,)running,queued,running$/)
    expect(await trace.runs()).toHaveLength(14)
    for (const key of Object.keys(specs)) {
      // Each start ends before the next begins: nothing runs twice at the same time.
      const own = (await trace.runs()).filter((line) => line.includes(` ${key} `)).map((line) => line.split(" ")[0])
      expect(own).toEqual(own.map((_, index) => (index % 2 === 0 ? "begin" : "end")))
    }
    const read = async (job: JobView | undefined, name: string): Promise<string> =>
      readFile(join(job?.directory ?? "", name), "utf8")
    // A restart finds its working directory as it was, and another attempt begins with an empty one.
    expect(await read(jobs["requeued"], "steps")).toBe("1.0\n1.1\n")
    expect(await read(jobs["retried"], "steps")).toBe("2.0\n")
    expect(await read(jobs["requeued"], "stdout")).toBe("attempt 1, start 1\n")
    const before = jobs["requeued"]?.notes.find((note) => note.includes("stdout.0"))
    expect(before).toContain("started it again once")
    expect(await onCluster(target, `cat '${jobs["requeued"]?.remoteDirectory}/stdout.0'`)).toBe("attempt 1, start 0\n")
  },
)

test.skipIf(skipped)(
  "a lost node: the next attempt keeps away from it, a requeued one goes on elsewhere, and what runs on mixes with neither",
  { timeout: 300_000 },
  async () => {
    await using trace = new Trace()
    await using work = await study(clusterConfig(target))
    // It runs on after its node was given up, and ends by itself later than the grace: else its record would count.
    const script = payload(trace, 60)
    const specs = {
      retried: { retry: { maxAttempts: 2, on: ["node-failure"], escalate: { excludeNodes: true } } },
      requeued: { retry: { requeue: true } },
      failed: {},
    }
    const lines = Object.entries(specs).map(
      ([key, spec]) => `${JSON.stringify({ key, script, resources, outputs: ["steps"], ...spec })}\n`,
    )
    expect((await work.hawser(["batch", "-"], { stdin: lines.join("") })).code).toBe(0)
    await until("all run", async () => (await trace.runs()).length === 3)
    await until("seen", async () => (await viewsOf(work)).every((job) => job.state === "running"))
    const nodes = [...new Set((await viewsOf(work)).flatMap((job) => job.attempts[0]?.host ?? []))] as Daemon[]
    try {
      const since = Date.now()
      for (const node of nodes) await daemon("kill", node)
      await startNow(work, "requeued")
      console.log(`${nodes.join()} missed after ${Date.now() - since} ms`)
      await until("failed", async () => (await jobsOf(work))["failed"]?.state === "failed", 90_000)
      console.log(`and its job has failed after ${Date.now() - since} ms`)
      await work.hawser(["wait", "--all", "--timeout", "120s"])
      await until("what was lost has ended by itself", async () => (await trace.runs()).length === 10, 60_000)
    } finally {
      await mend(target)
    }
    const jobs = await jobsOf(work)
    expect(attemptsOf(jobs["failed"])).toEqual([[1, 0, "failed", "node-failure"]])
    expect(attemptsOf(jobs["retried"])).toEqual([
      [1, 0, "failed", "node-failure"],
      [2, 0, "completed", null],
    ])
    expect(attemptsOf(jobs["requeued"])).toEqual([[1, 1, "completed", null]])
    const [first, second] = jobs["retried"]?.attempts ?? []
    expect(second?.excludeNodes).toEqual([first?.host])
    expect(nodes).not.toContain(second?.host)
    expect(await onCluster(target, `sacct -X -n -P -j ${second?.nativeId} -o SubmitLine`)).toContain(
      `--exclude=${first?.host}`,
    )
    expect(nodes).not.toContain(jobs["requeued"]?.attempts[0]?.host)
    const directory = String(jobs["retried"]?.directory)
    expect(await readFile(join(directory, "steps"), "utf8")).toBe("2.0\n")
    expect(await readFile(join(directory, "stdout"), "utf8")).toBe("attempt 2, start 0\n")
    // The processes of the first attempt have written their records, into their own directory.
    const home = String(second === undefined ? "" : jobs["retried"]?.remoteDirectory).replace(/[^/]+$/, "")
    const records = await onCluster(
      target,
      `cd '${home}' && ls '${first?.token}' '${second?.token}' && readlink */guard.*`,
    )
    expect(records.match(/exit\.0/g)).toHaveLength(2)
    expect(records.match(/native:\d+:[01]:/g)).toHaveLength(5)
  },
)
