/** The rules of docs/architecture.md as data, and the functions that hold a tree of sources to them. */
import { posix } from "node:path"
import { type Source, lineAt, readSource } from "./source.ts"

/** Path from the root of the repository to text. Only what lies under src is judged. */
export type Tree = Readonly<Record<string, string>>

interface Rule {
  readonly title: string
  /** One line for each violation, `path:line what`; none when all is well. */
  readonly check: (tree: Tree) => string[]
}

/**
 * From the top down: a unit imports units of lower ranks only. What stands in one rank is neighbours, which never
 * import one another; what stands in one group counts as one.
 */
const flow: readonly (readonly (readonly string[])[])[] = [
  [["cli"], ["index.ts"], ["testing"]],
  [["control"]],
  [["hawser.ts"]],
  [["config"]],
  [["executors"]],
  [["schedulers"], ["launchers"], ["transport", "remote"], ["persist"], ["retry"]],
  [["command.ts"], ["quote.ts"], ["clock.ts"], ["abort.ts"], ["version.ts"]],
  [["errors.ts"]],
  [["job"]],
]

/** Of these rooms, that room sees these files only. */
const narrow = [
  {
    from: "config",
    to: ["schedulers", "launchers", "transport", "remote", "persist", "retry"],
    only: /\/registry\.ts$/,
  },
]

/** Pure rooms turn text into data and back. Input, output and time stay outside. */
const pure = {
  rooms: ["job", "schedulers", "launchers"],
  never:
    /^(?:src\/clock\.ts|(?:node:)?(?:child_process|cluster|dgram|dns|fs|http2?|https|net|os|perf_hooks|process|readline|timers|tls|tty|worker_threads)(?:\/.*)?)$/,
}

const command =
  "(?:bash|cat|cd|chmod|cp|env|exec|flux|kill|ln|ls|mkdir|mpirun|mv|nohup|printf|ps|qdel|qstat|qsub|rm|sacct|sbatch|scancel|scontrol|setsid|sh|squeue|srun|ssh|tar|test|touch)"

