/** What Grid Engine's state letters mean. (sge_status(5); seen on 8.1.9) */
import type { LiveState } from "../../job/index.ts"

/**
 * A state is a set of letters, and they are read as such, in this order. Whatever it is, the native is still there:
 * Grid Engine's queue knows no end.
 *
 * `E` in front of what waits: its last start failed (`Eqw`). It waits until somebody clears that (`qmod -cj`) or deletes
 * it, so it is held, with a reason. `N` and `P` are Univa's: preempted, and waiting.
 */
const meanings: readonly (readonly [letters: RegExp, state: LiveState])[] = [
  [/E.*[qw]/, "held"],
  [/[sST]/, "suspended"],
  [/h.*[qw]|^h$/, "held"],
  [/[qwPN]/, "queued"],
  [/[rtR]/, "running"],
]

/** The letters that there are: d deletion, E error, h hold, R restarted, r running, s S T suspended, t transferring, q w waiting. */
const letters = /^[dEhRrsSTtqwPN]+$/

/** Null for a word that is not known, and for an error state that says nothing else. */
export function meaningOf(word: string): LiveState | null {
  if (!letters.test(word)) return null
  return meanings.find(([pattern]) => pattern.test(word))?.[1] ?? null
}

export function isError(word: string): boolean {
  return letters.test(word) && word.includes("E")
}

/** How often it was started again: Grid Engine says that, and not how often. */
export function restartsOf(word: string): number {
  return word.includes("R") ? 1 : 0
}
