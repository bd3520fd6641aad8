/** Ids of Flux: numbers of 64 bits, which it prints in base 58 behind an ƒ. (RFC 19) */

const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
const limit = 2n ** 64n

/** The id in decimal, as text: numbers of JavaScript end at 2^53. Takes `ƒ2D5AiBou`, `f2D5AiBou` and decimal; null for others. */
export function decimalOf(text: string): string | null {
  const value = valueOf(text)
  return value === null || value >= limit ? null : value.toString()
}

function valueOf(text: string): bigint | null {
  if (/^[1-9]\d{0,19}$/.test(text)) return BigInt(text)
  const [, plain] = /^[ƒf]([1-9A-HJ-NP-Za-km-z]{1,11})$/.exec(text) ?? []
  if (plain === undefined) return null
  return Array.from(plain).reduce((value, digit) => value * 58n + BigInt(digits.indexOf(digit)), 0n)
}
