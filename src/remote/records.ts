/** Our own records of many attempts, read in one call. What is not whole is as if it were not there. */
import type { Command } from "../command.ts"
import { assertAnswered } from "./answer.ts"
import type { ExitRecord, Records, StartedRecord } from "./layout.ts"

interface Draft {
  present: boolean
  readonly guards: Map<number, string>
  readonly started: Map<number, StartedRecord>
  readonly exits: Map<number, ExitRecord>
}

/** Records of each token, in the order asked for. At most 1,000 tokens at once. */
export function readRecords(home: string, tokens: readonly string[]): Command<Records[]> {
  return {
    argv: ["hz_records", home, ...tokens],
    parse: (result) => {
      assertAnswered(result, "question", "Reading the records")
      return parseRecords(result.stdout, tokens)
    },
  }
}

/** Pure and total: reads what it knows and passes over the rest. */
export function parseRecords(text: string, tokens: readonly string[]): Records[] {
  const drafts = new Map(tokens.map((token) => [token, emptyDraft()]))
  let open:
    | { readonly draft: Draft; readonly kind: string; readonly start: number; readonly lines: string[] }
    | undefined
  for (const line of text.split("\n")) {
    const [kind = "", token = "", number = ""] = line.split(" ")
    const draft = drafts.get(token)
    if ((kind === "started" || kind === "exit") && isToken(token) && isCount(number)) {
      open = draft && { draft, kind, start: Number(number), lines: [] }
    } else if (line === "end") {
      if (open !== undefined) close(open)
      open = undefined
    } else if (open !== undefined) {
      open.lines.push(line)
    } else if (kind === "job" && draft !== undefined) {
      draft.present = true
    } else {
      readGuard(line, drafts)
    }
  }
  return tokens.map((token) => recordsOf(token, drafts.get(token) ?? emptyDraft()))
}

/** `… TOKEN/guard.N -> OWNER`, as ls prints it. */
function readGuard(line: string, drafts: ReadonlyMap<string, Draft>): void {
  const [, token = "", start = "", owner = ""] = /(\S+)\/guard\.(\d{1,9}) -> (.+)$/.exec(line) ?? []
  if (owner !== "") drafts.get(token)?.guards.set(Number(start), owner)
}

function close(record: { draft: Draft; kind: string; start: number; lines: readonly string[] }): void {
  const { draft, kind, start, lines } = record
  const fields = new Map<string, string>()
  const outputs: string[] = []
  for (const line of lines) {
    const blank = line.indexOf(" ")
    const [key, value] = [line.slice(0, blank), line.slice(blank + 1)]
    if (key === "output") outputs.push(value)
    else if (!fields.has(key)) fields.set(key, value)
  }
  if (kind === "started") {
    const started = startedRecord(start, fields)
    if (started !== null) draft.started.set(start, started)
  } else {
    const exit = exitRecord(start, fields, outputs)
    if (exit !== null) draft.exits.set(start, exit)
  }
}

function startedRecord(start: number, fields: ReadonlyMap<string, string>): StartedRecord | null {
  const [pid, at] = [count(fields.get("pid")), count(fields.get("at"))]
  const [nativeId, host] = [fields.get("native"), fields.get("host")]
  if (pid === null || at === null || nativeId === undefined || host === undefined) return null
  return { start, nativeId, host, pid, at: at * 1000 }
}

function exitRecord(start: number, fields: ReadonlyMap<string, string>, outputs: readonly string[]): ExitRecord | null {
  const [exitCode, startedAt, endedAt] = [
    count(fields.get("code")),
    count(fields.get("started")),
    count(fields.get("ended")),
  ]
  const nativeId = fields.get("native")
  if (exitCode === null || exitCode > 255 || startedAt === null || endedAt === null || nativeId === undefined)
    return null
  return {
    start,
    nativeId,
    exitCode,
    signal: fields.get("signal") ?? null,
    wrapperSignal: fields.get("wrapper") ?? null,
    limit: limitOf(fields.get("limit")),
    launchFailure: fields.get("launch") ?? null,
    startedAt: startedAt * 1000,
    endedAt: endedAt * 1000,
    peakMemory: count(fields.get("memory")),
    outputs: outputs.flatMap((line) => {
      const [, size = "", path = ""] = /^(\d{1,15}) (.+)$/.exec(line) ?? []
      return path === "" ? [] : [{ path: unescapePath(path), size: Number(size) }]
    }),
  }
}

function limitOf(word: string | undefined): ExitRecord["limit"] {
  return word === "walltime" || word === "instance" || word === "allocation" ? word : null
}

/** `%c3%a9` is the bytes of `é`. Bytes that are no UTF-8 become U+FFFD, as in every other text of the other side. */
function unescapePath(path: string): string {
  if (!path.includes("%")) return path
  const hex = Buffer.from(path, "utf8").toString("latin1")
  const bytes = hex.replaceAll(/%([0-9a-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
  return Buffer.from(bytes, "latin1").toString("utf8")
}

function recordsOf(token: string, draft: Draft): Records {
  const byStart = <T extends { readonly start: number }>(items: Iterable<T>): T[] =>
    [...items].sort((a, b) => a.start - b.start)
  return {
    token,
    present: draft.present,
    guards: byStart([...draft.guards].map(([start, owner]) => ({ start, owner }))),
    started: byStart(draft.started.values()),
    exits: byStart(draft.exits.values()),
  }
}

function emptyDraft(): Draft {
  return { present: false, guards: new Map(), started: new Map(), exits: new Map() }
}

function isToken(word: string): boolean {
  return /^hz[a-z0-9]{13}$/.test(word)
}

function isCount(word: string): boolean {
  return /^\d{1,15}$/.test(word)
}

function count(word: string | undefined): number | null {
  return word !== undefined && isCount(word) ? Number(word) : null
}
