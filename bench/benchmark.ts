/** What a benchmark is, and what it reports. */

export interface Benchmark {
  /** As it is named on the command line. */
  readonly name: string
  /** One sentence: what is measured. */
  readonly title: string
  run(): Promise<Report | Skipped>
}

export interface Report {
  readonly rows: readonly Row[]
  readonly figures: readonly Figure[]
}

/** One thing that was measured, a value for each round. */
export interface Row {
  readonly what: string
  readonly values: readonly number[]
}

/** What the benchmark is for: a ratio within one run, because machines are noisy. */
export interface Figure {
  readonly what: string
  readonly value: number
  /** It passes below this, or, where `isExact`, only with this very value. Null: it is only told. */
  readonly limit: number | null
  readonly isExact?: boolean
}

export interface Skipped {
  readonly skipped: string
}

export function holds({ value, limit, isExact = false }: Figure): boolean {
  return limit === null || (isExact ? value === limit : value < limit)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  return (low + high) / 2
}

/** One value of each round. */
export function row<T>(what: string, rounds: readonly T[], value: (round: T) => number): Row {
  return { what, values: rounds.map(value) }
}

/** Milliseconds that `work` takes, and what it gives. */
export async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly value: T }> {
  const start = performance.now()
  const value = await work()
  return { ms: performance.now() - start, value }
}
