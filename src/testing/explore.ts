/** Explore: many seeds, shared out to threads, and what came of them. */
import { availableParallelism } from "node:os"
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads"
import { systemClock } from "../clock.ts"
import type { Broken } from "./broken.ts"
import { type Report, simulate } from "./simulation.ts"
import { type Coverage, addTo, strikes } from "./strikes.ts"

export interface Exploration {
  /** The first one of each range; the seeds are shared out to them evenly. */
  readonly from: readonly number[]
  /** In all. Null: until the time is over. */
  readonly seeds: number | null
  /** Null: until the seeds are done. */
  readonly minutes: number | null
  readonly broken: Broken | null
  /** Default: one for each processor. */
  readonly threads?: number
  /** Called with each seed that found something. */
  readonly onFound: (report: Report) => void
}

export interface Result {
  readonly seeds: number
  readonly violations: number
  readonly seconds: number
  /** In how many seeds each kind of trouble really struck. */
  readonly coverage: Coverage
}

/** What a thread is told to do: every `stride`-th seed, from the `first` one on. */
interface Share {
  readonly from: readonly number[]
  readonly first: number
  readonly stride: number
  readonly seeds: number | null
  readonly untilMs: number | null
  readonly broken: Broken | null
}

/** What a thread says: of a seed that found something, or of all that it has done. */
type Said = { readonly found: Report } | { readonly done: number; readonly coverage: Coverage }

/** Lines that explain a violation. */
const logMax = 60

export async function explore(exploration: Exploration): Promise<Result> {
  const { from, seeds, minutes, broken, onFound } = exploration
  const begun = systemClock.monotonic()
  const threads = Math.min(exploration.threads ?? availableParallelism(), seeds ?? Infinity)
  const untilMs = minutes === null ? null : systemClock.now() + minutes * 60_000
  const coverage: Coverage = {}
  let done = 0
  let violations = 0
  const share = async (index: number): Promise<void> => {
    const ours = seeds === null ? null : Math.ceil((seeds - index) / threads)
    const data: Share = { from, first: index, stride: threads, seeds: ours, untilMs, broken }
    // Worlds are short-lived: most of one is garbage before a small young generation is full.
    const resourceLimits = { maxYoungGenerationSizeMb: 64 }
    const worker = new Worker(new URL(import.meta.url), { workerData: data, resourceLimits })
    await new Promise<void>((resolve, reject) => {
      worker.on("message", (said: Said) => {
        if ("done" in said) {
          done += said.done
          for (const strike of strikes) coverage[strike] = (coverage[strike] ?? 0) + (said.coverage[strike] ?? 0)
        } else {
          violations += 1
          onFound(said.found)
        }
      })
      worker.on("error", reject)
      worker.on("exit", resolve)
    })
  }
  await Promise.all(Array.from({ length: threads }, (_, index) => share(index)))
  return { seeds: done, violations, seconds: (systemClock.monotonic() - begun) / 1_000, coverage }
}

async function work({ from, first, stride, seeds, untilMs, broken }: Share): Promise<void> {
  // The engine's errors are facts here; nobody reads where they were made.
  Error.stackTraceLimit = 0
  const say = (said: Said): void => parentPort?.postMessage(said)
  const coverage: Coverage = {}
  let done = 0
  while ((seeds === null || done < seeds) && (untilMs === null || systemClock.now() < untilMs)) {
    const seed = seedAt(from, first + done * stride)
    const { violations, struck } = await simulate({ seed, broken })
    addTo(coverage, struck)
    // The same seed is the same run: once more, for its log.
    if (violations.length > 0) say({ found: await simulate({ seed, broken, logMax }) })
    done += 1
  }
  say({ done, coverage })
}

/** One of each range in turn. */
export function seedAt(from: readonly number[], index: number): number {
  return (from[index % from.length] ?? 1) + Math.floor(index / from.length)
}

const isOurThread = !isMainThread && typeof workerData === "object" && workerData !== null && "stride" in workerData
if (isOurThread) await work(workerData as Share)
