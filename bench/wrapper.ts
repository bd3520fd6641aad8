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
      const added = row("  it adds, ms each", rounds, ({ wrapped, plain }) => wrapped.ms - plain.ms)
      const addedCpu = row("  it adds, ms of CPU each", rounds, ({ wrapped, plain }) => wrapped.cpuMs - plain.cpuMs)
      return {
        rows: [
          row("`true` in a loop, ms each", rounds, ({ plain }) => plain.ms),
          row("the wrapper around it in a loop, ms each", rounds, ({ wrapped }) => wrapped.ms),
          added,
          addedCpu,
          row(`shell loop, ${cores} at a time, per second`, rounds, ({ paired }) => 1_000 / paired.ms),
          row(`process executor, ${cores} cores, jobs/s`, [jobs], (one) => one.perSecond),
        ],
        figures: [
          { what: "ms that the wrapper adds", value: median(added.values), limit: null },
          { what: "of which CPU, which other load does not lengthen", value: median(addedCpu.values), limit: null },
        ],
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
  readonly plain: Spent
  readonly wrapped: Spent
  readonly paired: Spent
}

/** For each of the jobs. */
interface Spent {
  readonly ms: number
  readonly cpuMs: number
}

/** The same number of each, one after the other, and `true` two at a time. */
async function round(directories: readonly string[]): Promise<Round> {
  // As if none of them had ever started.
  await sh('for dir; do rm -f "$dir"/guard.* "$dir"/started.* "$dir"/exit.*; done', directories)
  return {
    wrapped: await sh('export HAWSER_NATIVE_ID=bench; for dir; do sh "$dir/job.sh" || exit; done', directories),
    plain: await sh("for dir; do /bin/true || exit; done", directories),
    paired: await sh("while [ $# -ge 2 ]; do /bin/true & /bin/true & wait; shift 2; done", directories),
  }
}

async function sh(script: string, words: readonly string[]): Promise<Spent> {
  const { ms, value } = await timed(async () => run("sh", ["-c", `${script}; times`, "sh", ...words]))
  const seconds = [...value.stdout.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => 60 * Number(m) + Number(s))
  const cpuMs = 1_000 * seconds.reduce((sum, one) => sum + one, 0)
  return { ms: ms / words.length, cpuMs: cpuMs / words.length }
}

async function jobDirectories(root: string): Promise<string[]> {
  const [home = ""] = await readdir(root)
  const jobs = join(root, home, "jobs")
  return (await readdir(jobs)).map((name) => join(jobs, name))
}
