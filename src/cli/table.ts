/** Tables and lines for people. */
import type { JobView } from "../job/index.ts"

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
    (job.cause === null ? "" : `${job.cause}: `) + (job.reason ?? ""),
  ])
  return table(["ID", "KEY", "EXECUTOR", "STATE", "NATIVE", "TIME", "REASON"], rows.map((row) => row.map(oneLine)))
}

/** How long it ran, or has been there. */
function spanOf(job: JobView, now: number): string {
  const start = Date.parse(job.times.started ?? job.times.created)
  const end = job.times.ended === null ? now : Date.parse(job.times.ended)
  return duration(Math.max(0, end - start))
}

export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`
  return `${Math.floor(seconds / 3600)}h${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")}m`
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

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ")
}
