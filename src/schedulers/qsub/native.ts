/** Native qsub options of a spec: passed through, except those on which a job's identity and records rest. */
import { UsageError } from "../../errors.ts"

/** By letter. (PROTOCOL 2) */
const refused: Readonly<Record<string, string>> = {
  N: "the job's name",
  o: "where its output goes",
  e: "where its output goes",
  j: "where its output goes",
  k: "where its output goes",
  r: "that nobody starts it a second time",
  J: "arrays, each of which is a job of its own (array in the spec, or hawser submit --array)",
  t: "arrays, each of which is a job of its own (array in the spec, or hawser submit --array)",
  V: "its environment",
  v: "its environment",
  S: "its shell",
  C: "how its script is read",
  I: "that it is a batch job",
  X: "that it is a batch job",
  x: "what it runs",
  z: "that its id is printed",
  f: "how qsub answers",
}

/** The argv words of `spec.native`. Throws a UsageError that names what is refused. */
export function nativeOptions(native: readonly string[]): string[] {
  return native.flatMap((text) => {
    const option = text.trim().replace(/^#PBS\s+/, "")
    const letter = /^-([A-Za-z])/.exec(option)?.[1]
    if (letter === undefined) throw unusable(text, "A native option of qsub is a letter behind one -.")
    // eslint-disable-next-line no-control-regex
    if (/[\0-\x1f]/.test(option)) throw unusable(text, "It holds a control character.")
    const taken =
      refused[letter] ?? (/^-W\s*(?:.*,)?\s*(?:block|umask)\b/.test(option) ? "how qsub answers" : undefined)
    if (taken !== undefined) throw unusable(text, `Hawser itself sees to ${taken}.`)
    // `-l nodes=2` is two words; in `-lnodes=2` and `-W x=a b` what stands behind the letter is one.
    const [, flag = "", value] = /^(-[A-Za-z])\s+(.*)$/s.exec(option) ?? []
    return value === undefined ? [option] : [flag, value]
  })
}

function unusable(text: string, reason: string): UsageError {
  return new UsageError("NATIVE_REFUSED", {
    summary: `The native option "${text.slice(0, 80)}" can't be passed to qsub.`,
    reason,
    advice: "Take it out of native; the spec has its own words for name, files, environment and resources.",
  })
}
