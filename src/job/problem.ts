/** What is wrong with something a person wrote, and the result of reading it: problems are values here, never exceptions. */

/** Where something stands: names of fields, and places in lists from 0. */
export type Path = readonly (string | number)[]

export interface Problem {
  /** `resources.walltime`, `inputs[0].to`; empty for the whole. */
  readonly field: string
  readonly path: Path
  /** What is wrong, to be read after the field's name: `is missing`, `is "5x", which is not a time`. */
  readonly why: string
  /** What would be right, a sentence of its own. */
  readonly want: string
}

export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export function good<T>(value: T): Reading<T> {
  return { ok: true, value }
}

/** One problem; `path` is relative to what is being read. */
export function bad(why: string, want: string, path: Path = []): { readonly ok: false; readonly problems: Problem[] } {
  return { ok: false, problems: [{ field: fieldOf(path), path, why, want }] }
}

/** `["inputs", 0, "to"]` is `inputs[0].to`. Names that are no identifiers are quoted: `env["A B"]`. */
export function fieldOf(path: Path): string {
  return path.reduce<string>((field, step) => {
    if (typeof step === "number") return `${field}[${step}]`
    if (!/^[\w-]+$/.test(step)) return `${field}[${JSON.stringify(step)}]`
    return field === "" ? step : `${field}.${step}`
  }, "")
}

/** A value for a sentence, short and on one line: `is "5x"`, `is a list`, `is missing`. */
export function describe(value: unknown): string {
  if (value === undefined) return "is missing"
  if (value === null) return "is empty (null)"
  if (Array.isArray(value)) return "is a list"
  if (typeof value === "object") return "is an object"
  if (typeof value === "string") return `is ${shorten(JSON.stringify(value))}`
  return typeof value === "number" || typeof value === "boolean" ? `is ${value}` : `is a ${typeof value}`
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 56).replace(/[\uD800-\uDBFF]$/, "")}…"`
}
