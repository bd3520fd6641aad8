/** YAML text as data that remembers where it came from. */
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from "yaml"
import { good, type Path, type Problem, type Reading } from "../job/index.ts"

export interface YamlSource {
  readonly value: unknown
  /** `line:column`, from 1, of the key or list item at `path`, or of the nearest thing around it that exists. */
  readonly locate: (path: Path) => string
  /** The same place, counted in characters from the start. */
  readonly offset: (path: Path) => number
}

/** The data, or what is wrong with the YAML itself: then `path` holds the line and the column. */
export function readYaml(text: string): Reading<YamlSource> {
  const counter = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: counter,
    prettyErrors: false,
    merge: true,
    // The schema says what is wrong, at its place; a warning would go to stderr by itself.
    logLevel: "error",
  })
  const at = (offset: number): [number, number] => {
    const { line, col } = counter.linePos(offset)
    return [line, col]
  }
  if (document.errors.length > 0) {
    return { ok: false, problems: document.errors.map(({ message, pos }) => syntaxProblem(message, at(pos[0]))) }
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    const offset = (path: Path): number => offsetOf(document, path)
    return good({ value, offset, locate: (path) => at(offset(path)).join(":") })
  } catch (error) {
    // An alias without an anchor, or aliases that grow without end.
    return { ok: false, problems: [syntaxProblem(error instanceof Error ? error.message : String(error), [1, 1])] }
  }
}

function syntaxProblem(message: string, path: Path): Problem {
  // "…; please use YAML.parseAllDocuments()" is for programmers.
  const why = message.replace(/; please.*|\.$/, "")
  return { field: "", path, why: `is no YAML that can be read: ${why}`, want: "Correct it there; indent by spaces." }
}

function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents
  let offset = document.contents?.range[0] ?? 0
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document)
    const next = isMap(node)
      ? node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(step))
      : isSeq(node) && typeof step === "number"
        ? node.items[step]
        : undefined
    if (next === undefined) return offset
    offset = startOf(isPair(next) ? next.key : next) ?? offset
    node = isPair(next) ? next.value : next
  }
  return offset
}

function startOf(node: unknown): number | null {
  if (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) return node.range?.[0] ?? null
  return null
}
