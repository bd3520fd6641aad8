/** Retry policies on a real Slurm: after what there is another attempt, what it gets, and what it takes along. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import type { AttemptView, JobView } from "../../src/job/index.ts"
import { type Study, study } from "../support/cli.ts"
import { batchOf, clusterConfig, onCluster, until, viewsOf } from "../support/cluster.ts"
import { type Rig, rig } from "../support/rig.ts"

const isThere = typeof rig !== "string"
const target = rig as Rig

/** What Slurm itself gave the attempt, as the last line of `given`. */
const tellsWhatItGot =
  'echo "$HAWSER_ATTEMPT: $SLURM_MEM_PER_NODE MB, $SLURM_JOB_PARTITION, $(squeue -h -j "$SLURM_JOB_ID" -o %l)" >>given'

async function submit(work: Study, key: string, spec: Readonly<Record<string, unknown>>): Promise<void> {
  const { code, stderr } = await work.hawser(["batch", "-"], { stdin: batchOf(1, key, spec) })
  if (code !== 0) throw new Error(stderr)
}

async function jobOf(work: Study): Promise<JobView | undefined> {
  return (await viewsOf(work))[0]
}

async function running(work: Study): Promise<JobView> {
  await until("running", async () => (await jobOf(work))?.state === "running")
  return (await jobOf(work)) as JobView
}

async function queuedAgain(work: Study): Promise<void> {
  await until("queued again", async () => {
    const job = await jobOf(work)
    return job?.state === "queued" && job.attempts[0]?.restarts === 1
  })
}

async function ended(work: Study): Promise<JobView> {
  await work.hawser(["wait", "--all", "--timeout", "200s"])
  return (await jobOf(work)) as JobView
}

const read = async ({ directory }: JobView, name: string): Promise<string> => readFile(join(directory, name), "utf8")

const endsOf = ({ attempts }: JobView): unknown[] => attempts.map(({ cause, exitCode }) => [cause, exitCode])

function pauseBefore(later: AttemptView | undefined, earlier: AttemptView | undefined): number {
  return Date.parse(String(later?.submitted)) - Date.parse(String(earlier?.ended))
}

