/** Other projects' squeue and sacct lines in the columns that we ask for: same values, our order and separators. */
import { shared, sharedText } from "../support/shared.ts"

export interface Case {
  readonly case?: string
  readonly command: string | null
  readonly stdout: string
  readonly stderr?: string
  readonly exit_code?: number
  readonly tags?: readonly string[]
  readonly expect?: {
    readonly error?: boolean
    readonly class?: string
    readonly jobs?: readonly Job[]
  }
}

interface Job {
  readonly id: string
  readonly normalised: string
  readonly acceptable?: readonly string[]
  readonly exit_code?: number
  readonly signal?: number
  readonly reason?: string
}

const queueFields = ["id", "state", "reason", "submit", "start", "end", "restarts", "exit", "host", "cluster", "name"]
const accountingFields = ["id", "state", "exit", "reason", "submit", "start", "end", "host", "cluster", "name"]

/** The columns that have a counterpart among ours. */
const columns: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    id: "i A jobid jobidraw jobarrayid",
    state: "T state",
    compact: "t statecompact",
    reason: "r reason",
    exit: "exitcode",
    submit: "V submit submittime",
    start: "S start starttime",
    end: "e end endtime",
    host: "B nodelist batchhost",
    cluster: "cluster",
    name: "j jobname name",
  }).flatMap(([field, names]) => names.split(" ").map((name) => [name, field])),
)

/**
 * What our own command would have printed; null for a command or columns that we never ask for. Steps are left out,
 * as --allocations does, and each job gets a name of ours: theirs would be strangers'.
 */
export function ours(one: Case): { readonly program: "squeue" | "sacct"; readonly text: string } | null {
  const program = /(?:^|\s)(squeue|sacct)\s/.exec(one.command ?? "")?.[1] as "squeue" | "sacct" | undefined
  if (program === undefined || /--json|--yaml/.test(one.command ?? "")) return null
  if (one.exit_code !== undefined && one.exit_code !== 0) return { program, text: "" }
  const layout = program === "squeue" ? queueLayout(one.command ?? "") : accountingLayout(one.command ?? "")
  if (layout === null || !layout.columns.includes("id") || !/state|compact/.test(layout.columns.join())) return null
  const wanted = program === "squeue" ? queueFields : accountingFields
  const lines = one.stdout.split("\n").filter((line) => line !== "")
  const text = lines.map((line) => {
    const values = layout.split(line)
    if (values === null) return /^cluster:/i.test(line) ? `CLUSTER: x\n` : `${line}\n`
    const told = new Map(layout.columns.map((column, index) => [column, values[index] ?? ""]))
    if (/^jobid$/i.test(told.get("id") ?? "") || /\.\w+$/.test(told.get("id") ?? "")) return ""
    told.set("state", told.get("state") ?? long(told.get("compact") ?? ""))
    if (program === "squeue") told.set("exit", "")
    told.set("name", `hzcase000000000-${told.get("name") ?? ""}`)
    return `${wanted.map((field) => `${told.get(field) ?? ""}\x1f`).join("")}\n`
  })
  return { program, text: text.join("").replaceAll("job_id\x1f", "1\x1f") }
}

interface Layout {
  readonly columns: readonly string[]
  split(line: string): string[] | null
}

/** `-o '%i|%T'`: letters with text between them. `-O JobID:|,State:|`: names, each with its own end. */
function queueLayout(command: string): Layout | null {
  const long = /(?:-O|--Format[= ])\s*['"]?([^'"\s]+)/.exec(command)?.[1]
  if (long !== undefined) {
    const parts = long.split(",").map((part) => /^(\w+)(?::[.\d]*(.*))?$/.exec(part) ?? [])
    const ends = parts.map(([, , end = "|"]) => end)
    // Where the case does not say how they are separated, its lines have bars between them.
    const pattern = ends.map((end, index) => (long.includes(":") || index < ends.length - 1 ? literal(end) : ""))
    const line = new RegExp(`^${pattern.map((end) => `(.*?)${end}`).join("")}$`)
    return { columns: parts.map(([, name]) => nameOf(name)), split: (one) => line.exec(one)?.slice(1) ?? null }
  }
  const format = /(?:-o|--format[= ])\s*(?:'([^']+)'|"([^"]+)"|(\S+))/.exec(command)
  const text = format?.[1] ?? format?.[2] ?? format?.[3]
  if (text === undefined) return null
  const letters = [...text.matchAll(/%[.\d]*([A-Za-z])/g)].map((match) => nameOf(match[1]))
  const pattern = text.split(/%[.\d]*[A-Za-z]/).map(literal)
  const line = new RegExp(`^${pattern.join("(.*?)")}$`)
  return { columns: letters, split: (one) => line.exec(one)?.slice(1) ?? null }
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")
}

function accountingLayout(command: string): Layout | null {
  const names = /--format[= ]'?([\w,]+)/.exec(command)?.[1]
  if (names === undefined || !/-[a-zA-Z]*[pP]\b|--parsable/.test(command)) return null
  const columns = names.split(",").map(nameOf)
  return { columns, split: (line) => (line.split("|").length >= columns.length ? line.split("|") : null) }
}

function nameOf(column = ""): string {
  // %r and %R are two things, JobID and JobId are one.
  return columns[column.length === 1 ? column : column.toLowerCase()] ?? `other ${column}`
}

const compactToLong: Readonly<Record<string, string>> =
  shared === null
    ? {}
    : (JSON.parse(sharedText("cases/states-slurm.json")) as { compact_to_long: Record<string, string> }).compact_to_long

function long(compact: string): string {
  return compactToLong[compact] ?? compact
}
