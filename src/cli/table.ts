/** Tables and lines for people. */
import { duration } from "../clock.ts"
import type { Cause, JobView } from "../job/index.ts"

/** Columns as wide as their widest cell; the last one is left as it is. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => (row[column] ?? "").length)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === heads.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd()
  return [heads, ...rows].map(line).join("\n")
}

export function jobTable(jobs: readonly JobView[], now: number): string {
  const rows = jobs.map((job) => [
    job.id,
    job.key,
    job.executor,
    job.cancelRequested && job.times.ended === null ? `${job.state} (cancelling)` : job.state,
    job.nativeId ?? "-",
    spanOf(job, now),
    why(job),
  ])
  return table(
    ["ID", "KEY", "EXECUTOR", "STATE", "NATIVE", "TIME", "REASON"],
    rows.map((row) => row.map(oneLine)),
  )
}

/** The cause with what is known of it: `exit: code 7`, `signal: KILL`, `rejected: Invalid partition`. */
function why({ cause, reason, exitCode, signal }: JobView): string {
  if (cause === null) return reason ?? ""
  const facts = reason ?? signal ?? (exitCode === null ? null : `code ${exitCode}`)
  return facts === null ? cause : `${cause}: ${facts}`
}

/** How long it ran, or has been there. */
function spanOf(job: JobView, now: number): string {
  const start = Date.parse(job.times.started ?? job.times.created)
  const end = job.times.ended === null ? now : Date.parse(job.times.ended)
  return duration(Math.max(0, end - start))
}

/** What to do about a job that did not even run, or whose end says nothing of its own command. */
const advice: Readonly<Partial<Record<Cause, (job: JobView) => string>>> = {
  rejected: ({ executor }) =>
    `Correct the job and submit it under another key; "hawser doctor ${executor}" checks the executor.`,
  "stage-in": () => "Mend its inputs and submit it under another key.",
  "stage-out": ({ remoteDirectory }) =>
    `Its outputs are still in ${remoteDirectory ?? "its directory"} on the other side.`,
  dependency: () => "See the job that it depends on.",
  launch: ({ executor }) => `"hawser doctor ${executor}" runs a test job.`,
  timeout: () => "Give it a longer walltime (-t).",
  "out-of-memory": () => "Give it more memory (--memory).",
  abandoned: ({ executor }) =>
    `Its key can be used again; what may be left of it is cancelled when ${executor} answers ("hawser recover ${executor}").`,
  lost: ({ id }) => `"hawser show ${id}" has what was asked.`,
}

/** What happened, why, what to do next: for a job that is over and did not complete. */
export function failureLines(job: JobView): string[] {
  const next = job.cause === null ? undefined : advice[job.cause]?.(job)
  if (next === undefined) return [endLine(job)]
  const why = job.reason === null ? [] : [oneLine(job.reason)]
  return [endLine({ ...job, reason: null }), ...why, next]
}

/** One line about how a job ended. */
export function endLine(job: JobView): string {
  const how = [
    job.cause === null ? "" : ` (${job.cause})`,
    job.exitCode === null || job.exitCode === 0 ? "" : `, exit code ${job.exitCode}`,
    job.signal === null ? "" : `, signal ${job.signal}`,
    job.reason === null ? "" : `: ${oneLine(job.reason)}`,
  ]
  return `${job.key} ${job.state}${how.join("")}`
}

export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ")
}
