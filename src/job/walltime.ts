/** Times as people write them: Slurm's spellings and human units for a walltime, human units alone for a timeout. */
import { bad, describe, good, type Reading } from "./problem.ts"
import { unlimitedWalltime } from "./resources.ts"

const wantWalltime =
  "Write minutes (90), min:sec (1:30), h:min:sec (1:30:00), days-hours (1-12, 1-12:30:00), units (2h30m, 90s, 1.5h) or unlimited."
const wantTimeout = "Write a number with its unit: 700s, 5m, 2h30m, 1.5h or 2d (units: d, h, m, s, ms)."

/** A thousand years. Above it somebody meant something else. */
const walltimeSecondsMax = 1000 * 365 * 86_400

/**
 * A walltime in whole seconds, or `unlimitedWalltime`. A bare number is minutes, as in `sbatch --time`; parts may exceed
 * 59 (`90:00`), as there. What is finer than a second is rounded up. Zero is read as 0: whether it is a limit is the
 * caller's affair (to Slurm it means none).
 */
export function parseWalltime(written: string | number): Reading<number> {
  const text = String(written).trim()
  if (/^(unlimited|infinite|infinity|inf|-1)$/i.test(text)) return good(unlimitedWalltime)
  const seconds = slurmSeconds(text) ?? secondsUp(unitMicroseconds(text))
  if (seconds === null) return bad(`${describe(written)}, which is not a time`, wantWalltime)
  if (seconds > walltimeSecondsMax) return bad(`${describe(written)}, more than a thousand years`, "Write unlimited.")
  return good(seconds)
}

/** A span in whole milliseconds, rounded up. A unit is required: `700` alone could be seconds or, as in Slurm, minutes. */
export function parseTimeout(written: string | number): Reading<number> {
  const text = String(written).trim()
  if (/^\d+(\.\d+)?$/.test(text)) return bad(`${describe(written)} and lacks a unit`, wantTimeout)
  const microseconds = unitMicroseconds(text)
  if (microseconds === null) return bad(`${describe(written)}, which is not a span of time`, wantTimeout)
  const milliseconds = Number(divideUp(microseconds, 1000n))
  if (milliseconds > walltimeSecondsMax * 1000)
    return bad(`${describe(written)}, more than a thousand years`, wantTimeout)
  return good(milliseconds)
}

/** `D-HH:MM:SS`, which Slurm and `parseWalltime` read; `UNLIMITED` for `unlimitedWalltime`. Takes whole seconds. */
export function formatWalltime(seconds: number): string {
  if (seconds === unlimitedWalltime) return "UNLIMITED"
  const part = (value: number): string => String(Math.floor(value)).padStart(2, "0")
  const clock = [(seconds % 86_400) / 3600, (seconds % 3600) / 60, seconds % 60].map(part).join(":")
  return `${Math.floor(seconds / 86_400)}-${clock}`
}

// The six forms of sbatch(1), --time. Its own parser checks no ranges: 1:60:15 is two hours and 15 seconds.
const slurmForms: readonly [RegExp, readonly number[]][] = [
  [/^(\d+)$/, [60]],
  [/^(\d+):(\d+)$/, [60, 1]],
  [/^(\d+):(\d+):(\d+)$/, [3600, 60, 1]],
  [/^(\d+)-(\d+)$/, [86_400, 3600]],
  [/^(\d+)-(\d+):(\d+)$/, [86_400, 3600, 60]],
  [/^(\d+)-(\d+):(\d+):(\d+)$/, [86_400, 3600, 60, 1]],
]

function slurmSeconds(text: string): number | null {
  for (const [form, units] of slurmForms) {
    const parts = form.exec(text)
    if (parts !== null) return units.reduce((sum, unit, index) => sum + unit * Number(parts[index + 1]), 0)
  }
  return null
}

const number = String.raw`(\d+(?:\.\d+)?)`
const unitForm = new RegExp(
  `^(?:${number}d)?\\s*(?:${number}h)?\\s*(?:${number}m)?\\s*(?:${number}s)?\\s*(?:${number}ms)?$`,
  "i",
)
const unitsInMicroseconds = [86_400_000_000n, 3_600_000_000n, 60_000_000n, 1_000_000n, 1000n]

/** Exact, since 1.2h must be 4320 s and not, through a binary fraction, a second more. Null: no such form. */
function unitMicroseconds(text: string): bigint | null {
  if (text === "" || text.length > 100) return null
  const parts = unitForm.exec(text)?.slice(1)
  if (parts === undefined) return null
  return parts.reduce((sum, part, index) => sum + decimalTimes(part, unitsInMicroseconds[index] ?? 0n), 0n)
}

function decimalTimes(decimal: string | undefined, unit: bigint): bigint {
  const [whole = "0", fraction = ""] = (decimal ?? "0").split(".")
  return divideUp(BigInt(whole + fraction) * unit, 10n ** BigInt(fraction.length))
}

function secondsUp(microseconds: bigint | null): number | null {
  return microseconds === null ? null : Number(divideUp(microseconds, 1_000_000n))
}

function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by
}
