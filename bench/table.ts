/** A report as lines of text. */
import { type Figure, type Report, holds, median } from "./benchmark.ts"

const columns = ["min", "median", "max"] as const

export function tableOf({ rows, figures }: Report): string {
  const width = Math.max(...rows.map(({ what }) => what.length)) + 2
  const head = " ".repeat(width) + columns.map((name) => name.padStart(10)).join("")
  const body = rows.map(({ what, values }) => {
    const numbers = [Math.min(...values), median(values), Math.max(...values)]
    return what.padEnd(width) + numbers.map((number) => numberOf(number).padStart(10)).join("")
  })
  return [head, ...body, ...figures.map(verdictOf)].map((line) => `  ${line}`).join("\n")
}

function verdictOf(figure: Figure): string {
  const { what, value, limit, isExact = false } = figure
  if (limit === null) return `     ${what}: ${numberOf(value)}`
  return `${holds(figure) ? "ok  " : "MISS"} ${what}: ${numberOf(value)} (${isExact ? "wanted" : "limit"} ${limit})`
}

function numberOf(value: number): string {
  if (Number.isInteger(value)) return String(value)
  if (Math.abs(value) >= 1_000) return String(Math.round(value))
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2)
}
