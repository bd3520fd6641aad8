/** Native sbatch options of a spec: passed through, except those on which a job's identity and records rest. */
import { UsageError } from "../../errors.ts"

/** Long options that are refused, and their letters. (PROTOCOL 2) */
const refused: Readonly<Record<string, string>> = {
  "job-name": "J",
  chdir: "D",
  array: "a",
  output: "o",
  error: "e",
  input: "i",
  "open-mode": "",
  requeue: "",
  "no-requeue": "",
  export: "",
  "export-file": "",
  wrap: "",
  parsable: "",
  wait: "W",
  "test-only": "",
  help: "h",
  usage: "",
  version: "V",
  quiet: "Q",
  verbose: "v",
}

/** Short options without a value: more letters may follow. */
const flags = "HkOQsvVWh"

/** What stands between the components of a heterogeneous job. (sbatch(1)) */
export const componentMark = ":"

/** The argv words of `spec.native`. Throws a UsageError that names what is refused. */
export function nativeOptions(native: readonly string[]): string[] {
  return native.flatMap((text) => {
    if (isBurstBuffer(text)) return []
    if (isComponentMark(text)) return [componentMark]
    const option = text.trim().replace(/^#SBATCH\s+/, "")
    if (!/^-[A-Za-z]|^--[a-z]/.test(option))
      throw unusable(
        text,
        "A native option of sbatch starts with - or --; lines of burst buffers start with #BB or #DW.",
      )
    // eslint-disable-next-line no-control-regex
    if (/[\0-\x1f]/.test(option)) throw unusable(text, "It holds a control character.")
    const taken = option.startsWith("--") ? refusedLong(option) : refusedShort(option)
    if (taken === "array") throw noArray(text)
    if (taken !== null) throw unusable(text, `Hawser itself sets --${taken}.`)
    return words(option)
  })
}

/**
 * Lines of `spec.native` for the head of the script, where the burst buffer plugins read them: `#BB` and `#DW`
 * (burst_buffer/datawarp), `#BB_LUA` (burst_buffer/lua). To sbatch and to sh they are comments.
 */
export function scriptLines(native: readonly string[]): string[] {
  return native.filter(isBurstBuffer).map((text) => {
    // eslint-disable-next-line no-control-regex
    if (/[\0-\x1f]/.test(text.trim())) throw unusable(text, "It holds a control character.")
    return text.trim()
  })
}

function isBurstBuffer(text: string): boolean {
  return /^\s*#(?:BB|DW|BB_LUA)\s/.test(text)
}

function isComponentMark(text: string): boolean {
  return /^\s*(?::|#SBATCH\s+(?:hetjob|packjob))\s*$/.test(text)
}

/** `--name=value` and `-pvalue` are one word; `--name value` and `-p value` are two. */
function words(option: string): string[] {
  const [, name = "", value] = /^(\S+)\s+(.*)$/s.exec(option) ?? []
  return value === undefined || name.includes("=") ? [option] : [name, value]
}

/** getopt takes any unambiguous beginning of a name: `--job=x` is `--job-name=x`. */
function refusedLong(option: string): string | null {
  const name = /^--([a-z-]+)/.exec(option)?.[1] ?? ""
  const taken = Object.keys(refused).find((one) => one === name || (name.length > 1 && one.startsWith(name)))
  if (taken !== undefined) return taken
  return "dependency".startsWith(name) && name.length > 1 && /\bsingleton\b/.test(option)
    ? "job-name (singleton)"
    : null
}

function refusedShort(option: string): string | null {
  if (/^-d\s*=?.*\bsingleton\b/.test(option)) return "job-name (singleton)"
  for (const letter of option.slice(1)) {
    const taken = Object.keys(refused).find((one) => refused[one] === letter)
    if (taken !== undefined) return taken
    if (!flags.includes(letter)) return null
  }
  return null
}

function noArray(text: string): UsageError {
  return new UsageError("NATIVE_REFUSED", {
    summary: `The native option "${text.slice(0, 80)}" can't be passed to sbatch.`,
    reason: "Each element is a job of its own to Hawser, with its own key, directory and end.",
    advice:
      'Write "array": "0-9%2" in the spec, or hawser submit --array 0-9%2; the payload finds its index in HAWSER_ARRAY_INDEX.',
  })
}

function unusable(text: string, reason: string): UsageError {
  return new UsageError("NATIVE_REFUSED", {
    summary: `The native option "${text.slice(0, 80)}" can't be passed to sbatch.`,
    reason,
    advice: "Take it out of native; the spec has its own words for name, files, environment and resources.",
  })
}
