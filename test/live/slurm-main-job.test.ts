/** The main job on real Slurm over real sshd: 200 jobs, and a controller that is killed three times. */
import { execFileSync } from "node:child_process"
import { randomInt } from "node:crypto"
import { expect, test } from "vitest"
import { pause, study } from "../support/cli.ts"
import { wrongResults, writeStudy } from "../support/parameter-study.ts"
import { type Rig, rig } from "../support/rig.ts"

const jobCount = 200

function configOf({ host, port, user, identityFile, knownHostsFile }: Rig): string {
  return `executors:
  hpc:
    scheduler: slurm
    host: ${host}
    port: ${port}
    user: ${user}
    identityFile: ${identityFile}
    knownHostsFile: ${knownHostsFile}
`
}

/** A command as the job user, over the system's own ssh: independent of everything that is under test. */
function onCluster({ host, port, user, identityFile, knownHostsFile }: Rig, command: string): string {
  const options = ["-F", "none", "-o", "BatchMode=yes", "-o", `UserKnownHostsFile=${knownHostsFile}`, "-i", identityFile]
  return execFileSync("ssh", [...options, "-p", String(port), `${user}@${host}`, command], { encoding: "utf8", maxBuffer: 64e6 })
}

test.skipIf(typeof rig === "string")(
  `${jobCount} jobs through Slurm, the controller killed three times: each payload runs once, every output is back`,
  { timeout: 600_000 },
  async () => {
    if (typeof rig === "string") return
    await using work = await study(configOf(rig))
    const trace = `/tmp/hawser-trace-${process.pid}-${Date.now()}`
    const written = await writeStudy(work, jobCount, trace)
    const killed: number[] = []
    const kill = async (): Promise<void> => {
      const pid = await work.killController()
      if (pid !== null) killed.push(pid)
    }

    // During submission: the batch command is still at work, and must not notice.
    const batch = work.hawser(["batch", "study.jsonl"])
    await untilSubmitting(work)
    await pause(randomInt(0, 1_500))
    await kill()
    const submitted = await batch
    expect(submitted.stderr).toContain(`${jobCount} accepted`)
    expect(submitted.code).toBe(0)

    const wait = work.hawser(["wait", "--all", "--timeout", "400s"])
    for (const _ of [1, 2]) {
      await pause(randomInt(500, 6_000))
      await kill()
    }
    const waited = await wait
    expect(waited.stderr).not.toContain("not completed")
    expect(waited.code).toBe(0)
    expect(new Set(killed).size).toBe(3)

    const jobs = await work.jobs()
    expect(jobs.filter((job) => job.state === "completed")).toHaveLength(jobCount)
    expect(await wrongResults(work, written)).toEqual([])

    const runs = onCluster(rig, `cat ${trace}; rm ${trace}`).trim().split("\n")
    expect(new Set(runs).size).toBe(jobCount)
    expect(runs).toHaveLength(jobCount)

    // One native that ran for each token, as accounting has it.
    const tokens = jobs.flatMap((job) => job.attempts.map(({ token }) => token))
    expect(new Set(tokens).size).toBe(tokens.length)
    await pause(3_000)
    const names = onCluster(rig, "sacct -X -n -P -S now-1hour -o JobName%200,Elapsed,State").trim().split("\n")
    const ran = tokens.map((token) => names.filter((line) => line.startsWith(token) && line.endsWith("|COMPLETED")).length)
    expect(ran.filter((count) => count !== 1)).toEqual([])
  },
)

/** Until some jobs have a native id and not all: the middle of the submission. */
async function untilSubmitting(work: Awaited<ReturnType<typeof study>>): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const jobs = await work.jobs().catch(() => [])
    if (jobs.some((job) => job.nativeId !== null)) return
    await pause(50)
  }
  throw new Error("nothing was submitted")
}
