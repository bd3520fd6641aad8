/** Benchmark `wrapper`: what the job wrapper, and the whole way through the process executor, add to `true`. */
import { execFile } from "node:child_process"
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { HawserError, openHawser } from "hawser"
import { type Benchmark, median, row, timed } from "./benchmark.ts"

const run = promisify(execFile)
const jobCount = 300
const cores = 2
const roundCount = 5

export const wrapper: Benchmark = {
  name: "wrapper",
  title: `${jobCount} times \`true\` on ${cores} cores: as jobs of the process executor, by the wrapper alone, in a shell loop`,
  async run() {
    const folder = await mkdtemp(join(tmpdir(), "hawser-bench-"))
    try {
      const jobs = await runJobs(folder)
      const directories = await jobDirectories(join(folder, "root"))
      const rounds: Round[] = []
      for (let count = 0; count < roundCount; count += 1) rounds.push(await round(directories))
      const added = row("the wrapper adds, ms per job", rounds, (one) => one.wrappedMs - one.plainMs)
      return {
        rows: [
          row("`true` in a loop, ms each", rounds, (one) => one.plainMs),
          row("`sh -c true` in a loop, ms each", rounds, (one) => one.shellMs),
          row("the wrapper in a loop, ms each", rounds, (one) => one.wrappedMs),
          added,
          row(`shell loop, ${cores} at a time, per second`, rounds, (one) => one.perSecond),
          row(`process executor, ${cores} cores, jobs/s`, [jobs], (one) => one.perSecond),
        ],
        figures: [{ what: "ms that the wrapper adds", value: median(added.values), limit: null }],
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

/** All at once, until the last one's results are back. */
async function runJobs(folder: string): Promise<{ readonly perSecond: number }> {
  const configFile = join(folder, "hawser.yaml")
  const here = { scheduler: "process", transport: "local", cores, root: join(folder, "root") }
  // JSON is YAML.
  await writeFile(configFile, JSON.stringify({ executors: { here }, default: "here" }))
  await using hawser = await openHawser({ configFile, stateDirectory: join(folder, "state") })
  const { ms } = await timed(async () => {
    const requests = Array.from({ length: jobCount }, (_, index) => ({ spec, key: `bench/${index}` }))
    for (const handle of await hawser.submitAll(requests)) {
      if (handle instanceof HawserError) throw handle
      const job = await handle.result()
      if (job.state !== "completed") throw new Error(`${job.key} is ${job.state}: ${job.reason}`)
    }
  })
  return { perSecond: (1_000 * jobCount) / ms }
}

const spec = { command: ["true"], resources: { tasks: 1 } }

interface Round {
  readonly plainMs: number
  readonly shellMs: number
  readonly wrappedMs: number
  readonly perSecond: number
}

/** The same number of each, one after the other, then two at a time. */
async function round(directories: readonly string[]): Promise<Round> {
  // As if none of them had ever started.
  await sh('for dir; do rm -f "$dir"/guard.* "$dir"/started.* "$dir"/exit.*; done', directories)
  const wrapped = await sh('export HAWSER_NATIVE_ID=bench; for dir; do sh "$dir/job.sh" || exit; done', directories)
  const plain = await sh("for dir; do /bin/true || exit; done", directories)
  const shellMs = await sh("for dir; do sh -c true || exit; done", directories)
  const pairs = await sh("while [ $# -ge 2 ]; do /bin/true & /bin/true & wait; shift 2; done", directories)
  const each = (ms: number): number => ms / directories.length
  return {
    plainMs: each(plain),
    shellMs: each(shellMs),
    wrappedMs: each(wrapped),
    perSecond: (1_000 * directories.length) / pairs,
  }
}

/** Milliseconds that the script takes. */
async function sh(script: string, words: readonly string[]): Promise<number> {
  return (await timed(async () => run("sh", ["-c", script, "sh", ...words]))).ms
}

async function jobDirectories(root: string): Promise<string[]> {
  const [home = ""] = await readdir(root)
  const jobs = join(root, home, "jobs")
  return (await readdir(jobs)).map((name) => join(jobs, name))
}
