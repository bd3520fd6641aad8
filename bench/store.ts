/** Benchmark `store`: what it costs to write a job's life down does not depend on how many jobs there are. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openStore, systemClock } from "hawser"
import { type Benchmark, median, row, timed } from "./benchmark.ts"
import { eventsPerLife, life } from "./life.ts"

const few = 1_000
const many = 10_000
const roundCount = 3

/** As many jobs move at a time as a sweep or a chunk of submissions has. */
const movingCount = 50

export const store: Benchmark = {
  name: "store",
  title: `appends with fsync, ${eventsPerLife} for each job, ${movingCount} jobs moving at a time: ${few} jobs and ${many}`,
  async run() {
    await measure(few)
    const rounds: { readonly few: Measured; readonly many: Measured }[] = []
    for (let count = 0; count < roundCount; count += 1)
      rounds.push({ few: await measure(few), many: await measure(many) })
    const growth = row("ms per job, the second by the first", rounds, (one) => one.many.msPerJob / one.few.msPerJob)
    return {
      rows: [
        row(`${few} jobs, ms per job`, rounds, (one) => one.few.msPerJob),
        row(`${many} jobs, ms per job`, rounds, (one) => one.many.msPerJob),
        growth,
        row(`${few} jobs, appends/s`, rounds, (one) => (1_000 * eventsPerLife) / one.few.msPerJob),
        row(`${many} jobs, appends/s`, rounds, (one) => (1_000 * eventsPerLife) / one.many.msPerJob),
        row(`opening it with ${few} jobs, ms`, rounds, (one) => one.few.openMs),
        row(`opening it with ${many} jobs, ms`, rounds, (one) => one.many.openMs),
      ],
      figures: [{ what: "growth of the cost per job", value: median(growth.values), limit: 1.5 }],
    }
  },
}

interface Measured {
  /** All appends of a job's life, snapshots and the closing of the store included. */
  readonly msPerJob: number
  readonly openMs: number
}

async function measure(jobCount: number): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-bench-"))
  try {
    const { ms } = await timed(async () => fill(folder, jobCount))
    const { ms: openMs, value: reopened } = await timed(async () => openStore(folder, { clock: systemClock }))
    await using jobs = reopened
    if (jobs.jobs.size !== jobCount) throw new Error(`${jobs.jobs.size} jobs of ${jobCount} are in the store.`)
    return { msPerJob: ms / jobCount, openMs }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Each job waits for its last event to be on disk before it appends the next one. */
async function fill(folder: string, jobCount: number): Promise<void> {
  await using open = await openStore(folder, { clock: systemClock })
  let next = 0
  const mover = async (): Promise<void> => {
    while (next < jobCount) {
      const events = life(next)
      next += 1
      for (const event of events) await open.append([event])
    }
  }
  await Promise.all(Array.from({ length: movingCount }, mover))
}
