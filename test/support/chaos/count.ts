/** What came of a round, counted by three witnesses: our store, the manager's accounting, and the payloads themselves. */
import type { JobView } from "../../../src/job/index.ts"
import type { Expected } from "./fault.ts"

/** One native as accounting has it. */
export interface NativeRow {
  readonly id: string
  readonly name: string
  readonly state: string
}

/** A line that a payload left: it ran. */
export interface Run {
  readonly key: string
  readonly token: string
  /** Native id and restart. */
  readonly native: string
}

export interface Witnesses {
  readonly jobs: readonly JobView[]
  readonly rows: readonly NativeRow[]
  readonly runs: readonly Run[]
  /** Natives of these jobs that the manager still has. */
  readonly left: readonly NativeRow[]
  readonly healths: readonly string[]
}

export interface Count {
  readonly tokens: number
  /** Natives that accounting knows by those tokens, and how many of them completed. */
  readonly natives: number
  readonly completed: number
  /** Natives that left a line of their payload. */
  readonly ran: number
  readonly runs: number
  readonly lost: number
  readonly twice: number
  /** Attempts that were fenced and submitted again. */
  readonly replaced: number
  /** How many jobs ended how. */
  readonly ends: Readonly<Record<string, number>>
  /** What speaks against the promises; empty when all is right. */
  readonly wrong: readonly string[]
}

export function countOf(witnesses: Witnesses, jobCount: number, expected: Expected): Count {
  const { jobs, rows, runs, left, healths } = witnesses
  const attempts = jobs.flatMap((job) => job.attempts.map((attempt) => ({ job, attempt })))
  const tokens = new Set(attempts.map(({ attempt }) => attempt.token))
  const known = rows.filter((row) => tokens.has(tokenOf(row)))
  const perTry = counts(runs.flatMap(tryOf))
  const twice = [...perTry].filter(([, times]) => times > 1)
  const lost = jobs.filter((job) => isLost(job, runs))
  const ends = counts(jobs.map(endOf))
  return {
    tokens: tokens.size,
    natives: new Set(known.map(({ id, name }) => `${id} ${name}`)).size,
    completed: known.filter(({ state }) => state === "COMPLETED").length,
    ran: new Set(runs.map(({ native, token }) => `${native} ${token}`)).size,
    runs: runs.length,
    lost: lost.length + Math.max(0, jobCount - jobs.length),
    twice: twice.reduce((sum, [, times]) => sum + times - 1, 0),
    replaced: attempts.filter(({ attempt }) => attempt.replacement > 0).length,
    ends: Object.fromEntries(ends),
    wrong: [
      ...(jobs.length === jobCount ? [] : [`${jobs.length} jobs of ${jobCount}`]),
      ...(tokens.size === attempts.length ? [] : ["two attempts have one token"]),
      ...twice.map(([which, times]) => `ran ${times} times: ${which}`),
      ...lost.map((job) => `lost: ${job.key} is ${endOf(job)} (${job.reason})`),
      ...jobs.flatMap((job) => wrongEnd(job, expected)),
      ...jobs.flatMap((job) => wrongRuns(job, runs)),
      ...runs.filter(({ token }) => !tokens.has(token)).map(({ key }) => `ran, and nobody knows it: ${key}`),
      ...jobs.flatMap((job) => wrongRows(job, known, expected)),
      ...rows.filter((row) => !tokens.has(tokenOf(row))).map(({ name }) => `a native that nobody knows: ${name}`),
      ...left.map(({ name, state }) => `still in the queue: ${name} ${state}`),
      ...healths
        .filter((health) => health !== "up" && !expected.healths.includes(health))
        .map((health) => `the manager was ${health}`),
      ...(expected.some ?? [])
        .filter((end) => !ends.has(end))
        .map((end) => `no job ended as ${end}: the fault did not strike`),
    ],
  }

  /** Attempt and replacements of a job are one try: its payload may run once, or once in each start of one native. */
  function tryOf({ token, native }: Run): string[] {
    const found = attempts.find(({ attempt }) => attempt.token === token)
    if (found === undefined) return []
    const start = Number(native.split(".")[1] ?? 0)
    const isRestart = start > 0 && start <= (expected.restarts ?? 0)
    return [`${found.job.key}, attempt ${found.attempt.number}${isRestart ? `, start ${start}` : ""}`]
  }
}

/** The token stands first in a native name. */
export function tokenOf({ name }: Pick<NativeRow, "name">): string {
  return name.slice(0, tokenLength)
}

const tokenLength = 15

function endOf({ state, cause }: JobView): string {
  return cause === null ? state : `${state}/${cause}`
}

/** Not over, called lost, or completed without having run. */
function isLost(job: JobView, runs: readonly Run[]): boolean {
  if (!["completed", "failed", "cancelled"].includes(job.state) || job.cause === "lost") return true
  return job.state === "completed" && !runs.some(({ key }) => key === job.key)
}

function wrongEnd(job: JobView, { ends = ["completed"], attempts = 1 }: Expected): string[] {
  const index = Number(job.key.split("/").at(-1))
  const allowed = typeof ends === "function" ? ends(index) : ends
  return [
    ...(allowed.includes(endOf(job)) ? [] : [`${job.key} is ${endOf(job)}: ${job.reason}`]),
    ...(job.attempt <= attempts ? [] : [`${job.key} had ${job.attempt} attempts`]),
  ]
}

/** A completed job ran in its last attempt; what was replaced never ran. */
function wrongRuns(job: JobView, runs: readonly Run[]): string[] {
  const ran = (token: string): boolean => runs.some((run) => run.token === token)
  const last = job.attempts.at(-1)
  const replaced = job.attempts.filter(({ number, replacement }, index) =>
    job.attempts.slice(index + 1).some((later) => later.number === number && later.replacement > replacement),
  )
  return [
    ...(job.state === "completed" && last !== undefined && !ran(last.token) ? [`did not run: ${job.key}`] : []),
    ...replaced.filter(({ token }) => ran(token)).map(({ token }) => `ran, and was replaced: ${job.key} ${token}`),
  ]
}

function wrongRows(job: JobView, rows: readonly NativeRow[], { accounting = "exact" }: Expected): string[] {
  return job.attempts.flatMap(({ token }, index) => {
    const completed = rows.filter((row) => tokenOf(row) === token && row.state === "COMPLETED").length
    const isMissing = job.state === "completed" && index === job.attempts.length - 1 && completed === 0
    return [
      ...(completed > 1 ? [`${completed} natives of ${job.key} completed`] : []),
      ...(isMissing && accounting === "exact" ? [`accounting has no completed native of ${job.key}`] : []),
    ]
  })
}

function counts(words: readonly string[]): Map<string, number> {
  const found = new Map<string, number>()
  for (const word of words) found.set(word, (found.get(word) ?? 0) + 1)
  return found
}
