/** The globs of `outputs`: read once, then matched here or written in the form that every sh understands alike. */
import { UsageError } from "../errors.ts"
import { type ByteName, bytesOf, textOf } from "./filename.ts"

/**
 * Relative to the working directory. `*` and `?` stay in one folder and match a leading dot only where the pattern
 * says it; `**` as a whole part crosses folders, but no hidden ones and no links; `[a-z]`, `[!a-z]` and `\` as in sh.
 * Names are bytes: `?` is one byte. A match that is a folder stands for everything below it.
 */
export interface Glob {
  /** As the user wrote it. */
  readonly text: string
  /** Empty: the working directory itself. */
  readonly parts: readonly Part[]
}

type Part = "**" | readonly Atom[]
type Atom =
  | { readonly kind: "byte"; readonly byte: string }
  | { readonly kind: "any" }
  | { readonly kind: "star" }
  | { readonly kind: "set"; readonly bytes: string; readonly negated: boolean }

/** Throws a UsageError `GLOB_INVALID` for a pattern that is absolute, leaves its folder or can match nothing. */
export function parseGlob(text: string): Glob {
  if (text === "") throw invalid(text, "It is empty.")
  if (text.startsWith("/")) throw invalid(text, "It is absolute.")
  if (text.includes("\0")) throw invalid(text, "It contains a NUL byte.")
  const parts = bytesOf(text)
    .split("/")
    .filter((part) => part !== "" && part !== ".")
  if (parts.includes("..")) throw invalid(text, "It leaves its folder.")
  const parsed = parts.map((part) => (part === "**" ? part : parsePart(part, text)))
  return { text, parts: parsed.filter((part, index) => part !== "**" || parsed[index + 1] !== "**") }
}

/** The text for `hz_expand`. */
export function shellPattern(glob: Glob): string {
  if (glob.parts.length === 0) return "."
  return textOf(glob.parts.map((part) => (part === "**" ? part : part.map(shellAtom).join(""))).join("/"))
}

/** Whether this path, relative to the working directory, is a match itself; what stands below a match is not asked. */
export function matchesGlob(glob: Glob, path: ByteName): boolean {
  if (glob.parts.length === 0) return true
  return matchesParts(glob.parts, path.split("/"))
}

function matchesParts(parts: readonly Part[], names: readonly ByteName[]): boolean {
  const [part, ...rest] = parts
  const [name, ...below] = names
  if (part === undefined || name === undefined) return part === undefined && name === undefined
  if (part !== "**") return matchesPart(part, name) && matchesParts(rest, below)
  if (rest.length === 0) return names.every((each) => !each.startsWith("."))
  return matchesParts(rest, names) || (!name.startsWith(".") && matchesParts(parts, below))
}

function matchesPart(atoms: readonly Atom[], name: ByteName): boolean {
  const [first] = atoms
  if (name.startsWith(".") && !(first?.kind === "byte" && first.byte === ".")) return false
  return matchesAtoms(atoms, 0, name, 0)
}

/** Goes back to the last star only: that is enough, and never slow. */
function matchesAtoms(atoms: readonly Atom[], atomStart: number, name: ByteName, nameStart: number): boolean {
  let [at, pos, star, starPos] = [atomStart, nameStart, -1, 0]
  while (pos < name.length) {
    const atom = atoms[at]
    if (atom?.kind === "star") {
      ;[star, starPos] = [at, pos]
      at += 1
    } else if (atom !== undefined && matchesByte(atom, name.charAt(pos))) {
      at += 1
      pos += 1
    } else if (star !== -1) {
      starPos += 1
      ;[at, pos] = [star + 1, starPos]
    } else {
      return false
    }
  }
  return atoms.slice(at).every((atom) => atom.kind === "star")
}

function matchesByte(atom: Atom, byte: string): boolean {
  if (atom.kind === "byte") return atom.byte === byte
  if (atom.kind === "set") return atom.bytes.includes(byte) !== atom.negated
  return atom.kind === "any"
}

