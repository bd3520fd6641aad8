/** The known word that somebody probably meant. */

/**
 * The nearest of `known`, or null when none is near. Case, `_` and `-` don't count as differences; two letters swapped
 * count as one. `meant` names words of other tools for the same thing (`partition` for `queue`).
 */
export function nearest(
  word: string,
  known: readonly string[],
  meant: Readonly<Record<string, string>> = {},
): string | null {
  const plainWord = plain(word)
  const other = Object.entries(meant).find(([theirs]) => plain(theirs) === plainWord)?.[1]
  if (other !== undefined && known.includes(other)) return other
  const distanceMax = Math.max(1, Math.floor(plainWord.length / 3))
  const ranked = known
    .map((name) => ({ name, distance: distance(plainWord, plain(name)) }))
    .filter((candidate) => candidate.distance <= distanceMax)
    .sort((one, two) => one.distance - two.distance)
  return ranked[0]?.name ?? null
}

/** `Did you mean X?` where something is near, else all that is known. */
export function suggestion(word: string, known: readonly string[], meant?: Readonly<Record<string, string>>): string {
  const near = nearest(word, known, meant)
  return near === null ? `Known: ${known.join(", ")}.` : `Did you mean ${near}?`
}

function plain(word: string): string {
  return word.slice(0, 40).toLowerCase().replaceAll(/[-_]/g, "")
}

/** Damerau-Levenshtein, adjacent swaps only. */
function distance(one: string, two: string): number {
  const rows: number[][] = [Array.from({ length: two.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity
  for (let row = 1; row <= one.length; row++) {
    const line = [row]
    rows.push(line)
    for (let column = 1; column <= two.length; column++) {
      const cost = one[row - 1] === two[column - 1] ? 0 : 1
      const swapped = one[row - 1] === two[column - 2] && one[row - 2] === two[column - 1]
      line.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + cost,
          swapped ? at(row - 2, column - 2) + 1 : Infinity,
        ),
      )
    }
  }
  return at(one.length, two.length)
}
