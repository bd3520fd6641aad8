/** Amounts of memory as people write them. */
import { bad, describe, good, type Reading } from "./problem.ts"

const want =
  "Write a number and a unit, such as 4G, 512M or 1.5G (K, M, G, T, P; a bare number is MiB, as in sbatch --mem)."

const units = ["B", "K", "M", "G", "T", "P"]

/**
 * Bytes, rounded up to a whole one. As in Slurm units are powers of 1024 (`4G`, `4GB` and `4GiB` are the same) and a bare
 * number is MiB. `B` alone is bytes.
 */
export function parseSize(written: string | number): Reading<number> {
  const text = String(written).trim()
  const parts = /^(\d{1,16}(?:\.\d{1,16})?)\s*(?:(B)|([KMGTP])(?:i?B)?)?$/i.exec(text)
  if (parts === null) return bad(`${describe(written)}, which is not an amount of memory`, want)
  const unit = (parts[2] ?? parts[3] ?? "M").toUpperCase()
  const bytes = timesUp(parts[1] ?? "0", 1024n ** BigInt(units.indexOf(unit)))
  if (!Number.isSafeInteger(bytes)) return bad(`${describe(written)}, more than any memory there is`, want)
  return good(bytes)
}

/** In the largest unit that leaves a whole number: `4G`, `1536M`, `1000B`. `parseSize` reads it back. */
export function formatSize(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value !== 0 && value % 1024 === 0 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value}${units[unit] ?? "B"}`
}

function timesUp(decimal: string, unit: bigint): number {
  const [whole = "0", fraction = ""] = decimal.split(".")
  const scale = 10n ** BigInt(fraction.length)
  return Number((BigInt(whole + fraction) * unit + scale - 1n) / scale)
}