describe.concurrent("on Slurm", () => {
  test.skipIf(!isThere)(
    "after an exit code of its policy a job waits, and gets more memory and time, another queue and its checkpoint",
    { timeout: 240_000 },
    async () => {
      await using work = await study(clusterConfig(target))
      await submit(work, "more", {
        script: `#!/bin/sh\n${tellsWhatItGot}\n[ "$HAWSER_ATTEMPT" = 3 ] || exit 75\n`,
        outputs: ["given"],
        resources: { tasks: 1, memory: "100M", walltime: "2m", queue: "batch" },
        retry: {
          maxAttempts: 4,
          on: [{ exitCode: [75] }],
          backoff: { first: "2s", factor: 2 },
          escalate: { memory: 1.5, walltime: { factor: 2, max: "5m" }, queue: ["short"] },
          checkpoint: ["given"],
        },
      })
      const job = await ended(work)
      expect(endsOf(job)).toEqual([
        ["exit", 75],
        ["exit", 75],
        [null, 0],
      ])
      const [first, second, third] = job.attempts
      // The manager's clock tells whole seconds.
      expect(pauseBefore(second, first)).toBeGreaterThanOrEqual(1_900)
      expect(pauseBefore(third, second)).toBeGreaterThanOrEqual(3_900)
      expect(await read(job, "given")).toBe("1: 100 MB, batch, 2:00\n2: 150 MB, short, 4:00\n3: 225 MB, short, 5:00\n")
    },
  )

  test.skipIf(!isThere)("after another exit code, its twin has failed", { timeout: 120_000 }, async () => {
    await using work = await study(clusterConfig(target))
    const retry = { maxAttempts: 4, on: [{ exitCode: [75] }] }
    await submit(work, "other", { command: ["sh", "-c", "exit 74"], retry })
    expect(endsOf(await ended(work))).toEqual([["exit", 74]])
  })

  test.skipIf(!isThere)(
    "a payload that is warned before its time is over leaves a checkpoint, and the next attempt goes on from it",
    { timeout: 240_000 },
    async () => {
      await using work = await study(clusterConfig(target))
      const script = `#!/bin/sh
trap 'echo "warned after $(($(date +%s) - began)) s" >>steps; exit 75' USR1
began=$(date +%s)
echo "attempt $HAWSER_ATTEMPT" >>steps
[ "$HAWSER_ATTEMPT" = 1 ] || exit 0
while :; do sleep 0.2; done
`
      await submit(work, "warned", {
        script,
        outputs: ["steps"],
        resources: { tasks: 1, memory: "100M", walltime: "1m" },
        // Slurm looks every half minute, and rather sends it too early.
        signal: { name: "USR1", before: "50s" },
        retry: { maxAttempts: 2, on: [{ exitCode: 75 }], checkpoint: ["steps"] },
      })
      const job = await ended(work)
      expect(endsOf(job)).toEqual([
        ["exit", 75],
        [null, 0],
      ])
      const steps = await read(job, "steps")
      console.log(steps.split("\n")[1])
      expect(steps).toMatch(/^attempt 1\nwarned after \d+ s\nattempt 2\n$/)
      expect(Number(/after (\d+) s/.exec(steps)?.[1])).toBeLessThan(60)
    },
  )

  test.skipIf(!isThere)("out of time: the next attempt gets twice as much", { timeout: 240_000 }, async () => {
    await using work = await study(clusterConfig(target))
    await submit(work, "time", {
      script: `#!/bin/sh\n${tellsWhatItGot}\n[ "$HAWSER_ATTEMPT" = 2 ] || exec sleep 600\n`,
      outputs: ["given"],
      resources: { tasks: 1, memory: "100M", walltime: "5m" },
      retry: { maxAttempts: 2, on: ["timeout"], escalate: { walltime: 2, memory: 1.5 } },
    })
    // Its owner makes its time shorter, so that nobody has to wait for minutes.
    await onCluster(target, `scontrol update JobId=${(await running(work)).nativeId} EndTime=now+1`)
    const job = await ended(work)
    expect(endsOf(job)).toEqual([
      ["timeout", null],
      [null, 0],
    ])
    expect(job.attempts[0]?.signal).toBe("TERM")
    expect(await read(job, "given")).toBe("2: 150 MB, batch, 10:00\n")
  })

  // Two minutes by nature. (HAWSER_SLOW_TESTS=1)
  test.skipIf(!isThere || process.env["HAWSER_SLOW_TESTS"] !== "1")(
    "a walltime that runs out: the warning comes up to a minute early, TERM when it is over, and then another attempt",
    { timeout: 400_000 },
    async () => {
      await using work = await study(clusterConfig(target))
      const script = `#!/bin/sh
${tellsWhatItGot}
began=$(date +%s)
trap 'echo "USR1 after $(($(date +%s) - began)) s" >>given' USR1
trap 'echo "TERM after $(($(date +%s) - began)) s" >>given; exit 1' TERM
[ "$HAWSER_ATTEMPT" = 1 ] || exit 0
while :; do sleep 0.2; done
`
      await submit(work, "slow", {
        script,
        outputs: ["given"],
        resources: { tasks: 1, memory: "100M", walltime: "2m" },
        signal: { name: "USR1", before: "1m" },
        retry: { maxAttempts: 2, on: ["timeout"], escalate: { walltime: 2 }, checkpoint: ["given"] },
      })
      await work.hawser(["wait", "--all", "--timeout", "350s"])
      const job = await ended(work)
      expect(endsOf(job)).toEqual([
        ["timeout", 1],
        [null, 0],
      ])
      const given = await read(job, "given")
      console.log(given)
      const [usr1 = 0, term = 0] = [...given.matchAll(/after (\d+) s/g)].map(([, seconds]) => Number(seconds))
      expect(usr1).toBeLessThanOrEqual(62)
      expect(term).toBeGreaterThanOrEqual(118)
      expect(given).toMatch(/^1: 100 MB, batch, 2:00\nUSR1 .*\n(TERM .*\n)+2: 100 MB, batch, 4:00\n$/)
    },
  )

  test.skipIf(!isThere)(
    "a job that did not ask for it can't be requeued; where somebody forces it, it is the same attempt, started again",
    { timeout: 240_000 },
    async () => {
      await using work = await study(clusterConfig(target))
      const script = `#!/bin/sh
echo "start $HAWSER_RESTART"
echo "$HAWSER_RESTART" >>starts
[ "$HAWSER_RESTART" = 1 ] || exec sleep 600
exit 3
`
      await submit(work, "forced", { script, outputs: ["starts"] })
      const { nativeId, attempts } = await running(work)
      const refused = onCluster(target, `scontrol requeue ${nativeId}`)
      await expect(refused).rejects.toThrow(/Requested operation is presently disabled/)
      await onCluster(target, `scontrol update JobId=${nativeId} Requeue=1 && scontrol requeue ${nativeId}`)
      await queuedAgain(work)
      expect(await jobOf(work)).toMatchObject({ reason: "BeginTime", attempt: 1 })
      await onCluster(target, `scontrol update JobId=${nativeId} StartTime=now`)
      const job = await ended(work)
      expect(job).toMatchObject({ state: "failed", cause: "exit", exitCode: 3, nativeId })
      expect(job.attempts).toMatchObject([{ number: 1, restarts: 1, token: attempts[0]?.token }])
      expect(await read(job, "starts")).toBe("0\n1\n")
      expect(await read(job, "stdout")).toBe("start 1\n")
    },
  )

  test.skipIf(!isThere)("one that waits to be started again can be cancelled", { timeout: 240_000 }, async () => {
    await using work = await study(clusterConfig(target))
    const script = "#!/bin/sh\necho first\nexec sleep 600\n"
    await submit(work, "asked", { script, retry: { requeue: true } })
    const { nativeId } = await running(work)
    await onCluster(target, `scontrol requeue ${nativeId}`)
    await queuedAgain(work)
    await work.hawser(["cancel", "asked/0"])
    const job = await ended(work)
    expect(job).toMatchObject({ state: "cancelled", attempts: [{ restarts: 1 }] })
    expect(await read(job, "stdout")).toBe("first\n")
    expect(await onCluster(target, `squeue -h -t PD,R -j ${nativeId} -o %T || true`)).toBe("")
  })
})
