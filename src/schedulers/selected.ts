/** Commands over remote/selected.sh: the manager is asked which natives there are, and then about these. */

/** What `query` says of the natives whose ids `select` prints. */
export function askSelected(select: readonly string[], query: readonly string[]): string[] {
  return ["hz_ask_selected", String(select.length), ...select, ...query]
}

/** Each of `effects` on those natives that `select` prints and that have this id, or on all of them where it is not known. */
export function actOnSelected(
  nativeId: string | null,
  select: readonly string[],
  effects: readonly (readonly string[])[],
): string[] {
  const grouped = effects.flatMap((words) => [String(words.length), ...words])
  return ["hz_act_on_selected", nativeId ?? "-", String(select.length), ...select, ...grouped]
}

/** The answer of `askSelected`. */
export interface Selected {
  /** How many natives were selected; null: it was not said. */
  readonly count: number | null
  /** Lines before that. */
  readonly noise: readonly string[]
  /** What the query printed. */
  readonly body: string
  /** It was told to its end. */
  readonly isWhole: boolean
  /** Lines behind the end. */
  readonly rest: readonly string[]
}

export function readSelected(stdout: string): Selected {
  const lines = stdout.split("\n")
  // The last piece has no line break behind it: it may be half of a line.
  const last = lines.pop() ?? ""
  const head = lines.findIndex((line) => /^hz-selected \d+$/.test(line))
  const end = lines.findLastIndex((line) => /^hz-end \d+$/.test(line))
  const isWhole = head !== -1 && end > head
  const body = lines.slice(head + 1, isWhole ? end : undefined)
  if (!isWhole) body.push(last)
  return {
    count: head === -1 ? null : Number(lines[head]?.split(" ")[1]),
    noise: lines.slice(0, Math.max(0, head)).filter(hasText),
    body: body.join("\n"),
    isWhole,
    rest: isWhole ? [...lines.slice(end + 1), last].filter(hasText) : [],
  }
}

function hasText(line: string): boolean {
  return line.trim() !== ""
}
