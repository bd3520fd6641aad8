/** A job's inputs on this side: what a walk over them finds, and what is wrong with them. */
import { constants } from "node:fs"
import { access, lstat, readdir, readlink, realpath, stat } from "node:fs/promises"
import { posix } from "node:path"
import type { Stats } from "node:fs"
import type { InputFile } from "../job/index.ts"
import { type ByteName, bytesOf, pathOf, relativePath, textOf } from "./filename.ts"

/** One thing to send. `name` is relative to the working directory; the empty name is the working directory itself. */
export type Found =
  | { readonly type: "file" | "directory"; readonly path: ByteName; readonly name: ByteName; readonly stats: Stats }
  | { readonly type: "symlink"; readonly path: ByteName; readonly name: ByteName; readonly target: ByteName }
  | { readonly type: "problem"; readonly problem: InputProblem }

interface InputProblem {
  /** The local path. */
  readonly path: string
  /** Why it can't be sent, in a few words. */
  readonly reason: string
}

/**
 * What keeps these inputs from being sent, as sentences; none when all is well. Reads names, not contents. The cause of
 * a job that fails here is `stage-in`.
 */
export async function checkInputs(spec: { readonly inputs: readonly InputFile[] }): Promise<string[]> {
  const problems: string[] = []
  const files = new Map<string, string>()
  for (const input of spec.inputs) {
    for await (const found of walkInput(input)) {
      if (found.type === "problem") problems.push(sentence(found.problem))
      if (found.type !== "file") continue
      const other = files.get(found.name)
      const path = textOf(found.path)
      if (other !== undefined)
        problems.push(sentence({ path, reason: `would replace ${other}: both have the same place` }))
      files.set(found.name, path)
      if (!(await readable(found.path))) problems.push(sentence({ path, reason: "is not readable" }))
    }
  }
  return problems
}

function sentence({ path, reason }: InputProblem): string {
  return `The input ${path} ${reason}.`
}

/** Everything that one input stands for, a folder before what it holds, in a fixed order. */
export async function* walkInput(input: InputFile): AsyncGenerator<Found> {
  const from = bytesOf(input.from)
  const to = relativePath(input.to)
  if (to === null) return yield problem(from, `goes to ${input.to}, which is outside of the working directory`)
  const root = await realpath(pathOf(from), "latin1").catch(() => from)
  yield* walk(from, bytesOf(to), { root, folders: [], follow: true })
}

interface Scope {
  /** The input's real path: links that stay below it are kept as links. */
  readonly root: ByteName
  /** The real paths of the folders above, to notice a circle of links. */
  readonly folders: readonly ByteName[]
  readonly follow: boolean
}

async function* walk(path: ByteName, name: ByteName, scope: Scope): AsyncGenerator<Found> {
  try {
    const stats = await (scope.follow ? stat : lstat)(pathOf(path))
    if (stats.isSymbolicLink()) return yield* walkLink(path, name, scope)
    if (stats.isDirectory()) return yield* walkFolder(path, name, stats, scope)
    // A file that goes to the working directory itself keeps its name.
    if (stats.isFile()) return yield { type: "file", path, name: name === "" ? posix.basename(path) : name, stats }
    yield problem(path, "is neither a file, a folder nor a link")
  } catch (error) {
    yield problem(path, reasonOf(error))
  }
}

async function* walkFolder(path: ByteName, name: ByteName, stats: Stats, scope: Scope): AsyncGenerator<Found> {
  const real = await realpath(pathOf(path), "latin1")
  if (scope.folders.includes(real)) return yield problem(path, "is a link to a folder that it stands in")
  yield { type: "directory", path, name, stats }
  const inside = { ...scope, folders: [...scope.folders, real], follow: false }
  const names = await readdir(pathOf(path), "latin1")
  for (const child of names.sort()) yield* walk(`${path}/${child}`, posix.join(name, child), inside)
}

/** A link that stays inside the input is sent as a link, any other as what it points to; a dead one as it is. */
async function* walkLink(path: ByteName, name: ByteName, scope: Scope): AsyncGenerator<Found> {
  const text = await readlink(pathOf(path), "latin1")
  const real = await realpath(pathOf(path), "latin1").catch(() => null)
  if (real === null) return yield { type: "symlink", path, name, target: text }
  if (!isInside(scope.root, real)) return yield* walk(path, name, { ...scope, follow: true })
  const folder = await realpath(pathOf(posix.dirname(path)), "latin1")
  const keepsText = !text.startsWith("/") && isInside(scope.root, posix.join(folder, text))
  yield { type: "symlink", path, name, target: keepsText ? text : posix.relative(folder, real) }
}

function isInside(root: ByteName, path: ByteName): boolean {
  return path === root || path.startsWith(root === "/" ? root : `${root}/`)
}

async function readable(path: ByteName): Promise<boolean> {
  return access(pathOf(path), constants.R_OK).then(
    () => true,
    () => false,
  )
}

function problem(path: ByteName, reason: string): Found {
  return { type: "problem", problem: { path: textOf(path), reason } }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  ENOTDIR: "does not exist",
  EACCES: "is not readable",
  EPERM: "is not readable",
  ELOOP: "is a circle of links",
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  return reasons[code] ?? (error instanceof Error ? error.message : String(error))
}
