import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as fc from "fast-check"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { bytesOf } from "../../src/remote/filename.ts"
import { matchesGlob, parseGlob, shellPattern } from "../../src/remote/glob.ts"
import { type Shell, remoteFile, shells } from "../support/staging-shells.ts"

let folder: string
/** A folder with a thousand files, made once. */
let thousand: string
beforeAll(() => {
  thousand = mkdtempSync(join(tmpdir(), "hawser-glob-"))
  plant(thousand, Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`f${index}`, ""])))
})
afterAll(() => rmSync(thousand, { recursive: true, force: true }))
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-glob-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A path to what stands there: null for a folder, `-> x` for a link. */
type Tree = Readonly<Record<string, string | null>>

function plant(root: string, tree: Tree): void {
  mkdirSync(root, { recursive: true })
  for (const [path, what] of Object.entries(tree)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    if (what === null) mkdirSync(join(root, path), { recursive: true })
    else if (what.startsWith("-> ")) symlinkSync(what.slice(3), join(root, path))
    else writeFileSync(join(root, path), what)
  }
}

/** The paths in their order, and the exit code. */
function expand(shell: Shell, root: string, patterns: readonly string[]): { paths: string[]; status: number | null } {
  const [program, ...flags] = shell.argv
  const text = `. ${remoteFile("glob.sh")}; hz_each() { printf '%s\\0' "$1"; }; cd "$1" && shift && hz_expand "$@"`
  const { stdout, status } = spawnSync(program!, [...flags, "-c", text, "sh", root, ...patterns], { encoding: "utf8" })
  return { paths: stdout.split("\0").slice(0, -1), status }
}

/** What hz_expand is measured by: regular expressions, in the words of the contract. */
function model(tree: Tree, patterns: readonly string[]): string[] {
  const all = new Set<string>()
  const folders = new Set<string>()
  for (const [path, what] of Object.entries(tree)) {
    const parts = path.split("/")
    const above = parts.slice(0, -1).map((_part, index) => parts.slice(0, index + 1).join("/"))
    for (const each of above) folders.add(each)
    if (what === null) folders.add(path)
    for (const each of [...above, path]) all.add(each)
  }
  const expressions = patterns.map((pattern) => ({
    expression: expressionOf(pattern),
    open: /(^|\/)\*\*$/.test(pattern),
  }))
  const isMatch = (path: string): boolean => expressions.some(({ expression }) => expression.test(path))
  const isWhole = (path: string): boolean =>
    folders.has(path) && expressions.some(({ expression, open }) => !open && expression.test(path))
  return [...all].filter((path) => {
    const parts = path.split("/")
    const above = parts.slice(0, -1).map((_part, index) => parts.slice(0, index + 1).join("/"))
    return isMatch(path) || above.some(isWhole)
  })
}

function expressionOf(pattern: string): RegExp {
  const parts = pattern.split("/").map((part, index, { length }) => {
    if (part === "**") return index === length - 1 ? "[^./][^/]*(?:/[^./][^/]*)*" : "(?:[^./][^/]*/)*"
    const hidden = part.startsWith(".") ? "" : "(?!\\.)"
    const body = part.replace(/\\(.)|\*|\?|\[([!^]?)(\]?[^\]]*)\]|[^]/g, (piece, escaped, negated, set) => {
      if (escaped !== undefined) return literal(escaped)
      if (piece === "*") return "[^/]*"
      if (piece === "?") return "[^/]"
      if (set !== undefined) return `[${negated === "" ? "" : "^/"}${set.replace(/[\\\][^]/g, "\\$&")}]`
      return literal(piece)
    })
    return `${hidden}${body}${index === length - 1 ? "" : "/"}`
  })
  return new RegExp(`^${parts.join("")}$`, "s")
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")