function parsePart(part: ByteName, text: string): Atom[] {
  const atoms: Atom[] = []
  let at = 0
  while (at < part.length) {
    const char = part.charAt(at)
    const set = char === "[" ? parseSet(part, at, text) : null
    if (set !== null) {
      atoms.push(set.atom)
      at = set.end
    } else if (char === "*") {
      if (atoms.at(-1)?.kind !== "star") atoms.push({ kind: "star" })
      at += 1
    } else if (char === "?") {
      atoms.push({ kind: "any" })
      at += 1
    } else {
      const escaped = char === "\\" && at + 1 < part.length
      atoms.push({ kind: "byte", byte: escaped ? part.charAt(at + 1) : char })
      at += escaped ? 2 : 1
    }
  }
  return atoms
}

/** A `[` that nothing closes is itself, as in sh: null. */
function parseSet(part: ByteName, start: number, text: string): { readonly atom: Atom; readonly end: number } | null {
  const negated = /^[!^]/.test(part.slice(start + 1))
  const first = start + (negated ? 2 : 1)
  let bytes = ""
  for (let at = first; at < part.length;) {
    if (part.charAt(at) === "]" && at > first) return { atom: setAtom(bytes, negated, text), end: at + 1 }
    const named = /^\[:([a-z]+):\]/.exec(part.slice(at))
    if (named !== null) {
      bytes += classBytes(named[1] ?? "", text)
      at += named[0].length
      continue
    }
    const [from, next] = setByte(part, at)
    const isRange = part.charAt(next) === "-" && next + 1 < part.length && part.charAt(next + 1) !== "]"
    const [to, end] = isRange ? setByte(part, next + 1) : [from, next]
    bytes += range(from, to)
    at = end
  }
  return null
}

function setByte(part: ByteName, at: number): readonly [string, number] {
  const escaped = part.charAt(at) === "\\" && at + 1 < part.length
  return escaped ? [part.charAt(at + 1), at + 2] : [part.charAt(at), at + 1]
}

function setAtom(bytes: string, negated: boolean, text: string): Atom {
  // One byte of a letter outside of ASCII would match half of it.
  if (/[\u0080-\u{10ffff}]/u.test(bytes)) throw invalid(text, "Between [ and ] only ASCII can stand.")
  if (bytes === "") throw invalid(text, "Between [ and ] nothing is left that could match.")
  const unique = [...new Set(bytes)].sort().join("")
  return unique.length === 1 && !negated ? { kind: "byte", byte: unique } : { kind: "set", bytes: unique, negated }
}

const classes: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  digit: /[0-9]/,
  lower: /[a-z]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /\s/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
}

function classBytes(name: string, text: string): string {
  const members = classes[name]
  if (members === undefined) throw invalid(text, `There is no class [:${name}:].`)
  return range("\x01", "\x7f").replace(/[^]/g, (byte) => (members.test(byte) ? byte : ""))
}

function range(from: string, to: string): string {
  const [low, high] = [from.charCodeAt(0), to.charCodeAt(0)]
  return String.fromCharCode(...Array.from({ length: Math.max(0, high - low + 1) }, (_, index) => low + index))
}

/** Sets are written out: no range, class or `^` is left on which shells differ. */
function shellAtom(atom: Atom): string {
  if (atom.kind === "star") return "*"
  if (atom.kind === "any") return "?"
  if (atom.kind === "byte") return /[*?[\]\\]/.test(atom.byte) ? `\\${atom.byte}` : atom.byte
  const plain = atom.bytes.replace(/[\][!^\\/-]/g, "")
  const has = (byte: string): string => (atom.bytes.includes(byte) ? byte : "")
  const special = `${has("\\") && "\\\\"}${has("^")}${has("!")}${has("[")}${has("-")}`
  const body = `${has("]")}${plain}${special}`
  // `^` or `!` at the head would negate: they change places with what stands behind them.
  const head = !atom.negated && /^[!^]/.test(body) ? `\\${body}` : body
  return `[${atom.negated ? "!" : ""}${head}]`
}

function invalid(text: string, reason: string): UsageError {
  return new UsageError("GLOB_INVALID", {
    summary: `The pattern ${JSON.stringify(text)} can't be used.`,
    reason,
    advice: "Patterns are relative to the working directory and stay in it.",
  })
}
