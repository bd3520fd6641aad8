/** Records of squeue and sacct: fields that each end with a separator, so that newlines and bars in names break nothing. */

/** US, the ASCII unit separator. Job names, comments and reasons may hold `|`, commas, blanks and newlines. */
export const separator = "\x1f"

export interface Records {
  readonly records: readonly (readonly string[])[]
  readonly unread: readonly string[]
}

const id = /(\d+(?:_(?:\d+|\[[^\]\n]*\]))?(?:\+\d+)?)$/

/**
 * Splits what was printed as `field SEP field SEP … SEP newline`, each record with `count` fields and an id first.
 * Anything else (a banner, a record cut short) comes back in `unread`, as it came.
 */
export function splitRecords(text: string, count: number): Records {
  const records: string[][] = []
  const unread: string[] = []
  const complain = (noise: string) => unread.push(...noise.split("\n").filter((line) => line.trim() !== ""))
  const chunks = text.split(`${separator}\n`)
  const rest = chunks.pop() ?? ""
  for (const chunk of chunks) {
    const fields = chunk.split(separator)
    const head = fields[0] ?? ""
    const line = head.slice(head.lastIndexOf("\n") + 1)
    if (fields.length !== count || id.exec(line)?.index !== 0) {
      complain(chunk)
      continue
    }
    complain(head.slice(0, head.length - line.length))
    records.push([line, ...fields.slice(1)])
  }
  complain(rest)
  return { records, unread }
}