// Names and patterns of few characters, so that they meet.
const name = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "ab",
    "a b",
    ".a",
    ".",
    "-a",
    "*",
    "?",
    "[a]",
    "a\nb",
    "\\",
    "a]",
    "!a",
    "^",
    "'",
    "..a",
    '"$a',
  ),
  fc.string({ unit: fc.constantFrom("a", "b", ".", "-", "*", "]", "\\", "!"), minLength: 1, maxLength: 3 }),
)
const goodName = name.filter((text) => text !== "." && text !== "..")
const path = fc.array(goodName, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"))
const tree: fc.Arbitrary<Tree> = fc
  .array(fc.tuple(path, fc.constantFrom("", null, "-> a", "-> ..", "-> nowhere")), { maxLength: 12 })
  .map((entries) => {
    const files: Record<string, string | null> = {}
    for (const [each, what] of entries) {
      const parts = each.split("/")
      const isBlocked = parts.some((_part, index) => {
        const above = parts.slice(0, index).join("/")
        return above in files && files[above] !== null
      })
      const holds = Object.keys(files).some((other) => other.startsWith(`${each}/`))
      if (!isBlocked && !holds && !(each in files)) files[each] = what
    }
    return files
  })
const quoted = goodName.map((text) => text.replace(/[\\*?[\]]/g, "\\$&"))
const part = fc.oneof(
  fc.constantFrom(
    "*",
    "**",
    "?",
    "a*",
    "*b",
    ".*",
    "[ab]",
    "[!a]",
    "[^a]*",
    "[]a]",
    "[a-b]?",
    "?*",
    "[-!]*",
    "[\\\\a]",
    "*[!b]",
    "[^!]",
    "[!^]",
  ),
  quoted,
)
const pattern = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"))

describe.each(shells)("under $name", (shell) => {
  test("hz_expand finds what the model finds, each path once, a folder before what it holds", () => {
    let count = 0
    fc.assert(
      fc.property(tree, fc.array(pattern, { minLength: 1, maxLength: 3 }), (files, patterns) => {
        count += 1
        const root = join(folder, String(count))
        plant(root, files)
        const { paths, status } = expand(
          shell,
          root,
          patterns.map((text) => shellPattern(parseGlob(text))),
        )
        expect([...paths].sort()).toEqual(model(files, patterns).sort())
        expect(status).toBe(0)
        for (const [index, each] of paths.entries()) {
          expect(paths.slice(0, index).some((earlier) => earlier.startsWith(`${each}/`))).toBe(false)
        }
        rmSync(root, { recursive: true, force: true })
      }),
      { numRuns: 40, seed: 7 },
    )
  })

  const files: Tree = {
    a: "",
    "d/b": "",
    "d/.h": "",
    ".d/x": "",
    "d/e/f": "",
    "-x": "",
    "out/l": "-> ../d",
    up: "-> ..",
  }

  test.each([
    ["*", ["a", "d", "d/.h", "d/b", "d/e", "d/e/f", "-x", "out", "out/l", "up"]],
    ["**", ["a", "d", "d/b", "d/e", "d/e/f", "-x", "out", "out/l", "up"]],
    [".", ["a", "d", "d/.h", "d/b", "d/e", "d/e/f", ".d", ".d/x", "-x", "out", "out/l", "up"]],
    ["**/b", ["d/b"]],
    ["./d//b", ["d/b"]],
    ["d/", ["d", "d/.h", "d/b", "d/e", "d/e/f"]],
    [".*", [".d", ".d/x"]],
    ["*/.h", ["d/.h"]],
    ["out/l/b", []],
    ["up/*", []],
    ["**/**/f", ["d/e/f"]],
    ["nothing", []],
    ["[", []],
  ])("%s matches %j", (text, paths) => {
    plant(join(folder, "w"), files)
    expect(expand(shell, join(folder, "w"), [shellPattern(parseGlob(text))]).paths.sort()).toEqual([...paths].sort())
  })

  test("what comes from several patterns comes once", () => {
    plant(join(folder, "w"), files)
    expect(expand(shell, join(folder, "w"), ["d/b", "d", "**", "d/*"]).paths.filter((each) => each === "d/b")).toEqual([
      "d/b",
    ])
  })

  test.each(["/etc/passwd", "../secret", "d/../../secret", "..", ""])(
    "the pattern %j is refused, the others count",
    (text) => {
      plant(folder, { secret: "", "w/a": "" })
      expect(expand(shell, join(folder, "w"), [text, "a"])).toEqual({ paths: ["a"], status: 1 })
    },
  )

  test("a folder with thousands of files is walked", () => {
    expect(expand(shell, thousand, ["*1", "**/*2"]).paths).toHaveLength(200)
  })
})

describe("a glob", () => {
  test("matches here what hz_expand matches there", () => {
    fc.assert(
      fc.property(pattern, path, (text, each) => {
        expect(matchesGlob(parseGlob(text), each)).toBe(expressionOf(text).test(each))
      }),
      { numRuns: 3000, seed: 7 },
    )
  })

  test("means the same after it was written for the shell", () => {
    fc.assert(
      fc.property(pattern, (text) => {
        const glob = parseGlob(text)
        expect(parseGlob(shellPattern(glob)).parts).toEqual(glob.parts)
      }),
      { numRuns: 1000, seed: 7 },
    )
  })

  test.each([
    ["[[:digit:]]x", "5x", true],
    ["[[:upper:]]", "a", false],
    ["é*", "é.out", true],
    ["a[", "a[", true],
    ["\\", "\\", true],
    ["[a", "[a", true],
    ["*.{a,b}", "x.a", false],
  ])("%s on %s: %s", (text, each, expected) => {
    expect(matchesGlob(parseGlob(text), bytesOf(each))).toBe(expected)
  })

  test.each(["", "/x", "../x", "a/../b", "..", "[é]", "[b-a]", "[[:nope:]]", "a\0"])("%j is refused", (text) => {
    expect(() => parseGlob(text)).toThrow(expect.objectContaining({ code: "GLOB_INVALID" }))
  })

  test("with many stars is not slow", () => {
    expect(matchesGlob(parseGlob(`${"*a".repeat(30)}b`), "a".repeat(2000))).toBe(false)
  })
})