/** What a literal looks like when somebody assembles shell. Quoting is code that can be wrong; it stands in quote.ts. */
const shell: readonly { readonly looksLike: RegExp; readonly what: string }[] = [
  { looksLike: /\d?>&\d/, what: "joins streams" },
  { looksLike: />\s*\/dev\/null/, what: "throws output away" },
  { looksLike: /(?:^|\s)(?:&&|\|\|)(?:\s|$)/, what: "chains commands" },
  { looksLike: /(?<!\\)\$\(/, what: "substitutes a command" },
  { looksLike: /\|\s*(?:awk|base64|cat|cut|grep|gzip|head|sed|sh|sort|tail|tee|tr|uniq|wc|xargs)\b/, what: "pipes" },
  { looksLike: /\b(?:for|while|until)\b.*;\s*do\b/, what: "loops" },
  { looksLike: /\bif\b.*;\s*then\b|;\s*fi\b/, what: "branches" },
  { looksLike: /<<-?\s*["'\\]?[A-Z_]+\b/, what: "opens a here-document" },
  { looksLike: /(?:^|[;\s])set -[eux]+\b/, what: "sets shell options" },
  { looksLike: new RegExp(`^${command}(?:\\s+-[\\w-]+(?:=\\S*)?)*\\s+["']?\\$\\{\\}`), what: "builds a command line" },
  { looksLike: new RegExp(`^${command}(?:\\s+-[\\w-]+)*\\s+["']?$`), what: "begins a command line" },
]
const shellRooms = ["src/quote.ts"]

/** Time and randomness come in through clock.ts. A date made from a value that is there already is data. */
const time: readonly { readonly looksLike: RegExp; readonly what: string }[] = [
  { looksLike: /\bDate\s*\.\s*now\b/g, what: "Date.now" },
  { looksLike: /\bnew\s+Date\b(?!\s*\(\s*[^\s)])/g, what: "new Date()" },
  { looksLike: /(?<!\bnew\s+)\bDate\s*\(\s*\)/g, what: "Date()" },
  { looksLike: /\bset(?:Timeout|Interval)\b/g, what: "a timer" },
  { looksLike: /\bAbortSignal\s*\.\s*timeout\b/g, what: "AbortSignal.timeout" },
  { looksLike: /\bperformance\s*\.\s*(?:now|timeOrigin)\b/g, what: "performance.now" },
  { looksLike: /\bprocess\s*\.\s*(?:hrtime|uptime)\b/g, what: "process.hrtime" },
  { looksLike: /\bMath\s*\.\s*random\b/g, what: "Math.random" },
  { looksLike: /\b(?:randomUUID|randomBytes|randomInt|randomFill(?:Sync)?|getRandomValues)\b/g, what: "randomness" },
]
const timeImports = /^(?:node:)?(?:timers|timers\/promises|perf_hooks)$/
const timeRooms = ["src/clock.ts"]

const vagueNames = /^(?:utils?|helpers?|common|misc|shared)$/i
const linesMax = 350

type RuleName = "circles" | "flow" | "narrow" | "pure" | "folders" | "shell" | "time" | "defaults" | "names" | "length"

export const rules: Readonly<Record<RuleName, Rule>> = {
  circles: { title: "no file imports itself in a circle", check: circles },
  flow: { title: "imports flow from the top to the bottom, past no neighbour", check: sources(flowOf) },
  narrow: { title: "config sees of the implementations nothing but their registries", check: sources(narrowOf) },
  pure: { title: "the pure rooms do no I/O and know no time", check: sources(pureOf) },
  folders: { title: "every folder says in one sentence what it is", check: folders },
  shell: { title: "only quote.ts and the .sh files write shell", check: sources(shellOf) },
  time: { title: "only clock.ts touches time and randomness", check: sources(timeOf) },
  defaults: { title: "there are no default exports", check: sources(defaultsOf) },
  names: { title: "files and folders are called by their subject", check: names },
  length: { title: `no file is longer than ${linesMax} lines`, check: sources(lengthOf) },
}

function sources(judge: (source: Source) => Iterable<string>): Rule["check"] {
  return (tree) => read(tree).flatMap((source) => [...judge(source)])
}

function read(tree: Tree): Source[] {
  return Object.entries(tree)
    .filter(([path]) => path.startsWith("src/") && path.endsWith(".ts"))
    .map(([path, text]) => readSource(path, text))
}

const at = (source: Source, offset: number, what: string): string => `${source.path}:${lineAt(source, offset)} ${what}`

function circles(tree: Tree): string[] {
  const imports = new Map(read(tree).map((source) => [source.path, source.imports.map(({ to }) => to)]))
  const done = new Set<string>()
  const found: string[] = []
  for (const path of imports.keys()) visit(path, [])
  return found

  function visit(path: string, trail: readonly string[]): void {
    const start = trail.indexOf(path)
    if (start !== -1) found.push(`${path}:1 imports itself: ${[...trail.slice(start), path].join(" -> ")}`)
    if (start !== -1 || done.has(path)) return
    for (const to of imports.get(path) ?? []) visit(to, [...trail, path])
    done.add(path)
  }
}

/** The room of a file, or the file itself where it stands alone: `src/job/spec.ts` is `job`, `src/clock.ts` is `clock.ts`. */
function unitOf(path: string): string | undefined {
  return /^src\/([^/]+)/.exec(path)?.[1]
}

function placeOf(unit: string): { readonly rank: number; readonly group: readonly string[] } | undefined {
  for (const [rank, groups] of flow.entries()) {
    const group = groups.find((units) => units.includes(unit))
    if (group !== undefined) return { rank, group }
  }
  return undefined
}

function* flowOf(source: Source): Iterable<string> {
  const from = unitOf(source.path) ?? ""
  const here = placeOf(from)
  if (here === undefined) return yield `${source.path}:1 ${from} has no place in the flow`
  for (const { to, at: offset } of source.imports) {
    const unit = unitOf(to)
    if (unit === undefined) continue
    const there = placeOf(unit)
    if (there === undefined || here.group.includes(unit)) continue
    if (there.rank === here.rank) yield at(source, offset, `${from} imports its neighbour ${unit}`)
    if (there.rank < here.rank) yield at(source, offset, `${from} imports ${unit}, which stands above it`)
  }
}

function* narrowOf(source: Source): Iterable<string> {
  for (const { from, to: rooms, only } of narrow) {
    if (unitOf(source.path) !== from) continue
    for (const { to, at: offset } of source.imports) {
      if (rooms.includes(unitOf(to) ?? "") && !only.test(to)) yield at(source, offset, `${from} imports ${to}`)
    }
  }
}

function* pureOf(source: Source): Iterable<string> {
  const room = unitOf(source.path) ?? ""
  if (!pure.rooms.includes(room)) return
  for (const { to, at: offset } of source.imports) {
    if (pure.never.test(to)) yield at(source, offset, `${room} is pure and imports ${to}`)
  }
}

function folders(tree: Tree): string[] {
  const paths = Object.keys(tree).filter((path) => path.startsWith("src/"))
  const all = new Set(paths.flatMap((path) => ancestorsOf(path)))
  return [...all].flatMap((folder) => {
    const index = tree[`${folder}/index.ts`]
    if (index === undefined) return [`${folder}:1 has no index.ts`]
    const sentence = /^\/\*\* (\S.*[.?!]) \*\/$/.exec(index.split("\n", 1)[0] ?? "")?.[1]
    if (sentence === undefined) return [`${folder}/index.ts:1 does not open with a doc comment of one sentence`]
    return /[.?!] [A-Z]/.test(sentence) ? [`${folder}/index.ts:1 opens with more than one sentence`] : []
  })
}

/** The folders of a file, up to src: `src/a/b/c.ts` is in `src/a/b`, `src/a` and `src`. */
function ancestorsOf(path: string): string[] {
  const folder = posix.dirname(path)
  return folder === "." ? [] : [folder, ...ancestorsOf(folder)]
}

function* shellOf(source: Source): Iterable<string> {
  if (shellRooms.includes(source.path)) return
  for (const { text, at: offset } of source.literals) {
    for (const { looksLike, what } of shell) {
      if (looksLike.test(text)) yield at(source, offset, `writes shell: ${what}`)
    }
  }
}

function* timeOf(source: Source): Iterable<string> {
  if (timeRooms.includes(source.path)) return
  for (const { looksLike, what } of time) {
    for (const { index } of source.code.matchAll(looksLike)) yield at(source, index, `uses ${what}`)
  }
  for (const { to, at: offset } of source.imports) {
    if (timeImports.test(to)) yield at(source, offset, `imports ${to}`)
  }
}

function* defaultsOf(source: Source): Iterable<string> {
  for (const { index } of source.code.matchAll(/\bexport\s+default\b|\bas\s+default\b/g)) {
    yield at(source, index, "exports a default")
  }
}

function names(tree: Tree): string[] {
  return Object.keys(tree)
    .filter((path) => path.startsWith("src/"))
    .filter((path) => path.split("/").some((part) => part.split(/[.-]/).some((word) => vagueNames.test(word))))
    .map((path) => `${path}:1 is called by no subject`)
}

function* lengthOf(source: Source): Iterable<string> {
  const lines = source.text.trimEnd().split("\n").length
  if (lines > linesMax) yield `${source.path}:${linesMax + 1} has ${lines} lines`
}
