/** The JSON of qstat -F json: jobs by id, with their attributes as text. */
import { z } from "zod"
import type { Attributes } from "../qsub/index.ts"

export interface Jobs {
  /** Null: there is no whole answer. */
  readonly jobs: ReadonlyMap<string, Attributes> | null
  /** Lines around it, and what should have been one. */
  readonly unread: readonly string[]
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])
const attribute = z.union([scalar, z.record(z.string(), scalar)]).catch(null)
const answer = z.object({ Jobs: z.record(z.string(), z.record(z.string(), attribute)).optional() })

/** Nothing at all is no jobs: so it is where the server knows none of those that were asked for. */
export function readJobs(text: string): Jobs {
  const lines = text.split("\n")
  const begin = lines.findIndex((line) => line.startsWith("{"))
  const end = lines.findLastIndex((line) => line.startsWith("}"))
  const around = (
    begin === -1 ? lines : [...lines.slice(0, begin), ...lines.slice(end === -1 ? lines.length : end + 1)]
  )
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
  if (begin === -1) return { jobs: null, unread: around }
  const value = parse(lines.slice(begin, end === -1 ? undefined : end + 1).join("\n"))
  const reading = answer.safeParse(value)
  if (!reading.success) return { jobs: null, unread: [...around, lines[begin] ?? ""] }
  const jobs = Object.entries(reading.data.Jobs ?? {}).map(([id, attributes]) => [id, flat(attributes)] as const)
  return { jobs: new Map(jobs), unread: around }
}

/**
 * PBS Pro 18 and 19 write what looks like a number without quotes, also 0123, and leave control characters of environment
 * variables as they are. Both are no JSON: what no parser takes is quoted, line by line, and nothing else is mended.
 */
function parse(text: string): unknown {
  return attempt(text) ?? attempt(text.split("\n").map(mended).join("\n"))
}

function attempt(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function mended(line: string): string {
  // eslint-disable-next-line no-control-regex
  const plain = line.replaceAll(/[\0-\x1f]/g, " ")
  const [, head, value, comma = ""] = /^(\s*"[^"]+":\s*)([^\s"{[].*?|".*")(,?)\s*$/.exec(plain) ?? []
  if (head === undefined || value === undefined || attempt(value) !== undefined) return plain
  return `${head}${JSON.stringify(value.replaceAll(/^"|"$/g, ""))}${comma}`
}

/** `Resource_List: {walltime: …}` as `Resource_List.walltime`. */
function flat(attributes: Record<string, z.infer<typeof attribute>>): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]): [string, string][] => {
      if (value === null) return []
      if (typeof value !== "object") return [[name, String(value)]]
      return Object.entries(value).flatMap(([key, one]): [string, string][] =>
        one === null ? [] : [[`${name}.${key}`, String(one)]],
      )
    }),
  )
}
