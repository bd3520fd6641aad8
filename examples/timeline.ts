/** Draws when jobs queued and ran, as an SVG. */
import type { JobView } from "hawser"

const rowHeight = 18
const labelWidth = 110
const width = 900

interface Row {
  readonly key: string
  readonly created: number
  readonly started: number
  readonly ended: number
}

/** One row a job: grey while it waited, blue while it ran; a red line where the controller was killed (ms since 1970). */
export function timeline(jobs: readonly JobView[], killedAt: number): string {
  const rows = jobs.flatMap(rowOf)
  const from = Math.min(...rows.map((row) => row.created))
  const to = Math.max(...rows.map((row) => row.ended), killedAt)
  const x = (time: number): number => labelWidth + ((time - from) / Math.max(1, to - from)) * (width - labelWidth - 20)
  const height = (rows.length + 2) * rowHeight + 10
  const bars = rows.map((row, index) => {
    const y = index * rowHeight + 8
    return [
      `<text x="4" y="${y + 11}">${escape(row.key)}</text>`,
      bar(x(row.created), x(row.started), y, "#c9ced6"),
      bar(x(row.started), x(row.ended), y, "#3b6fb6"),
    ].join("")
  })
  const bottom = rows.length * rowHeight + 24
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...bars,
    `<line x1="${x(killedAt)}" x2="${x(killedAt)}" y1="2" y2="${bottom - 12}" stroke="#c0392b" stroke-dasharray="4 3"/>`,
    `<text x="${x(killedAt) + 4}" y="${bottom}" fill="#c0392b">controller killed</text>`,
    `<text x="4" y="${bottom}">0 to ${((to - from) / 1000).toFixed(1)} s; grey: waits, blue: runs</text>`,
    `</svg>\n`,
  ].join("\n")
}

function rowOf(job: JobView): Row[] {
  const { created, started, ended } = job.times
  if (started === null || ended === null) return []
  return [{ key: job.key, created: Date.parse(created), started: Date.parse(started), ended: Date.parse(ended) }]
}

function bar(from: number, to: number, y: number, fill: string): string {
  return `<rect x="${from.toFixed(1)}" y="${y}" width="${Math.max(1, to - from).toFixed(1)}" height="${rowHeight - 6}" fill="${fill}"/>`
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
}
