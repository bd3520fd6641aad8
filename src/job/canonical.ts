/** One text and one hash for one spec, whatever the order in which its fields were written. */
import { createHash } from "node:crypto"
import type { JobSpec } from "./spec.ts"

/** JSON without spaces, the names of every object sorted by code unit. Inputs count by their paths, not their contents. */
export function canonicalSpec(spec: JobSpec): string {
  return JSON.stringify(sorted(spec))
}

/** SHA-256 of `canonicalSpec`, in hex. */
export function specHash(spec: JobSpec): string {
  return createHash("sha256").update(canonicalSpec(spec)).digest("hex")
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).sort(([one], [two]) => (one < two ? -1 : 1))
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]))
}
