/** Records of squeue and sacct: fields that each end with a separator, so that newlines and bars in names break nothing. */
import type { Listing } from "../scheduler.ts"

/** US, the ASCII unit separator. Job names, comments and reasons may hold `|`, commas, blanks and newlines. */
export const separator = "\x1f"

export interface Records {
  readonly records: readonly (readonly string[])[]
  readonly unread: readonly string[]
  /** The line with the names of the columns was there, so it is an answer, also where it has no records. */
  readonly hasHead: boolean
}

const id = /(\d+(?:_(?:\d+|\[[^\]\n]*\]))?(?:\+\d+)?)$/

const columnName = /[A-Za-z][A-Za-z_ ]*$/

/**
 * Splits what was printed as `field SEP field SEP … SEP newline`, each record with `count` fields and an id first; in the
 * head stands the name of a column there.
 * Anything else (a banner, a record cut short) comes back in `unread`, as it came.
 */
export function splitRecords(text: string, count: number): Records {
  const records: string[][] = []
  const unread: string[] = []
  let hasHead = false
  const complain = (noise: string) => unread.push(...noise.split("\n").filter((line) => line.trim() !== ""))
  const chunks = text.split(`${separator}\n`)
  const rest = chunks.pop() ?? ""
  for (const chunk of chunks) {
    const fields = chunk.split(separator)
    const head = fields[0] ?? ""
    const line = head.slice(head.lastIndexOf("\n") + 1)
    const isHead = columnName.exec(line)?.index === 0
    if (fields.length !== count || (!isHead && id.exec(line)?.index !== 0)) {
      complain(chunk)
      continue
    }
    complain(head.slice(0, head.length - line.length))
    if (isHead) hasHead = true
    else records.push([line, ...fields.slice(1)])
  }
  complain(rest)
  return { records, unread, hasHead }
}

/**
 * How complete an answer is. One without a head is none: a wrapper of the site's around squeue that failed and said
 * nothing, say. Its silence is not Slurm's.
 */
export function completenessOf(
  unread: readonly string[],
  hasHead: boolean,
  program: string,
): Pick<Listing, "coverage" | "trouble"> {
  if (unread.length > 0)
    return { coverage: "partial", trouble: `${program} printed what is no record: ${unread[0]?.slice(0, 200)}` }
  if (!hasHead)
    return { coverage: "partial", trouble: `${program} printed nothing, not even the names of its columns.` }
  return { coverage: "complete", trouble: null }
}
