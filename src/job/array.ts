/** Arrays: one spec that stands for many jobs. It is taken apart at the edge; behind it there are jobs alone, each with a key. */
import { bad, describe, good, type Path, type Problem, type Reading } from "./problem.ts"

/** What `array` says. */
export interface ArraySaid {
  /** Each once, in the order in which they were said. */
  readonly indices: readonly number[]
  /** How many of them may run at once; null: all. */
  readonly atOnce: number | null
}

/** One job of an array: a spec of its own, to be read by `parseSpec`. */
export interface Element {
  /** `relax[3]` */
  readonly key: string
  readonly spec: Readonly<Record<string, unknown>>
}

export interface ArrayOptions {
  /** Given beside the spec. It wins over the spec's own. */
  readonly key?: string | null | undefined
  /** Where nobody has said one. */
  readonly freshKey: () => string
}

const elementsMax = 100_000
const indexMax = 4_000_000
const want = 'Write indices such as "0-9", "1,3,8-20:4" or "0-99%10", or a list of whole numbers.'

/** `0-9`, `1,3`, `0-20:5`, and behind a `%` how many at once; or a list of numbers. */
export function parseArray(said: unknown): Reading<ArraySaid> {
  if (Array.isArray(said)) return indicesOf(said.map(String).join(","), null)
  if (typeof said !== "string" && typeof said !== "number") return bad(describe(said), want)
  const [, list = "", atOnce] = /^\s*([\d,:\s-]+?)\s*(?:%\s*(\d{1,6})\s*)?$/.exec(String(said)) ?? []
  if (list === "" || atOnce === "0") return bad(describe(said), want)
  return indicesOf(list, atOnce === undefined ? null : Number(atOnce))
}

function indicesOf(list: string, atOnce: number | null): Reading<ArraySaid> {
  const indices = new Set<number>()
  for (const part of list.split(",")) {
    const [, first, last, step] = /^\s*(\d{1,7})(?:\s*-\s*(\d{1,7})(?::(\d{1,7}))?)?\s*$/.exec(part) ?? []
    const [from, to, stride] = [Number(first), Number(last ?? first), Number(step ?? 1)]
    if (first === undefined || to < from || stride === 0) return bad(describe(list), want)
    if (to > indexMax) return bad(`goes up to ${to}, more than ${indexMax}`, want)
    for (let index = from; index <= to; index += stride) {
      indices.add(index)
      if (indices.size > elementsMax) return bad(`is more than ${elementsMax} jobs`, "Write several arrays.")
    }
  }
  return good({ indices: [...indices], atOnce })
}

/** Null: it says nothing of an array. What else is wrong with the spec is told when its elements are read. */
export function elementsOf(spec: unknown, options: ArrayOptions): Reading<readonly Element[]> | null {
  if (!isRecord(spec) || spec["array"] === undefined || spec["array"] === null) return null
  const { array, ...common } = spec
  const said = parseArray(array)
  if (!said.ok) return { ok: false, problems: said.problems.map((problem) => at(problem, "array")) }
  const into = common["into"]
  if (typeof into === "string" && !placeholder.test(into) && said.value.indices.length > 1)
    return bad("is one folder for all jobs of the array", 'Write %a in it, such as "results/%a".', ["into"])
  const own = common["key"]
  const key = options.key ?? (typeof own === "string" ? own : options.freshKey())
  const { indices, atOnce } = said.value
  const keys = indices.map((index) => keyOf(key, index))
  return good(
    indices.map((index, position) => {
      const before = atOnce === null ? undefined : keys[position - atOnce]
      return { key: keyOf(key, index), spec: elementOf(common, key, index, before) }
    }),
  )
}

function keyOf(key: string, index: number): string {
  return `${key}[${index}]`
}

/** `before`: the one whose place it takes. It is waited for however it ends, so at no time there are more at once. */
function elementOf(
  common: Readonly<Record<string, unknown>>,
  key: string,
  index: number,
  before: string | undefined,
): Record<string, unknown> {
  const { env, after, name } = common
  const files = ["inputs", "outputs", "stdin", "into", "after"].flatMap((field) =>
    common[field] === undefined ? [] : [[field, filled(common[field], index)] as const],
  )
  const element: Record<string, unknown> = { ...common, ...Object.fromEntries(files), key: keyOf(key, index) }
  if (typeof name === "string") element["name"] = keyOf(name, index)
  if (env === undefined || env === null || isRecord(env)) element["env"] = { ...env, HAWSER_ARRAY_INDEX: String(index) }
  if (before !== undefined && (after === undefined || after === null || Array.isArray(after))) {
    const others = (element["after"] ?? []) as readonly unknown[]
    element["after"] = [...others, { job: before, when: "ended" }]
  }
  return element
}

/** `%a` is the index, `%4a` the index with at least four digits: as in Slurm's file names. */
const placeholder = /%(\d?)a/

function filled(value: unknown, index: number): unknown {
  if (typeof value === "string")
    return value.replaceAll(new RegExp(placeholder, "g"), (_, width: string) =>
      String(index).padStart(Number(width), "0"),
    )
  if (Array.isArray(value)) return value.map((one) => filled(one, index))
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one, index)]))
}

/** `relax[0-9]` in `after` stands for these jobs, each; any other name for itself. */
export function keysIn(name: string): string[] {
  const [, key, list] = /^(.+)\[([\d,:-]*[,-][\d,:-]*)\]$/.exec(name) ?? []
  if (key === undefined || list === undefined) return [name]
  const said = indicesOf(list, null)
  return said.ok ? said.value.indices.map((index) => keyOf(key, index)) : [name]
}

/** Its number, where `name` with a number behind it is the key of a job of an array; else null. */
export function indexIn(key: string, name: string): number | null {
  if (!key.startsWith(`${name}[`)) return null
  const [, index] = /^\[(\d{1,7})\]$/.exec(key.slice(name.length)) ?? []
  return index === undefined ? null : Number(index)
}

function at(problem: Problem, field: string): Problem {
  const path: Path = [field, ...problem.path]
  return { ...problem, path, field }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
