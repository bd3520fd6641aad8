/** ClassAd expressions of parts, each in parentheses. */

export function allOf(parts: readonly string[]): string {
  return `(${parts.join(")&&(")})`
}

export function anyOf(parts: readonly string[]): string {
  return `(${parts.join(")||(")})`
}
