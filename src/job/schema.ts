/** The pieces that schemas are made of: each says what it wants, and its complaint becomes a problem with a field. */
import { z } from "zod"
import { bad, describe, fieldOf, good, type Path, type Problem, type Reading } from "./problem.ts"
import { suggestion } from "./nearest.ts"

/** The fields that exist at a place, and other tools' words for them. Places in lists are left out of `path`. */
export type Known = (path: readonly string[]) => KnownFields | undefined
export interface KnownFields {
  readonly fields: readonly string[]
  readonly meant?: Readonly<Record<string, string>>
  /** What to say of a field that is known elsewhere (`walltime` beside `resources`). */
  readonly elsewhere?: (field: string) => string | null
}

/** Reads `value` by `schema`. Every message of a schema says what would be right; what is wrong is said here. */
export function readBy<T>(schema: z.ZodType<T>, value: unknown, known: Known): Reading<T> {
  const result = schema.safeParse(value, { reportInput: true })
  if (result.success) return good(result.data)
  const problems = problemsOf(result.error.issues, known, [])
  return { ok: false, problems: problems.filter((problem) => !isMisspelt(problem, problems)) }
}

/** A piece that a parse function of ours reads. */
export function read<T>(parse: (value: unknown) => Reading<T>): z.ZodType<T> {
  return z.unknown().transform((value, context) => settle(parse(value), value, context))
}

/** The same for text alone. */
export function readText<T>(parse: (text: string) => Reading<T>, want: string): z.ZodType<T, string> {
  return z.string({ error: want }).transform((text, context) => settle(parse(text), text, context))
}

function settle<T>(reading: Reading<T>, input: unknown, context: z.core.$RefinementCtx): T {
  if (reading.ok) return reading.value
  for (const { path, want, why } of reading.problems) {
    context.issues.push({ code: "custom", input, path: [...path], message: want, params: { why } })
  }
  return z.NEVER
}

/** Not said: absent, undefined or null. */
export function maybe<T>(schema: z.ZodType<T>): z.ZodType<T | null | undefined> {
  return schema.nullish()
}

/** Text on one line, not empty. */
export function word(want: string): z.ZodType<string, string> {
  return readText((text) => {
    const why = lineTrouble(text)
    return why === null ? good(text) : bad(why, want)
  }, want)
}

/** Why this can't be a word on one line, or null. */
export function lineTrouble(text: string): string | null {
  if (text.trim() === "") return "is empty"
  if (/\p{Cc}/u.test(text)) return `${describe(text)}, with a control character in it`
  return text.isWellFormed() ? null : "is not well-formed Unicode"
}

/** Text of any number of lines, not empty. A list is its lines. */
export function lines(want: string): z.ZodType<string> {
  return read((value) => {
    const text = Array.isArray(value) && value.every((line) => typeof line === "string") ? value.join("\n") : value
    if (typeof text !== "string") return bad(describe(value), want)
    if (text.trim() === "") return bad("is empty", want)
    return text.includes("\0") || !text.isWellFormed() ? bad("holds a NUL or broken Unicode", want) : good(text)
  })
}

export function list<T>(piece: z.ZodType<T>, want: string): z.ZodType<T[]> {
  return z.array(piece, { error: want })
}

/** A whole number from 1; digits as text will do. */
export function count(example: string): z.ZodType<number> {
  return read((value) => {
    const amount = typeof value === "string" && /^\d{1,9}$/.test(value.trim()) ? Number(value) : value
    if (typeof amount === "number" && Number.isInteger(amount) && amount >= 1 && amount < 1e9) return good(amount)
    return bad(describe(value), `Write a whole number from 1, such as ${example}.`)
  })
}

export function flag(): z.ZodType<boolean> {
  return z.boolean({ error: "Write true or false." })
}

/** One of a few words; near misses are named. */
export function oneOf<const T extends string>(words: readonly T[]): z.ZodType<T, string> {
  return readText(
    (text) => {
      const found = words.find((one) => one === text)
      return found === undefined
        ? bad(`${describe(text)}, which is not known here`, suggestion(text, words))
        : good(found)
    },
    `Write one of ${words.join(", ")}.`,
  )
}

/** Text or number, by a parse function. */
export function scalar<T>(parse: (value: string | number) => Reading<T>, want: string): z.ZodType<T> {
  return read((value) =>
    typeof value === "string" || typeof value === "number" ? parse(value) : bad(describe(value), want),
  )
}

function problemsOf(issues: readonly z.core.$ZodIssue[], known: Known, above: Path): Problem[] {
  return issues.flatMap((issue) => {
    const path = [...above, ...issue.path.map((step) => (typeof step === "symbol" ? String(step) : step))]
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownField(path, key, known))
    if (issue.code === "invalid_union") {
      // The branch that took the value's shape knows better what is wrong with it.
      const inside = issue.errors.find((branch) => !branch.some(isOtherShape))
      if (inside !== undefined) return problemsOf(inside, known, path)
    }
    const why: unknown = issue.code === "custom" ? issue.params?.["why"] : undefined
    return [
      { field: fieldOf(path), path, why: typeof why === "string" ? why : describe(issue.input), want: issue.message },
    ]
  })
}

function unknownField(path: Path, key: string, known: Known): Problem {
  const place = known(path.filter((step) => typeof step === "string"))
  const want = place?.elsewhere?.(key) ?? suggestion(key, place?.fields ?? [], place?.meant)
  const full = [...path, key]
  return { field: fieldOf(full), path: full, why: "is not a known field", want }
}

function isOtherShape({ path, code }: z.core.$ZodIssue): boolean {
  return path.length === 0 && (code === "invalid_type" || code === "invalid_value")
}

/** What is missing only because it stands there under a name that is nearly right is one problem, not two. */
function isMisspelt({ path, why }: Problem, problems: readonly Problem[]): boolean {
  if (why !== "is missing") return false
  const place = fieldOf(path.slice(0, -1))
  const want = `Did you mean ${path.at(-1)}?`
  return problems.some((other) => other.want === want && fieldOf(other.path.slice(0, -1)) === place)
}
