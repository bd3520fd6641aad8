/** Reads a TypeScript file as far as the architecture tests need it: its code, its texts and its imports. */
import { posix } from "node:path"

export interface Source {
  /** From the root of the repository, with slashes: `src/job/spec.ts`. */
  readonly path: string
  readonly text: string
  /** As long as `text`; comments, regular expressions and the insides of strings are blank. */
  readonly code: string
  /** What the string and template literals hold. An interpolation reads `${}`. */
  readonly literals: readonly Literal[]
  readonly imports: readonly Import[]
}

interface Literal {
  readonly text: string
  readonly at: number
}

interface Import {
  /** A relative specifier is a path from the root, as `path` of a source; any other stands as it is written. */
  readonly to: string
  readonly at: number
}

export function readSource(path: string, text: string): Source {
  const { code, literals } = scan(text)
  const imports = literals
    .filter(({ at }) => /(?:\bfrom\s*|\bimport\s*\(?\s*)$/.test(code.slice(Math.max(0, at - 200), at)))
    .map(({ text: to, at }) => ({ to: to.startsWith(".") ? posix.join(posix.dirname(path), to) : to, at }))
  return { path, text, code, literals, imports }
}

/** Lines are counted from 1. */
export function lineAt(source: Source, at: number): number {
  return source.text.slice(0, at).split("\n").length
}

/** One pass over the characters. It knows comments, strings, nested templates and regular expressions, and no grammar. */
function scan(text: string): Pick<Source, "code" | "literals"> {
  const code = text.replace(/[^\n]/g, " ").split("")
  const literals: Literal[] = []
  let i = 0
  readCode()
  return { code: code.join(""), literals }

  /** Up to the brace that closes an interpolation, or the end. */
  function readCode(): void {
    let depth = 0
    while (i < text.length) {
      const char = text.charAt(i)
      if (text.startsWith("//", i)) skipTo(text.indexOf("\n", i))
      else if (text.startsWith("/*", i)) skipTo(text.indexOf("*/", i + 2) + 2, 2)
      else if (char === '"' || char === "'") readString(char)
      else if (char === "`") readTemplate()
      else if (char === "/" && startsRegExp(code.slice(Math.max(0, i - 80), i).join(""))) readRegExp()
      else if (char === "}" && depth === 0) return
      else {
        if (char === "{") depth += 1
        if (char === "}") depth -= 1
        keep()
      }
    }
  }

  function readString(quote: string): void {
    const at = i
    keep()
    const start = i
    while (i < text.length && text.charAt(i) !== quote && text.charAt(i) !== "\n") i += text.charAt(i) === "\\" ? 2 : 1
    literals.push({ text: text.slice(start, i), at })
    keep()
  }

  function readTemplate(): void {
    const at = i
    let content = ""
    keep()
    while (i < text.length && text.charAt(i) !== "`") {
      if (text.startsWith("${", i)) {
        content += "${}"
        i += 2
        readCode()
        i += 1
      } else {
        const length = text.charAt(i) === "\\" ? 2 : 1
        content += text.slice(i, i + length)
        i += length
      }
    }
    literals.push({ text: content, at })
    keep()
  }

  function readRegExp(): void {
    keep()
    for (let inClass = false; i < text.length && (inClass || text.charAt(i) !== "/"); i += 1) {
      const char = text.charAt(i)
      if (char === "\n") return
      if (char === "\\") i += 1
      else if (char === "[") inClass = true
      else if (char === "]") inClass = false
    }
    keep()
  }

  function keep(): void {
    if (i < text.length) code[i] = text.charAt(i)
    i += 1
  }

  function skipTo(end: number, closing = 0): void {
    i = end < closing || end < i ? text.length : end
  }
}

/** After a value a slash divides; anywhere else it opens a regular expression. */
function startsRegExp(before: string): boolean {
  const left = before.trimEnd()
  if (/\b(?:return|typeof|case|in|of|delete|void|throw|await|yield|instanceof|new|else|do)$/.test(left)) return true
  return left === "" || !/[\w$)\]"'`]$/.test(left)
}
