/** Native qsub options of a spec: passed through, except those on which a job's identity and records rest. */
import { UsageError } from "../../errors.ts"

/** Options that are refused, and why. (PROTOCOL 2) */
const refused: Readonly<Record<string, string>> = {
  "-N": "Hawser itself sets the name.",
  "-wd": "Hawser itself sets the directory.",
  "-cwd": "Hawser itself sets the directory.",
  "-o": "Hawser itself sets the output.",
  "-e": "Hawser itself sets the output.",
  "-j": "Hawser itself sets the output.",
  "-i": "The job's script reads nothing; stdin is a field of the spec.",
  "-t": 'Each of an array is a job of its own to Hawser: "array" in the spec, or hawser submit --array.',
  "-r": "It is retry.requeue in the spec.",
  "-ckpt": "Hawser would not know how often the job was started.",
  "-c": "Hawser would not know how often the job was started.",
  "-S": "Hawser's script is for /bin/sh.",
  "-b": "Hawser submits a script.",
  "-shell": "Hawser submits a script.",
  "-C": "Hawser's script has no directives.",
  "-V": "It is set.",
  "-terse": "Hawser itself reads qsub's answer.",
  "-sync": "Hawser itself waits.",
  "-now": "Hawser itself waits.",
  "-verify": "Nothing would be submitted.",
  "-help": "Nothing would be submitted.",
  "-clear": "It would take the site's defaults from the job.",
  "-@": "Hawser has to see each option.",
  "-inherit": "It is for qrsh.",
  "-jsv": "Hawser has to see what is submitted.",
}

/** They take two words. */
const pairs: ReadonlySet<string> = new Set(["-pe", "-binding"])

/** The argv words of `spec.native`: `-l gpu=1`, `-notify`, `-pe mpi 16`. Throws a UsageError that names what is refused. */
export function nativeOptions(native: readonly string[]): string[] {
  return native.flatMap((text) => {
    const option = text.trim().replace(/^#\$\s*/, "")
    const [, name = "", value = ""] = /^(-\S+)\s*(.*)$/s.exec(option) ?? []
    if (!/^-(?:[A-Za-z]\w*|@)$/.test(name))
      throw unusable(text, "A native option of qsub is a dash and its name, then its value.")
    // eslint-disable-next-line no-control-regex
    if (/[\0-\x1f]/.test(option)) throw unusable(text, "It holds a control character.")
    if (/\s-\w/.test(value)) throw unusable(text, "It looks like more than one option.")
    const why = refused[name] ?? (name === "-w" && /^[vp]$/.test(value) ? "Nothing would be submitted." : undefined)
    if (why !== undefined) throw unusable(text, why)
    if (value === "") return [name]
    return [name, ...(pairs.has(name) ? value.split(/\s+/) : [value])]
  })
}

function unusable(text: string, reason: string): UsageError {
  return new UsageError("NATIVE_REFUSED", {
    summary: `The native option "${text.slice(0, 80)}" can't be passed to qsub.`,
    reason,
    advice: "Take it out of native; the spec has its own words for name, files, environment and resources.",
  })
}
